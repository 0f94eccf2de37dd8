//! A fake of mineru.net's API v4, with its upload and download hosts beside it.
//!
//! A file moves on by being asked after: `waiting-file` until its bytes are there, then `pending`, `running` page by page,
//! `converting`, and `done` or `failed`. Errors come in the envelope of the API, a bad token in that of the gateway.

#![expect(clippy::result_large_err, reason = "an error here is the answer that is sent")]

use std::collections::HashMap;
use std::io::{Cursor, Write};
use std::sync::Arc;

use actix_web::web::{self, Bytes, Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse, Responder};
use anyhow::{Context, Result};
use parking_lot::Mutex;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::mineru_output::{content_list, markdown, middle};
use super::paper::{Paper, suffix};
use super::server::Running;

/// Times that a callback is sent at most.
const CALLBACKS: usize = 5;
/// Most pages of a file.
const MAX_PAGES: u32 = 600;

/// How the service is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MineruCloudConditions {
    /// The only token that it knows.
    pub token: String,
    /// Id of its account.
    pub uid: String,
    /// Next calls of the API that are answered 429 with `Retry-After: 0`.
    pub limited: u32,
    /// Next submissions that are answered `-60009`, the queue is full.
    pub full: u32,
    /// Forget all tasks when so many questions have been answered, once.
    pub forget_after: Option<u32>,
    /// Next downloads that end too early, without saying so.
    pub cut: u32,
    /// The host that results are said to be at, if another than its own.
    pub result_host: Option<String>,
}

impl Default for MineruCloudConditions {
    fn default() -> Self {
        let (token, uid) = ("good".to_owned(), "uid-0815".to_owned());
        Self { token, uid, limited: 0, full: 0, forget_after: None, cut: 0, result_host: None }
    }
}

#[derive(Debug, Default)]
struct State {
    base: String,
    conditions: MineruCloudConditions,
    tasks: HashMap<String, Task>,
    public: HashMap<String, Vec<u8>>,
    submitted: u32,
    asked: u32,
    requests: Vec<Value>,
    /// Public addresses, and where they lead.
    routes: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
struct Task {
    /// Absent until it is uploaded.
    bytes: Option<Vec<u8>>,
    options: Value,
    asked: u32,
    /// Whether it was finished before its time.
    is_done: bool,
}

/// A running fake.
#[derive(Debug)]
pub struct FakeMineruCloud {
    running: Running,
    state: Arc<Mutex<State>>,
    uploads: watch::Sender<u32>,
}

/// What a callback of the fake is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Callback {
    /// As it should be.
    Genuine,
    /// Of another account: its checksum is wrong.
    Forged,
}

impl FakeMineruCloud {
    /// Starts one.
    ///
    /// # Errors
    /// When the system gives no port.
    pub fn start(conditions: MineruCloudConditions) -> Result<Self> {
        let state = Arc::new(Mutex::new(State { conditions, ..State::default() }));
        let data = Data::from(Arc::clone(&state));
        let uploads = watch::Sender::new(0);
        let uploaded = Data::new(uploads.clone());
        let running = Running::start(|base| {
            state.lock().base = base.to_owned();
            move |config: &mut web::ServiceConfig| {
                config
                    .app_data(data.clone())
                    .app_data(uploaded.clone())
                    .app_data(web::PayloadConfig::new(64 << 20))
                    .route("/api/v4/file-urls/batch", web::post().to(upload_addresses))
                    .route("/api/v4/extract/task", web::post().to(submit_address))
                    .route("/api/v4/extract/task/{id}", web::get().to(task))
                    .route("/api/v4/extract-results/batch/{id}", web::get().to(batch))
                    .route("/upload/{id}", web::put().to(upload))
                    .route("/cdn/{id}.zip", web::get().to(download));
            }
        })?;
        Ok(Self { running, state, uploads })
    }

    /// The address of its API.
    pub fn base(&self) -> String {
        format!("{}/api/v4", self.running.base)
    }

    /// Puts a file where the service can fetch it; gives its address up to the name.
    pub fn publish(&self, name: &str, bytes: Vec<u8>) -> String {
        self.state.lock().public.insert(name.to_owned(), bytes);
        format!("{}/public/", self.running.base)
    }

    /// Files that were submitted.
    pub fn submitted(&self) -> u32 {
        self.state.lock().submitted
    }

    /// Questions after tasks.
    pub fn questions(&self) -> u32 {
        self.state.lock().asked
    }

    /// Has a public address lead somewhere, as a proxy does.
    pub fn route(&self, public: &str, to: &str) {
        self.state.lock().routes.push((public.to_owned(), to.to_owned()));
    }

    /// Returns when so many files were uploaded.
    pub async fn wait_for_uploads(&self, count: u32) {
        // The sender lives in `self`, so this cannot fail.
        let _ = self.uploads.subscribe().wait_for(|uploads| *uploads >= count).await;
    }

    /// Finishes the last file that was sent, and sends word of that to where its submission says: up to five times, until
    /// the answer is 200. Gives the statuses of the answers. A forger finishes nothing.
    ///
    /// # Errors
    /// When there is no such task, or nobody answers.
    pub async fn call_back(&self, callback: Callback) -> Result<Vec<u16>> {
        let (url, body) = self.callback(callback)?;
        let http = reqwest::Client::builder().no_proxy().build()?;
        let mut statuses = Vec::new();
        while statuses.len() < CALLBACKS && statuses.last() != Some(&200) {
            statuses.push(http.post(&url).json(&body).send().await?.status().as_u16());
        }
        Ok(statuses)
    }

    /// Address and body of the callback for the last file.
    fn callback(&self, callback: Callback) -> Result<(String, Value)> {
        let mut state = self.state.lock();
        let id = task_id(state.submitted);
        let task = state.tasks.get_mut(&id).context("no such task")?;
        task.is_done |= callback == Callback::Genuine;
        let task = task.clone();
        let said = |key: &str| task.options[key].as_str().map(str::to_owned);
        let (url, seed) = said("callback").zip(said("seed")).context("no callback was asked for")?;
        let content = json!({"batch_id": id, "extract_result": [task.told(&state, &id)]}).to_string();
        let uid = if callback == Callback::Genuine { state.conditions.uid.as_str() } else { "uid-of-a-forger" };
        let checksum = format!("{:x}", Sha256::digest(format!("{uid}{seed}{content}")));
        let route = state.routes.iter().find_map(|(public, to)| Some(format!("{to}{}", url.strip_prefix(public)?)));
        Ok((route.unwrap_or(url), json!({"checksum": checksum, "content": content})))
    }

    /// The bodies of submissions.
    pub fn requests(&self) -> Vec<Value> {
        self.state.lock().requests.clone()
    }
}

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

fn task_id(number: u32) -> String {
    format!("0d1f7a2b-{number:04}")
}

async fn upload_addresses(state: Data<Mutex<State>>, request: HttpRequest, body: Json<Value>) -> impl Responder {
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

/// The signature covers no content type, and the store wants a length.
async fn upload(
    state: Data<Mutex<State>>,
    uploads: Data<watch::Sender<u32>>,
    request: HttpRequest,
    id: Path<String>,
    body: Bytes,
) -> impl Responder {
    let headers = request.headers();
    let is_signed = request.query_string().contains("Signature=abc%2Bdef%3D");
    if headers.contains_key("Content-Type") || headers.contains_key("Authorization") || !is_signed {
        return HttpResponse::Forbidden().body("<Error><Code>SignatureDoesNotMatch</Code></Error>");
    }
    if !headers.contains_key("Content-Length") {
        return HttpResponse::LengthRequired().body("<Error><Code>MissingContentLength</Code></Error>");
    }
    match state.lock().tasks.get_mut(id.as_str()) {
        Some(task) => {
            task.bytes = Some(body.to_vec());
            uploads.send_modify(|uploads| *uploads += 1);
            HttpResponse::Ok().finish()
        }
        None => HttpResponse::NotFound().finish(),
    }
}

async fn submit_address(state: Data<Mutex<State>>, request: HttpRequest, body: Json<Value>) -> impl Responder {
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

async fn task(state: Data<Mutex<State>>, request: HttpRequest, id: Path<String>) -> impl Responder {
    let mut state = state.lock();
    if let Some(refusal) = gateway(&mut state, &request) {
        return refusal;
    }
    match asked(&mut state, &id) {
        Some(task) => fine(&task.told(&state, &id)),
        None => error(-60012, "task not found or expired"),
    }
}

async fn batch(state: Data<Mutex<State>>, request: HttpRequest, id: Path<String>) -> impl Responder {
    let mut state = state.lock();
    if let Some(refusal) = gateway(&mut state, &request) {
        return refusal;
    }
    match asked(&mut state, &id) {
        Some(task) => fine(&json!({"batch_id": id.as_str(), "extract_result": [task.told(&state, &id)]})),
        None => error(-60012, "task not found or expired"),
    }
}

impl Task {
    fn told(&self, state: &State, id: &str) -> Value {
        let data_id = &self.options["data_id"];
        let mut told = json!({"task_id": id, "file_name": self.options["name"], "data_id": data_id, "err_msg": ""});
        let Some(bytes) = &self.bytes else {
            told["state"] = "waiting-file".into();
            return told;
        };
        let paper = Paper::of(bytes);
        let failure = match &paper.fate {
            _ if suffix(bytes).is_none() => Some("-60003".to_owned()),
            Some(fate) if fate.starts_with("-6") => Some(fate.clone()),
            _ if paper.pages > MAX_PAGES => Some("-60006".to_owned()),
            _ => None,
        };
        let total = self.pages(&paper).len();
        match self.asked {
            0..=3 if self.is_done && failure.is_none() => Self::finished(&mut told, state, id),
            0 | 1 => told["state"] = "pending".into(),
            2 => {
                told["state"] = "running".into();
                told["extract_progress"] =
                    json!({"extracted_pages": total / 2, "total_pages": total, "start_time": "2026-11-01 00:00:00"});
            }
            _ if failure.is_some() => {
                told["state"] = "failed".into();
                told["err_code"] = json!(failure);
                told["err_msg"] = "it could not be done".into();
            }
            3 => told["state"] = "converting".into(),
            _ => Self::finished(&mut told, state, id),
        }
        told
    }

    fn finished(told: &mut Value, state: &State, id: &str) {
        let host = state.conditions.result_host.as_ref().unwrap_or(&state.base);
        told["state"] = "done".into();
        told["full_zip_url"] = format!("{host}/cdn/{id}.zip").into();
    }

    /// The wanted pages: `2,4-6`, from 1.
    fn pages(&self, paper: &Paper) -> Vec<u32> {
        let Some(ranges) = self.options["page_ranges"].as_str() else { return (1..=paper.pages).collect() };
        let number = |text: &str| text.parse::<u32>().unwrap_or(0);
        let is_wanted = |page: u32| {
            ranges.split(',').any(|range| {
                let (first, last) = range.split_once('-').unwrap_or((range, range));
                (number(first)..=number(last)).contains(&page)
            })
        };
        (1..=paper.pages).filter(|page| is_wanted(*page)).collect()
    }

    fn archive(&self) -> zip::result::ZipResult<Vec<u8>> {
        let paper = Paper::of(self.bytes.as_deref().unwrap_or_default());
        let pages = self.pages(&paper);
        let backend = self.options["model_version"].as_str().unwrap_or("pipeline");
        let mut entries = vec![
            ("full.md", markdown(&pages).into_bytes()),
            ("6f1e_origin.pdf", vec![0; 10]),
            ("6f1e_content_list.json", content_list(&pages).to_string().into_bytes()),
            ("6f1e_model.json", b"[]".to_vec()),
            ("layout.json", middle(pages.len(), backend).to_string().into_bytes()),
            ("images/t.jpg", vec![0; 10]),
        ];
        if paper.wants("bomb") {
            entries.push(("images/bomb.jpg", vec![0; 64 << 20]));
        }
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in entries {
            writer.start_file(name, SimpleFileOptions::default())?;
            writer.write_all(&bytes)?;
        }
        Ok(writer.finish()?.into_inner())
    }
}

/// Results need no token, and are no place for one.
async fn download(state: Data<Mutex<State>>, request: HttpRequest, id: Path<String>) -> impl Responder {
    let mut state = state.lock();
    if request.headers().contains_key("Authorization") {
        return HttpResponse::BadRequest().body("two ways to authenticate");
    }
    let Some(Ok(mut archive)) = state.tasks.get(id.as_str()).map(Task::archive) else {
        return HttpResponse::NotFound().finish();
    };
    if state.conditions.cut > 0 {
        state.conditions.cut -= 1;
        archive.truncate(archive.len() / 2);
    }
    HttpResponse::Ok().content_type("application/zip").body(archive)
}
