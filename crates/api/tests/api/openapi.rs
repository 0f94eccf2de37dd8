//! The document: complete, and the same as the routes.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::app::{TestApi, anonymous};
use crate::contract::DOCUMENT;

fn operations() -> Vec<(String, String, &'static Value)> {
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    let mut all = Vec::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().expect("operations") {
            all.push((method.to_uppercase(), path.clone(), operation));
        }
    }
    all
}

fn text<'v>(value: &'v Value, what: &str, place: &str) -> &'v str {
    let text = value.as_str().unwrap_or_default();
    assert!(!text.trim().is_empty(), "{place}: no {what}");
    text
}

#[test]
fn every_operation_is_described() {
    let tags: BTreeSet<_> =
        DOCUMENT["tags"].as_array().expect("tags").iter().map(|tag| &tag["name"]).map(Value::to_string).collect();
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations() {
        let place = format!("{method} {path}");
        let id = text(&operation["operationId"], "operation id", &place);
        assert!(ids.insert(id), "{place}: {id} is taken");
        assert!(id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{place}: {id}");
        let summary = text(&operation["summary"], "summary", &place);
        assert!(!summary.ends_with('.') && summary.len() < 60, "{place}: {summary}");
        text(&operation["description"], "description", &place);
        for tag in operation["tags"].as_array().expect("tags") {
            assert!(tags.contains(&tag.to_string()), "{place}: tag {tag}");
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            text(&parameter["description"], &format!("description of {}", parameter["name"]), &place);
            assert!(!parameter["schema"].is_null(), "{place}: {}", parameter["name"]);
        }
        check_body(&operation["requestBody"], &place);
        let responses = operation["responses"].as_object().expect("responses");
        assert!(responses.keys().any(|status| status.starts_with('2')), "{place}: no success");
        for (status, response) in responses {
            text(&response["description"], &format!("description of {status}"), &place);
            check_body(response, &format!("{place} -> {status}"));
        }
        let wanted = if path.starts_with("/api/") { 2 } else { 0 };
        assert_eq!(operation["security"].as_array().map(Vec::len), Some(wanted), "{place}: security");
        check_codes(operation, &place);
    }
}

fn check_body(body: &Value, place: &str) {
    for (kind, content) in body["content"].as_object().into_iter().flatten() {
        let has_example =
            !content["example"].is_null() || content["examples"].as_object().is_some_and(|all| !all.is_empty());
        assert!(has_example, "{place}: no example for {kind}");
    }
}

/// Each error code of an operation has its response with an example.
fn check_codes(operation: &Value, place: &str) {
    let codes = operation["x-error-codes"].as_array().expect("codes");
    assert!(!codes.is_empty(), "{place}");
    for code in codes {
        let code = code.as_str().expect("a code");
        let entry = millrace_api::CATALOGUE.iter().find(|entry| entry.code == code);
        let entry = entry.unwrap_or_else(|| panic!("{place}: {code} is not in the catalogue"));
        let status = millrace_api::status(entry.kind).as_u16().to_string();
        let examples = &operation["responses"][&status]["content"]["application/problem+json"]["examples"];
        assert_eq!(examples[code]["$ref"], format!("#/components/examples/{code}"), "{place}");
        let example = &DOCUMENT["components"]["examples"][code]["value"];
        assert_eq!((&example["code"], example["status"].to_string()), (&Value::from(code), status), "{place}");
    }
}

#[test]
fn examples_fit_their_schemas() {
    for (method, path, operation) in operations() {
        let responses = operation["responses"].as_object().expect("responses").values();
        for body in responses.chain([&operation["requestBody"]]) {
            let Some(content) = body["content"].get("application/json") else { continue };
            let mut schema = content["schema"].clone();
            schema["components"] = DOCUMENT["components"].clone();
            let validator = jsonschema::draft202012::new(&schema).expect("a schema");
            let errors: Vec<_> = validator.iter_errors(&content["example"]).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{method} {path}: {errors:?}");
        }
    }
}

#[test]
fn every_object_of_the_document_describes_its_fields() {
    for (name, schema) in DOCUMENT["components"]["schemas"].as_object().expect("schemas") {
        for (field, property) in schema["properties"].as_object().into_iter().flatten() {
            let described = property["description"].is_string()
                || property["oneOf"].as_array().into_iter().flatten().any(|one| one["description"].is_string());
            assert!(described, "{name}.{field} has no description");
        }
    }
}

/// Each operation of the document is served: strangers get 401, nobody gets "no such path".
#[actix_web::test]
async fn every_operation_is_a_route() {
    let api = TestApi::new().await;
    for (method, path, _) in operations() {
        let path = path.split('/').map(|part| if part.starts_with('{') { "1" } else { part });
        let path = path.collect::<Vec<_>>().join("/");
        let reply = api.send(anonymous(&method, &path)).await;
        let expected = match path {
            ref path if path.starts_with("/api/") => 401,
            // Without credentials, but not without a body.
            ref path if path.starts_with("/callbacks/") => 400,
            _ => 200,
        };
        assert_eq!(reply.status.as_u16(), expected, "{method} {path}");
    }
    let caller = api.caller("a").await;
    for (method, path, _) in operations() {
        let path = path.split('/').map(|part| if part.starts_with('{') { "987654" } else { part });
        let path = path.collect::<Vec<_>>().join("/");
        let reply = api.send(caller.request(&method, &path)).await;
        assert!(
            !["route_not_found", "method_not_allowed"].contains(&reply.json()["code"].as_str().unwrap_or_default()),
            "{method} {path}"
        );
    }
}

/// Each handler in the source is registered, and so documented: an attribute without its operation would be dead code.
#[test]
fn every_route_is_an_operation() {
    let mut routes = BTreeSet::new();
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/routes")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
                continue;
            }
            let source = std::fs::read_to_string(entry.path()).expect("a source file");
            for line in source.lines() {
                let Some((method, rest)) = line.strip_prefix("#[").and_then(|line| line.split_once("(\"/")) else {
                    continue;
                };
                let path = rest.split('"').next().unwrap_or_default();
                routes.insert(format!("{} /{path}", method.to_uppercase()));
            }
            assert!(!source.contains(".route(\""), "a route that is not documented: {}", entry.path().display());
        }
    }
    let documented: BTreeSet<_> =
        operations().into_iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    assert_eq!(routes, documented);
}

#[test]
fn the_yaml_is_the_same_every_time() {
    let first = millrace_api::openapi_yaml().expect("YAML");
    assert_eq!(first, millrace_api::openapi_yaml().expect("YAML"));
    assert!(first.starts_with("openapi: 3.1.0"), "{}", first.lines().next().unwrap_or_default());
    assert!(first.contains("operationId: upload_and_submit"));
}
