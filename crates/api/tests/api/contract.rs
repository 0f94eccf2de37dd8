//! What every answer must keep: the promises of the OpenAPI document.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use actix_web::dev::ResourceDef;
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::reply::Reply;

pub static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(millrace_api::openapi()).expect("the document"));

static VALIDATORS: LazyLock<Mutex<HashMap<String, std::sync::Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// The operation that a request goes to, with the pattern of its path.
pub fn operation(method: &str, path: &str) -> Option<(String, &'static Value)> {
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    let method = method.to_lowercase();
    // A pattern without parameters wins, as `batch` does over `{task_id}`.
    let mut patterns: Vec<_> =
        paths.keys().filter(|pattern| ResourceDef::new(pattern.as_str()).is_match(path)).collect();
    patterns.sort_by_key(|pattern| pattern.matches('{').count());
    let found = patterns.into_iter().find(|pattern| paths[*pattern].get(&method).is_some())?;
    Some((found.clone(), &paths[found][&method]))
}

/// Checks an answer.
#[track_caller]
pub fn check(method: &str, path: &str, reply: &Reply) {
    let status = reply.status.as_u16();
    let place = format!("{method} {path} -> {status} {}", String::from_utf8_lossy(&reply.body));
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{place}");
    assert!(reply.header("x-request-id").is_some_and(|id| !id.is_empty()), "{place}");
    // HEAD is the GET of its path without the content.
    let is_head = method == "HEAD";
    if is_head {
        assert!(reply.body.is_empty(), "{place}");
    } else if status >= 400 {
        check_problem(reply, &place);
    }
    let Some((_, operation)) = operation(if is_head { "GET" } else { method }, path) else {
        assert!(matches!(status, 401 | 403 | 404 | 405), "{place}");
        return;
    };
    let documented = &operation["responses"][status.to_string()];
    assert!(!documented.is_null(), "not documented: {place}");
    if is_head {
        return;
    }
    if status >= 400 {
        let code = &reply.json()["code"];
        let codes = operation["x-error-codes"].as_array().expect("codes");
        assert!(codes.contains(code), "code {code} is not documented: {place}");
    }
    let Some(contents) = documented["content"].as_object() else {
        assert!(reply.body.is_empty(), "a body that is not documented: {place}");
        return;
    };
    let kind = reply.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default();
    // A problem's schema was looked at above.
    if status >= 400 {
        return;
    }
    let content = contents.get(kind).unwrap_or_else(|| panic!("another type than documented: {kind}, {place}"));
    if kind == "application/json" {
        check_schema(&content["schema"], &reply.json(), &place);
    }
}

#[track_caller]
fn check_problem(reply: &Reply, place: &str) {
    assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{place}");
    let body = reply.json();
    assert_eq!(body["status"], reply.status.as_u16(), "{place}");
    assert_eq!(body["request_id"].as_str(), reply.header("x-request-id"), "{place}");
    check_schema(&json!({"$ref": "#/components/schemas/Problem"}), &body, place);
}

#[track_caller]
fn check_schema(schema: &Value, body: &Value, place: &str) {
    let validator = {
        let mut validators = VALIDATORS.lock().expect("no panic before");
        let entry = validators.entry(schema.to_string()).or_insert_with(|| {
            let mut schema = schema.clone();
            schema["components"] = DOCUMENT["components"].clone();
            std::sync::Arc::new(jsonschema::draft202012::new(&schema).expect("a schema"))
        });
        std::sync::Arc::clone(entry)
    };
    let errors: Vec<_> =
        validator.iter_errors(body).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{place}\ndoes not fit its schema: {errors:#?}");
}
