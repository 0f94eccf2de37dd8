//! What every answer must keep: the promises of the OpenAPI document.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use actix_web::dev::ResourceDef;
use jsonschema::Validator;
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::client::Reply;

/// The document, as JSON.
pub static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(millrace_api::openapi()).unwrap_or_default());

static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// Every operation: method in upper case, pattern of the path, description.
pub fn operations() -> Vec<(String, String, &'static Value)> {
    let mut all = Vec::new();
    for (path, item) in DOCUMENT["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            all.push((method.to_uppercase(), path.clone(), operation));
        }
    }
    all
}

/// The operation that a request goes to.
pub fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let mut found: Vec<_> = operations()
        .into_iter()
        .filter(|(known, pattern, _)| known == method && ResourceDef::new(pattern.as_str()).is_match(path))
        .collect();
    // A pattern without parameters wins, as `batch` does over `{task_id}`.
    found.sort_by_key(|(_, pattern, _)| pattern.matches('{').count());
    found.first().map(|(_, _, operation)| *operation)
}

/// Checks an answer: the status is documented for the operation, the body fits its schema, and everything from 400 up is
/// a problem with a documented code.
///
/// # Panics
/// When the answer does not keep a promise.
#[track_caller]
pub fn check(method: &str, path: &str, reply: &Reply) {
    let status = reply.status;
    let place = format!("{method} {path} -> {status} {}", reply.excerpt());
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{place}");
    assert!(reply.header("x-request-id").is_some_and(|id| !id.is_empty()), "{place}");
    // HEAD is the GET of its path without the content.
    let is_head = method == "HEAD";
    if is_head {
        assert!(reply.body.is_empty(), "{place}");
    } else if status >= 400 {
        check_problem(reply, &place);
    }
    let Some(operation) = operation(if is_head { "GET" } else { method }, path) else {
        assert!(matches!(status, 401 | 403 | 404 | 405), "{place}");
        return;
    };
    let documented = &operation["responses"][status.to_string()];
    assert!(!documented.is_null(), "a status that is not documented: {place}");
    if is_head {
        return;
    }
    if status >= 400 {
        let code = &reply.json()["code"];
        let codes = operation["x-error-codes"].as_array();
        assert!(codes.is_some_and(|codes| codes.contains(code)), "code {code} is not documented: {place}");
        return;
    }
    let Some(contents) = documented["content"].as_object() else {
        assert!(reply.body.is_empty(), "a body that is not documented: {place}");
        return;
    };
    let sent = reply.header("content-type").unwrap_or_default();
    let kind = sent.split(';').next().unwrap_or_default();
    let Some(content) = contents.get(kind) else { panic!("another type than documented: {sent}, {place}") };
    if kind == "application/json" {
        check_schema(&content["schema"], &reply.json(), &place);
    }
}

#[track_caller]
fn check_problem(reply: &Reply, place: &str) {
    assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{place}");
    let body = reply.json();
    assert_eq!(body["status"], reply.status, "{place}");
    assert_eq!(body["request_id"].as_str(), reply.header("x-request-id"), "{place}");
    check_schema(&json!({"$ref": "#/components/schemas/Problem"}), &body, place);
}

#[track_caller]
fn check_schema(schema: &Value, body: &Value, place: &str) {
    let validator = validator(schema);
    let errors: Vec<_> =
        validator.iter_errors(body).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{place}\ndoes not fit its schema: {errors:#?}");
}

fn validator(schema: &Value) -> Arc<Validator> {
    let mut validators = VALIDATORS.lock();
    let entry = validators.entry(schema.to_string()).or_insert_with(|| {
        let mut schema = schema.clone();
        // References point into the document.
        schema["components"] = DOCUMENT["components"].clone();
        match jsonschema::draft202012::new(&schema) {
            Ok(validator) => Arc::new(validator),
            Err(error) => panic!("the document has a schema that is none: {error}"),
        }
    });
    Arc::clone(entry)
}
