//! The API: submissions, and questions after them.

#![expect(clippy::result_large_err, reason = "an error here is the answer that is sent")]

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse, Responder};
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::State;
use super::task::{Task, task_id};

fn fine(data: &Value) -> HttpResponse {
    HttpResponse::Ok().json(json!({"code": 0, "msg": "ok", "trace_id": "c876cd60", "data": data}))
}

/// The API answers errors with status 200.
fn error(code: i64, message: &str) -> HttpResponse {
    HttpResponse::Ok().json(json!({"code": code, "msg": message, "trace_id": "c876cd60", "data": null}))
}

/// What stands before the API.
fn gateway(state: &mut State, request: &HttpRequest) -> Option<HttpResponse> {
    let header = request.headers().get("Authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if header != format!("Bearer {}", state.conditions.token) {
        let body = json!({"success": false, "msgCode": "A0202", "msg": "user authentication failed"});
        return Some(HttpResponse::Unauthorized().json(body));
    }
    if state.conditions.limited > 0 {
        state.conditions.limited -= 1;
        return Some(HttpResponse::TooManyRequests().insert_header(("Retry-After", "0")).finish());
    }
    None
}

fn submitted(state: &mut State, body: &Value) -> Result<String, HttpResponse> {
    if state.conditions.full > 0 {
        state.conditions.full -= 1;
        return Err(error(-60009, "task submission queue is full"));
    }
    // The documentation: "required when callback is used", and at most 64 characters.
    let has_seed = body["seed"].as_str().is_some_and(|seed| (1..=64).contains(&seed.len()));
    if body["callback"].is_string() && !has_seed {
        return Err(error(-500, "seed is required with callback"));
    }
    state.submitted += 1;
    state.requests.push(body.clone());
    Ok(task_id(state.submitted))
}

pub(super) async fn upload_addresses(
    state: Data<Mutex<State>>,
    request: HttpRequest,
    body: Json<Value>,
) -> impl Responder {
    let mut state = state.lock();
    if let Some(refusal) = gateway(&mut state, &request) {
        return refusal;
    }
    let files = body["files"].as_array().cloned().unwrap_or_default();
    let [file] = files.as_slice() else { return error(-500, "one file at a time will do for this fake") };
    let name = file["name"].as_str().unwrap_or_default();
    let known = ["pdf", "doc", "docx", "ppt", "pptx", "png", "jpg", "jpeg", "html"];
    if !name.rsplit_once('.').is_some_and(|(_, extension)| known.contains(&extension)) {
        return error(-60002, "file format is not supported");
    }
    let id = match submitted(&mut state, &body) {
        Ok(id) => id,
        Err(refusal) => return refusal,
    };
    let mut options = body.0.clone();
    // What is said of a file wins over what is said of all.
    if let (Some(options), Some(file)) = (options.as_object_mut(), file.as_object()) {
        options.extend(file.clone());
    }
    state.tasks.insert(id.clone(), Task { bytes: None, options, asked: 0, is_done: false });
    let url = format!("{}/upload/{id}?Expires=1799999999&Signature=abc%2Bdef%3D", state.base);
    fine(&json!({"batch_id": id, "file_urls": [url]}))
}

pub(super) async fn submit_address(
    state: Data<Mutex<State>>,
    request: HttpRequest,
    body: Json<Value>,
) -> impl Responder {
    let mut state = state.lock();
    if let Some(refusal) = gateway(&mut state, &request) {
        return refusal;
    }
    let url = body["url"].as_str().unwrap_or_default();
    let bytes = url.rsplit_once("/public/").and_then(|(_, name)| state.public.get(name).cloned());
    let Some(bytes) = bytes else { return error(-60003, "file read failed") };
    let id = match submitted(&mut state, &body) {
        Ok(id) => id,
        Err(refusal) => return refusal,
    };
    state.tasks.insert(id.clone(), Task { bytes: Some(bytes), options: body.0.clone(), asked: 0, is_done: false });
    fine(&json!({"task_id": id}))
}

/// Counts a question; gives the task.
fn asked(state: &mut State, id: &str) -> Option<Task> {
    state.asked += 1;
    if state.conditions.forget_after == Some(state.asked) {
        state.tasks.clear();
    }
    let task = state.tasks.get_mut(id)?;
    task.asked += u32::from(task.bytes.is_some());
    Some(task.clone())
}

pub(super) async fn task(state: Data<Mutex<State>>, request: HttpRequest, id: Path<String>) -> impl Responder {
    let mut state = state.lock();
    if let Some(refusal) = gateway(&mut state, &request) {
        return refusal;
    }
    match asked(&mut state, &id) {
        Some(task) => fine(&task.told(&state, &id)),
        None => error(-60012, "task not found or expired"),
    }
}

pub(super) async fn batch(state: Data<Mutex<State>>, request: HttpRequest, id: Path<String>) -> impl Responder {
    let mut state = state.lock();
    if let Some(refusal) = gateway(&mut state, &request) {
        return refusal;
    }
    match asked(&mut state, &id) {
        Some(task) => fine(&json!({"batch_id": id.as_str(), "extract_result": [task.told(&state, &id)]})),
        None => error(-60012, "task not found or expired"),
    }
}
