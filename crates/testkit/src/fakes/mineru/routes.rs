//! The requests that the server answers.

#![expect(clippy::result_large_err, reason = "an error here is the answer that is sent")]

use actix_multipart::{Multipart, MultipartError};
use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, Responder};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::State;
use super::task::{Task, task_id};
use crate::fakes::paper::{Paper, suffix};
use crate::fakes::server::{Form, detail, form_of};

const BACKENDS: [&str; 7] = [
    "pipeline",
    "vlm-engine",
    "hybrid-engine",
    "vlm-http-client",
    "hybrid-http-client",
    "vlm-auto-engine",
    "hybrid-auto-engine",
];

fn busy(state: &mut State) -> Option<HttpResponse> {
    if state.conditions.busy == 0 {
        return None;
    }
    state.conditions.busy -= 1;
    Some(HttpResponse::ServiceUnavailable().insert_header(("Retry-After", "0")).json(detail("Server is busy")))
}

pub(super) async fn health(state: Data<Mutex<State>>) -> impl Responder {
    let state = state.lock();
    if state.conditions.is_old {
        return HttpResponse::NotFound().json(detail("Not Found"));
    }
    HttpResponse::Ok().json(json!({
        "status": "healthy", "version": "3.4.4", "protocol_version": 2, "queued_tasks": 0,
        "processing_tasks": state.tasks.len(), "completed_tasks": 0, "failed_tasks": 0, "max_concurrent_requests": 3,
        "processing_window_size": 64, "task_retention_seconds": 86400,
    }))
}

/// What is wrong with a form, as the server says it.
fn checked(form: &Form) -> Result<Paper, HttpResponse> {
    let Some((_, bytes)) = form.files.first() else {
        return Err(HttpResponse::UnprocessableEntity()
            .json(json!({"detail": [{"loc": ["body", "files"], "msg": "Field required"}]})));
    };
    let refuse = |text: String| Err(HttpResponse::BadRequest().json(detail(&text)));
    if suffix(bytes).is_none() {
        return refuse("Unsupported file type".to_owned());
    }
    let backend = form.get("backend").unwrap_or("hybrid-engine");
    if !BACKENDS.contains(&backend) {
        return refuse(format!("Unsupported backend: {backend}"));
    }
    if !["auto", "txt", "ocr"].contains(&form.get("parse_method").unwrap_or("auto")) {
        return refuse("Unsupported parse_method".to_owned());
    }
    Ok(Paper::of(bytes))
}

/// A file that was sent, as a task that nobody has asked after; or the refusal.
fn accepted(state: &mut State, form: Result<Form, MultipartError>) -> Result<Task, HttpResponse> {
    if let Some(busy) = busy(state) {
        return Err(busy);
    }
    let form = form_of(form)?;
    let paper = checked(&form)?;
    state.submitted += 1;
    state.languages.extend(form.all("lang_list").iter().cloned());
    Ok(Task { form, paper, asked: 0 })
}

pub(super) async fn submit(state: Data<Mutex<State>>, body: Multipart) -> impl Responder {
    let form = Form::read(body).await;
    let mut state = state.lock();
    if state.conditions.is_old {
        return HttpResponse::NotFound().json(detail("Not Found"));
    }
    let task = match accepted(&mut state, form) {
        Ok(task) => task,
        Err(refusal) => return refusal,
    };
    let id = task_id(state.submitted);
    let body = task.told("pending", &id);
    state.tasks.insert(id, task);
    HttpResponse::Accepted().json(body)
}

/// Counts a question, and restarts when it is time.
fn asked(state: &mut State, id: &str) {
    state.asked += 1;
    if state.conditions.always_restarts || state.conditions.restart_after == Some(state.asked) {
        state.tasks.clear();
    }
    if let Some(task) = state.tasks.get_mut(id) {
        task.asked += 1;
    }
}

pub(super) async fn status(
    state: Data<Mutex<State>>,
    news: Data<watch::Sender<()>>,
    id: Path<String>,
) -> impl Responder {
    let mut state = state.lock();
    if let Some(busy) = busy(&mut state) {
        return busy;
    }
    asked(&mut state, &id);
    news.send_replace(());
    match state.tasks.get(id.as_str()) {
        Some(task) => HttpResponse::Ok().json(task.told(task.stage(&state.conditions), &id)),
        None => HttpResponse::NotFound().json(detail("Task not found")),
    }
}

pub(super) async fn result(state: Data<Mutex<State>>, id: Path<String>) -> impl Responder {
    let state = state.lock();
    let Some(task) = state.tasks.get(id.as_str()) else {
        return HttpResponse::NotFound().json(detail("Task not found"));
    };
    match task.stage(&state.conditions) {
        "completed" => HttpResponse::Ok().json(task.results()),
        "failed" => HttpResponse::Conflict().json(task.told("failed", &id)),
        stage => HttpResponse::Accepted().json(task.told(stage, &id)),
    }
}

pub(super) async fn file_parse(state: Data<Mutex<State>>, body: Multipart) -> impl Responder {
    let form = Form::read(body).await;
    let mut state = state.lock();
    let task = match accepted(&mut state, form) {
        Ok(task) => task,
        Err(refusal) => return refusal,
    };
    let has_failed = task.paper.wants("fail");
    let told = task.told(if has_failed { "failed" } else { "completed" }, "5e7a61de");
    if has_failed {
        return HttpResponse::Conflict().json(told);
    }
    let mut body = task.results();
    if let (Value::Object(body), Value::Object(told), false) = (&mut body, told, state.conditions.is_old) {
        body.extend(told);
    }
    HttpResponse::Ok().json(body)
}
