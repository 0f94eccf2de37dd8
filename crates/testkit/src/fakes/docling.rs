//! A fake of docling-serve 1.31: the same paths, forms, statuses and traps.
//!
//! Tasks move on by being asked after. A result can be fetched once. Without `target_type=inbody` it is somewhere else,
//! and without `do_pdf_heading_hierarchy` every heading is of level 1.

#![expect(clippy::result_large_err, reason = "an error here is the answer that is sent")]

use std::collections::HashMap;
use std::sync::Arc;

use actix_multipart::Multipart;
use actix_web::web::{self, Data, Path};
use actix_web::{HttpRequest, HttpResponse, Responder};
use anyhow::Result;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::paper::{HEIGHT, Paper, WIDTH, heading, suffix, text};
use super::server::{Form, Running, detail, form_of};

/// How the server is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DoclingConditions {
    /// The key that it wants, if any.
    pub key: Option<String>,
    /// Questions answered `pending`, and as many `started`, before a task is done.
    pub slow: u32,
    /// Next requests that are answered 503 with `Retry-After: 0`.
    pub busy: u32,
    /// Forget all tasks when so many questions have been answered, once.
    pub restart_after: Option<u32>,
    /// Next results that are lost on their way: fetched, and gone.
    pub lost_results: u32,
}

#[derive(Debug, Default)]
struct State {
    conditions: DoclingConditions,
    tasks: HashMap<String, Task>,
    submitted: u32,
    asked: u32,
    /// Of each file: the engine of recognition and its languages.
    recognition: Vec<(Option<String>, Vec<String>)>,
}

#[derive(Debug, Clone)]
struct Task {
    form: Form,
    paper: Paper,
    asked: u32,
}

/// A running fake.
#[derive(Debug)]
pub struct FakeDocling {
    running: Running,
    state: Arc<Mutex<State>>,
}

impl FakeDocling {
    /// Starts one.
    ///
    /// # Errors
    /// When the system gives no port.
    pub fn start(conditions: DoclingConditions) -> Result<Self> {
        let state = Arc::new(Mutex::new(State { conditions, ..State::default() }));
        let data = Data::from(Arc::clone(&state));
        let running = Running::start(|_base| {
            move |config: &mut web::ServiceConfig| {
                config
                    .app_data(data.clone())
                    .route("/version", web::get().to(version))
                    .route("/v1/convert/file/async", web::post().to(submit))
                    .route("/v1/status/poll/{id}", web::get().to(poll))
                    .route("/v1/result/{id}", web::get().to(result));
            }
        })?;
        Ok(Self { running, state })
    }

    /// Its address.
    pub fn base(&self) -> &str {
        &self.running.base
    }

    /// Files that were sent to it.
    pub fn submitted(&self) -> u32 {
        self.state.lock().submitted
    }

    /// The engine of recognition and its languages that each file was sent with.
    pub fn recognition(&self) -> Vec<(Option<String>, Vec<String>)> {
        self.state.lock().recognition.clone()
    }
}

/// What every request meets first.
fn gate(state: &mut State, request: &HttpRequest) -> Option<HttpResponse> {
    let given = request.headers().get("X-Api-Key").and_then(|value| value.to_str().ok());
    if state.conditions.key.is_some() && given != state.conditions.key.as_deref() {
        return Some(HttpResponse::Unauthorized().json(detail("Api key is required as header")));
    }
    if state.conditions.busy > 0 {
        state.conditions.busy -= 1;
        return Some(HttpResponse::ServiceUnavailable().insert_header(("Retry-After", "0")).json(detail("busy")));
    }
    None
}

async fn version(state: Data<Mutex<State>>, request: HttpRequest) -> impl Responder {
    if let Some(refusal) = gate(&mut state.lock(), &request) {
        return refusal;
    }
    HttpResponse::Ok().json(json!({"docling-serve": "1.31.0", "docling": "2.90.0"}))
}

/// What is wrong with a form, as the server says it.
fn checked(form: &Form) -> Result<(), HttpResponse> {
    let refuse = |field: &str, text: &str| {
        Err(HttpResponse::UnprocessableEntity().json(json!({"detail": [{"loc": ["body", field], "msg": text}]})))
    };
    if form.files.len() != 1 {
        return refuse("files", "Field required");
    }
    if !["inbody", "zip", "presigned_url"].contains(&form.get("target_type").unwrap_or("presigned_url")) {
        return refuse("target_type", "Input should be 'inbody', 'zip' or 'presigned_url'");
    }
    let engine = form.get("ocr_engine").unwrap_or("easyocr");
    if !["auto", "easyocr", "tesseract", "tesserocr", "rapidocr", "ocrmac"].contains(&engine) {
        return refuse("ocr_engine", "Input should be 'auto', 'easyocr' or another engine");
    }
    if !["accurate", "fast"].contains(&form.get("table_mode").unwrap_or("accurate")) {
        return refuse("table_mode", "Input should be 'fast' or 'accurate'");
    }
    let ranges: Vec<Option<u32>> = form.all("page_range").iter().map(|text| text.parse().ok()).collect();
    match ranges.as_slice() {
        [] => Ok(()),
        [Some(first), Some(last)] if *first >= 1 && first <= last => Ok(()),
        _ => refuse("page_range", "Invalid page range"),
    }
}

async fn submit(state: Data<Mutex<State>>, request: HttpRequest, body: Multipart) -> impl Responder {
    let form = Form::read(body).await;
    let mut state = state.lock();
    if let Some(refusal) = gate(&mut state, &request) {
        return refusal;
    }
    let form = match form_of(form) {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    if let Err(refusal) = checked(&form) {
        return refusal;
    }
    state.submitted += 1;
    let engine = form.get("ocr_engine").map(str::to_owned);
    state.recognition.push((engine, form.all("ocr_lang").to_vec()));
    let id = format!("d0c11e00-{:04}", state.submitted);
    let paper = Paper::of(&form.files[0].1);
    let task = Task { form, paper, asked: 0 };
    let told = task.told("pending", &id);
    state.tasks.insert(id, task);
    HttpResponse::Ok().json(told)
}

async fn poll(state: Data<Mutex<State>>, request: HttpRequest, id: Path<String>) -> impl Responder {
    let mut state = state.lock();
    if let Some(refusal) = gate(&mut state, &request) {
        return refusal;
    }
    state.asked += 1;
    if state.conditions.restart_after == Some(state.asked) {
        state.tasks.clear();
    }
    let slow = state.conditions.slow;
    match state.tasks.get_mut(id.as_str()) {
        Some(task) => {
            task.asked += 1;
            HttpResponse::Ok().json(task.told(task.status(slow), &id))
        }
        None => HttpResponse::NotFound().json(detail("Task not found.")),
    }
}

async fn result(state: Data<Mutex<State>>, request: HttpRequest, id: Path<String>) -> impl Responder {
    let mut state = state.lock();
    if let Some(refusal) = gate(&mut state, &request) {
        return refusal;
    }
    let slow = state.conditions.slow;
    let is_done = state.tasks.get(id.as_str()).is_some_and(|task| !["pending", "started"].contains(&task.status(slow)));
    // Once, and then it is gone.
    let task = if is_done { state.tasks.remove(id.as_str()) } else { None };
    let Some(task) = task else {
        return HttpResponse::NotFound().json(detail("Task result not found. Please wait for a completion status."));
    };
    if state.conditions.lost_results > 0 {
        state.conditions.lost_results -= 1;
        return HttpResponse::NotFound().json(detail("Task result not found. Please wait for a completion status."));
    }
    HttpResponse::Ok().json(task.result())
}

impl Task {
    fn status(&self, slow: u32) -> &'static str {
        match self.asked {
            asked if asked <= slow => "pending",
            asked if asked <= 2 * slow => "started",
            _ if suffix(&self.form.files[0].1).is_none() => "skipped",
            _ if self.paper.wants("fail") || self.paper.wants("capacity") => "failure",
            _ if self.paper.wants("partial") => "partial_success",
            _ => "success",
        }
    }

    fn failure(&self) -> Value {
        let is_busy = self.paper.wants("capacity");
        let category = if is_busy { "capacity" } else { "backend_failure" };
        json!({"category": category, "message": "the conversion ended", "retryable": is_busy, "phase": "convert", "details": {}})
    }

    fn told(&self, status: &str, id: &str) -> Value {
        json!({
            "task_id": id, "task_type": "convert", "task_status": status, "task_position": 1,
            "task_meta": {"num_docs": 1, "num_processed": 0, "num_succeeded": 0, "num_failed": 0},
            "error_message": null, "failure": if status == "failure" { self.failure() } else { Value::Null },
        })
    }

    fn result(&self) -> Value {
        if self.form.get("target_type").unwrap_or("presigned_url") != "inbody" {
            return json!({"processing_time": 1.0, "num_converted": 1, "documents": [{"source_index": 0, "artifacts": []}]});
        }
        let status = self.status(0);
        if status == "failure" {
            return json!({"kind": "TaskFailureResult", "failure": self.failure()});
        }
        let wanted = |format: &str| self.form.all("to_formats").iter().any(|asked| asked == format);
        let errors = match status {
            "partial_success" => {
                json!([{"component_type": "model", "module_name": "ocr", "error_message": "a page took too long", "category": "timeout", "page_no": 1}])
            }
            _ => json!([]),
        };
        json!({
            "document": {
                "filename": self.form.files[0].0,
                "md_content": wanted("md").then(|| self.pages().iter().map(|page| text(*page) + "\n").collect::<String>()),
                "json_content": wanted("json").then(|| self.document()),
                "html_content": null, "text_content": null, "doctags_content": null,
            },
            "status": status, "errors": errors, "processing_time": 1.5, "timings": {},
            "confidence": {"parse_score": 1.0, "layout_score": 0.9, "table_score": null, "ocr_score": null, "mean_score": 0.95, "low_score": 0.9, "mean_grade": "excellent", "low_grade": "good"},
        })
    }

    /// From 1, both ends included; pages keep their numbers.
    fn pages(&self) -> Vec<u32> {
        let bounds: Vec<u32> = self.form.all("page_range").iter().filter_map(|text| text.parse().ok()).collect();
        let range = if let [first, last] = bounds[..] { first..=last } else { 1..=u32::MAX };
        (1..=self.paper.pages).filter(|page| range.contains(page)).collect()
    }

    fn document(&self) -> Value {
        let has_levels = self.form.flag("do_pdf_heading_hierarchy", false);
        let (mut texts, mut tables, mut children, mut sizes) =
            (Vec::new(), Vec::new(), Vec::new(), serde_json::Map::new());
        for page in self.pages() {
            let at = |top: f32, bottom: f32| json!([{"page_no": page, "bbox": {"l": 60.0, "t": HEIGHT - top, "r": 540.0, "b": HEIGHT - bottom, "coord_origin": "BOTTOMLEFT"}, "charspan": [0, 9]}]);
            let level = if page > 1 && has_levels { 2 } else { 1 };
            for item in [
                json!({"label": "section_header", "text": heading(page), "level": level, "prov": at(80.0, 120.0), "content_layer": "body"}),
                json!({"label": "text", "text": text(page), "prov": at(160.0, 200.0), "content_layer": "body"}),
                json!({"label": "formula", "text": "E = mc^2", "prov": at(240.0, 280.0), "content_layer": "body"}),
                json!({"label": "page_footer", "text": page.to_string(), "prov": at(760.0, 780.0), "content_layer": "furniture"}),
            ] {
                children.push(json!({"$ref": format!("#/texts/{}", texts.len())}));
                texts.push(item);
            }
            let cell = |text: &str, row: u32, column: u32, width: u32| json!({"text": text, "row_span": 1, "col_span": width, "start_row_offset_idx": row, "end_row_offset_idx": row + 1, "start_col_offset_idx": column, "end_col_offset_idx": column + width, "column_header": row == 0, "row_header": false});
            children.push(json!({"$ref": format!("#/tables/{}", tables.len())}));
            tables.push(json!({"label": "table", "prov": at(320.0, 400.0), "captions": [], "children": [], "content_layer": "body",
                "data": {"num_rows": 2, "num_cols": 2, "table_cells": [cell("Sums", 0, 0, 2), cell("page", 1, 0, 1), cell(&page.to_string(), 1, 1, 1)]}}));
            sizes.insert(page.to_string(), json!({"page_no": page, "size": {"width": WIDTH, "height": HEIGHT}}));
        }
        json!({
            "schema_name": "DoclingDocument", "version": "1.7.0", "name": "document",
            "body": {"self_ref": "#/body", "children": children, "label": "unspecified"},
            "groups": [], "texts": texts, "tables": tables, "pictures": [], "pages": sizes,
        })
    }
}
