//! A fake of MinerU's own server (`mineru-api` 3.4.4): the same paths, forms, statuses and traps.
//!
//! Tasks move on by being asked after: so many questions are answered `pending`, then so many `processing`. They live in
//! memory and are gone after [`restart`](FakeMineru::restart). Unknown fields of forms are ignored without a word.

#![expect(clippy::result_large_err, reason = "an error here is the answer that is sent")]

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use actix_multipart::Multipart;
use actix_web::web::{self, Data, Path};
use actix_web::{HttpResponse, Responder};
use anyhow::Result;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::mineru_output::{content_list, markdown, middle};
use super::paper::{Paper, suffix};
use super::server::{Form, Running, detail, form_of};

const BACKENDS: [&str; 7] = [
    "pipeline",
    "vlm-engine",
    "hybrid-engine",
    "vlm-http-client",
    "hybrid-http-client",
    "vlm-auto-engine",
    "hybrid-auto-engine",
];

/// How the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MineruConditions {
    /// Whether it is older than 3.0.0: no tasks, no protocol version.
    pub is_old: bool,
    /// Questions answered `pending`, then `processing`, before a task is done.
    pub pending: u32,
    /// The latter.
    pub processing: u32,
    /// Next requests that are answered 503 with `Retry-After: 0`, health aside.
    pub busy: u32,
    /// Restart when so many questions have been answered, once.
    pub restart_after: Option<u32>,
    /// Restart whenever it is asked after a task.
    pub always_restarts: bool,
}

impl Default for MineruConditions {
    fn default() -> Self {
        Self { is_old: false, pending: 1, processing: 1, busy: 0, restart_after: None, always_restarts: false }
    }
}

#[derive(Debug, Default)]
struct State {
    conditions: MineruConditions,
    tasks: HashMap<String, Task>,
    submitted: u32,
    asked: u32,
    languages: Vec<String>,
}

#[derive(Debug, Clone)]
struct Task {
    form: Form,
    paper: Paper,
    asked: u32,
}

/// A running fake.
#[derive(Debug)]
pub struct FakeMineru {
    running: Running,
    state: Arc<Mutex<State>>,
    news: watch::Sender<()>,
}

impl FakeMineru {
    /// Starts one.
    ///
    /// # Errors
    /// When the system gives no port.
    pub fn start(conditions: MineruConditions) -> Result<Self> {
        let state = Arc::new(Mutex::new(State { conditions, ..State::default() }));
        let data = Data::from(Arc::clone(&state));
        let news = watch::Sender::new(());
        let told = Data::new(news.clone());
        let running = Running::start(|_base| {
            move |config: &mut web::ServiceConfig| {
                config
                    .app_data(data.clone())
                    .app_data(told.clone())
                    .route("/health", web::get().to(health))
                    .route("/tasks", web::post().to(submit))
                    .route("/tasks/{id}", web::get().to(status))
                    .route("/tasks/{id}/result", web::get().to(result))
                    .route("/file_parse", web::post().to(file_parse));
            }
        })?;
        Ok(Self { running, state, news })
    }

    /// Its address.
    pub fn base(&self) -> &str {
        &self.running.base
    }

    /// Forgets all tasks, as a restart does.
    pub fn restart(&self) {
        self.state.lock().tasks.clear();
    }

    /// Files that were sent to it.
    pub fn submitted(&self) -> u32 {
        self.state.lock().submitted
    }

    /// How often it was asked after a file, counted from 0 in the order of their coming.
    pub fn questions(&self, file: u32) -> u32 {
        self.state.lock().tasks.get(&task_id(file + 1)).map_or(0, |task| task.asked)
    }

    /// Returns when it was asked after a file so many times.
    pub async fn wait_for_questions(&self, file: u32, count: u32) {
        let mut asked = self.news.subscribe();
        // The sender lives in `self`, so this cannot fail.
        let _ = asked.wait_for(|_| self.questions(file) >= count).await;
    }

    /// Languages of the files that were sent to it.
    pub fn languages(&self) -> Vec<String> {
        self.state.lock().languages.clone()
    }
}

fn busy(state: &mut State) -> Option<HttpResponse> {
    if state.conditions.busy == 0 {
        return None;
    }
    state.conditions.busy -= 1;
    Some(HttpResponse::ServiceUnavailable().insert_header(("Retry-After", "0")).json(detail("Server is busy")))
}

async fn health(state: Data<Mutex<State>>) -> impl Responder {
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

async fn submit(state: Data<Mutex<State>>, body: Multipart) -> impl Responder {
    let form = Form::read(body).await;
    let mut state = state.lock();
    if state.conditions.is_old {
        return HttpResponse::NotFound().json(detail("Not Found"));
    }
    if let Some(busy) = busy(&mut state) {
        return busy;
    }
    let form = match form_of(form) {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    let paper = match checked(&form) {
        Ok(paper) => paper,
        Err(refusal) => return refusal,
    };
    state.submitted += 1;
    state.languages.extend(form.all("lang_list").iter().cloned());
    let id = task_id(state.submitted);
    let task = Task { form, paper, asked: 0 };
    let body = task.told("pending", &id);
    state.tasks.insert(id, task);
    HttpResponse::Accepted().json(body)
}

fn task_id(number: u32) -> String {
    format!("5e7a61de-0000-4000-8000-{number:012}")
}

impl Task {
    fn stage(&self, conditions: &MineruConditions) -> &'static str {
        let MineruConditions { pending, processing, .. } = conditions;
        match self.asked {
            _ if self.paper.wants("hang") => "processing",
            asked if asked <= *pending => "pending",
            asked if asked <= pending + processing => "processing",
            _ if self.paper.wants("fail") => "failed",
            _ => "completed",
        }
    }

    fn told(&self, status: &str, id: &str) -> Value {
        json!({
            "task_id": id, "status": status, "backend": self.form.get("backend").unwrap_or("hybrid-engine"),
            "file_names": [self.stem()], "created_at": "2026-11-01T00:00:00Z", "started_at": null, "completed_at": null,
            "error": (status == "failed").then_some("list index out of range"),
            "status_url": format!("/tasks/{id}"), "result_url": format!("/tasks/{id}/result"), "queued_ahead": 0,
            "message": "Task submitted successfully",
        })
    }

    /// The stem as the server normalises it: not what was sent.
    fn stem(&self) -> String {
        let name = self.form.files.first().map_or("", |(name, _)| name.as_str());
        format!("{}_1", name.rsplit_once('.').map_or(name, |(stem, _)| stem).replace([' ', '.'], "_").to_lowercase())
    }

    /// Only what was asked for is there, and JSON is in strings.
    fn results(&self) -> Value {
        let backend = self.form.get("backend").unwrap_or("hybrid-engine");
        let number =
            |name: &str, default: u32| self.form.get(name).and_then(|text| text.parse().ok()).unwrap_or(default);
        let (start, end) = (number("start_page_id", 0), number("end_page_id", 99_999));
        // From 0, both ends included; what is cut out is counted anew.
        let pages: Vec<u32> = (1..=self.paper.pages).filter(|page| (start..=end).contains(&(page - 1))).collect();
        let mut entry = BTreeMap::new();
        if self.form.flag("return_md", true) {
            entry.insert("md_content", json!(markdown(&pages)));
        }
        if self.form.flag("return_content_list", false) {
            entry.insert("content_list", json!(content_list(&pages).to_string()));
        }
        if self.form.flag("return_middle_json", false) {
            entry.insert("middle_json", json!(middle(pages.len(), backend).to_string()));
        }
        if self.form.flag("return_images", false) {
            entry.insert("images", json!({"t.jpg": "data:image/jpeg;base64,AAAA"}));
        }
        let mut results = serde_json::Map::new();
        results.insert(self.stem(), json!(entry));
        json!({"backend": backend, "version": "3.4.4", "results": results})
    }
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

async fn status(state: Data<Mutex<State>>, news: Data<watch::Sender<()>>, id: Path<String>) -> impl Responder {
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

async fn result(state: Data<Mutex<State>>, id: Path<String>) -> impl Responder {
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

async fn file_parse(state: Data<Mutex<State>>, body: Multipart) -> impl Responder {
    let form = Form::read(body).await;
    let mut state = state.lock();
    if let Some(busy) = busy(&mut state) {
        return busy;
    }
    let form = match form_of(form) {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    let paper = match checked(&form) {
        Ok(paper) => paper,
        Err(refusal) => return refusal,
    };
    state.submitted += 1;
    let task = Task { form, paper, asked: 0 };
    let told = task.told(if task.paper.wants("fail") { "failed" } else { "completed" }, "5e7a61de");
    if task.paper.wants("fail") {
        return HttpResponse::Conflict().json(told);
    }
    let mut body = task.results();
    if let (Value::Object(body), Value::Object(told), false) = (&mut body, told, state.conditions.is_old) {
        body.extend(told);
    }
    HttpResponse::Ok().json(body)
}
