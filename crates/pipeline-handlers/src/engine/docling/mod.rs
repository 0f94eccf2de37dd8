//! docling-serve, API v1, as of 1.31.0.
//!
//! A file is sent to `POST /v1/convert/file/async` and asked after with a long poll. The result can be fetched once: a
//! task that is done and whose result is 404 is as lost as one that is unknown.

mod blocks;
mod languages;
pub(super) mod result;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use millrace_domain::capabilities::EngineCapability;
use reqwest::header::HeaderName;
use reqwest::multipart::Form;
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::Value;

pub use self::languages::OcrEngine;
use super::remote::form::Service;
use super::remote::{
    self, Asked, Attempt, Credentials, Polling, Remote, RemoteConfig, Spooled, part, reads, span, told, unknown_status,
    until_done,
};
use super::{Engine, EngineFailure, EngineOutput, EngineRequest};
use crate::failure::FailureCode;
use crate::limits::ParserLimits;
use crate::pool::ParserPool;

/// Name of this engine.
pub const NAME: &str = "docling";
/// Name for people.
const SERVICE: &str = "docling-serve";
/// Grows whenever the same answer may give another document.
const VERSION: &str = "1";
/// What it reads, by extension.
const EXTENSIONS: [&str; 12] =
    ["pdf", "png", "jpg", "tiff", "bmp", "webp", "docx", "pptx", "xlsx", "html", "md", "csv"];
/// Largest answer that may tell of a failure, in bytes.
const MAX_FAILURE_BYTES: usize = 64 << 10;

/// How docling-serve is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoclingConfig {
    /// Where it is; its key, if it wants one, is the token.
    pub remote: RemoteConfig,
    /// What it recognises text with, where we are to say so; its own choice, by default EasyOCR, when absent.
    pub ocr_engine: Option<OcrEngine>,
    /// Languages of recognition, as that names them, of requests that name none it knows; its default when empty.
    pub ocr_languages: Vec<String>,
    /// `accurate` or `fast`.
    pub table_mode: String,
    /// How long one question how far a task is may wait for news, in seconds.
    pub wait_seconds: u64,
}

/// docling-serve.
pub struct DoclingEngine {
    config: DoclingConfig,
    remote: Remote,
}

/// The status of a task; unknown members are passed over.
#[derive(Deserialize)]
struct Task {
    task_id: String,
    #[serde(default)]
    task_status: String,
    #[serde(default)]
    error_message: Option<String>,
    #[serde(default)]
    failure: Option<Failure>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Failure {
    category: String,
    message: String,
    retryable: bool,
}

impl DoclingEngine {
    /// An engine; the pool reads its answers.
    ///
    /// # Errors
    /// What is wrong with the configuration, for people.
    pub fn new(config: DoclingConfig, pool: Arc<ParserPool>, limits: ParserLimits) -> Result<Self, String> {
        let credentials = match &config.remote.token {
            Some(key) => Some(Credentials::new(HeaderName::from_static("x-api-key"), key.expose())?),
            None => None,
        };
        let remote = Remote::new(config.remote.clone(), SERVICE, credentials, &[], pool, limits)?;
        Ok(Self { config, remote })
    }

    async fn form(&self, request: &EngineRequest, left: Duration) -> Result<Form, EngineFailure> {
        let options = &request.options;
        let mut form = Form::new()
            .part("files", part(request).await?)
            // Its own default may be a place of its own that we cannot reach.
            .text("target_type", "inbody")
            .text("to_formats", "json")
            .text("to_formats", "md")
            .text("image_export_mode", "placeholder")
            .text("include_images", "false")
            .text("do_ocr", "true")
            .text("force_ocr", options.force_ocr.to_string())
            .text("do_table_structure", "true")
            .text("table_mode", self.config.table_mode.clone())
            // Without it every heading is of level 1.
            .text("do_pdf_heading_hierarchy", "true")
            .text("abort_on_error", "false")
            .text("document_timeout", left.as_secs().max(1).to_string());
        if let Some(engine) = self.config.ocr_engine {
            form = form.text("ocr_engine", engine.as_str());
        }
        let engine = self.config.ocr_engine.unwrap_or_default();
        for language in languages::of_request(engine, &options.ocr_languages, &self.config.ocr_languages) {
            form = form.text("ocr_lang", language);
        }
        if let Some((first, last)) = span(options.pages.as_ref()) {
            // Two values, from 1.
            form = form.text("page_range", first.to_string()).text("page_range", last.to_string());
        }
        Ok(form)
    }

    async fn attempt(&self, request: &EngineRequest, mut polling: Polling) -> Attempt {
        let http = &self.remote.http;
        let form = self.form(request, polling.left()).await?;
        let upload = http.request(Method::POST, "/v1/convert/file/async").timeout(polling.left()).multipart(form);
        let response = http.send(upload).await?;
        if !response.status().is_success() {
            return Err(http.refusal(response).await);
        }
        let Task { task_id, .. } = http.json(response).await?;
        let answer = until_done(&mut polling, None, |left| self.ask(&task_id, left)).await?;
        Ok(answer.map(|answer| (Some(task_id), answer)))
    }

    async fn ask(&self, id: &str, left: Duration) -> Result<Asked<Spooled>, EngineFailure> {
        let http = &self.remote.http;
        let id = told(id);
        let wait = self.config.wait_seconds.min(left.as_secs());
        let path = format!("/v1/status/poll/{id}?wait={wait}");
        // The question itself takes as long as it may wait.
        let timeout = Duration::from_millis(self.config.remote.request_timeout_ms) + Duration::from_secs(wait);
        let response = http.send(http.request(Method::GET, &path).timeout(timeout)).await?;
        let task: Task = match response.status() {
            StatusCode::OK => http.json(response).await?,
            StatusCode::NOT_FOUND => return Ok(Asked::Lost),
            _ => return Err(http.refusal(response).await),
        };
        match task.task_status.as_str() {
            "pending" | "started" => return Ok(Asked::Waits),
            // What is wrong in detail is in the result.
            "success" | "partial_success" | "skipped" => {}
            "failure" => return Ok(Asked::Failed(failed(task.failure, task.error_message.as_deref()))),
            other => return Err(unknown_status(SERVICE, other)),
        }
        let fetching = http.request(Method::GET, &format!("/v1/result/{id}")).timeout(left);
        let response = http.send(fetching).await?;
        match response.status() {
            StatusCode::OK => {
                let answer = http.spool(response).await?;
                match failure_in(&answer) {
                    Some(failure) => Ok(Asked::Failed(failed(Some(failure), None))),
                    None => Ok(Asked::Done(answer)),
                }
            }
            StatusCode::NOT_FOUND => Ok(Asked::Lost),
            _ => Err(http.refusal(response).await),
        }
    }
}

/// A task that failed may have a result that says so, with status 200.
fn failure_in(answer: &Spooled) -> Option<Failure> {
    let Spooled::Memory(bytes) = answer else { return None };
    if bytes.len() > MAX_FAILURE_BYTES {
        return None;
    }
    let answer: Value = serde_json::from_slice(bytes).ok()?;
    serde_json::from_value(result::failure_of(&answer)?.clone()).ok()
}

/// Whether another attempt may do better is for the service to say.
fn failed(failure: Option<Failure>, message: Option<&str>) -> EngineFailure {
    let Failure { category, message: said, retryable } = failure.unwrap_or_default();
    let said = if said.is_empty() { message } else { Some(said.as_str()) };
    let code = match (category.as_str(), retryable) {
        ("capacity", _) => FailureCode::ParserBusy,
        ("timeout", false) => FailureCode::ParserTimeout,
        ("policy", _) => FailureCode::ParserRejected,
        (_, true) => FailureCode::ParserUnreachable,
        (_, false) => FailureCode::ParserFailed,
    };
    remote::failed(code, SERVICE, said)
}

#[async_trait]
impl Engine for DoclingEngine {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> String {
        let DoclingConfig { remote, ocr_engine, ocr_languages, table_mode, .. } = &self.config;
        let engine = ocr_engine.map_or("", OcrEngine::as_str);
        format!("{VERSION}+{},{engine},{},{table_mode}", remote.url, ocr_languages.join("+"))
    }

    fn reads(&self, media_type: &str) -> bool {
        reads(&EXTENSIONS, media_type)
    }

    fn recognises(&self) -> bool {
        true
    }

    async fn parse(&self, request: &EngineRequest) -> Result<EngineOutput, EngineFailure> {
        self.remote.run(request, Service::Docling, &EXTENSIONS, |request, polling| self.attempt(request, polling)).await
    }

    async fn capability(&self) -> EngineCapability {
        let http = &self.remote.http;
        let version = async {
            let response = http.send(http.request(Method::GET, "/version")).await?;
            match response.status() {
                StatusCode::OK => http.json::<Value>(response).await,
                _ => Err(http.refusal(response).await),
            }
        };
        let version = version.await;
        EngineCapability {
            name: NAME.to_owned(),
            available: version.is_ok(),
            detail: version.as_ref().err().map(|failure| failure.failure.message.clone()),
            version: version.ok().and_then(|known| known.get("docling-serve")?.as_str().map(str::to_owned)),
            formats: EXTENSIONS.map(str::to_uppercase).to_vec(),
            languages: Vec::new(),
        }
    }
}
