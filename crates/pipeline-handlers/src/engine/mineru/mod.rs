//! A self-hosted MinerU (`mineru-api`, `mineru-router`), as of 3.4.4.
//!
//! `GET /health` tells what it speaks: from protocol version 1 on a file is sent to `POST /tasks` and asked after, before
//! that to `POST /file_parse`, which answers when it is done. Both take the same form, whose fields differ from those of
//! mineru.net, and ignore what they do not know. Tasks live in the memory of the server: after its restart they are 404.

mod content;
pub(super) mod languages;
mod numbers;
pub(super) mod result;
pub(super) mod wire;

use std::sync::Arc;

use async_trait::async_trait;
use millrace_domain::capabilities::EngineCapability;
use reqwest::multipart::Form;
use reqwest::{Method, StatusCode};
use serde::Deserialize;

use super::remote::form::Service;
use super::remote::{
    Asked, Attempt, Polling, Remote, RemoteConfig, Spooled, failed, part, reads, span, told, unknown_status, until_done,
};
use super::{Engine, EngineFailure, EngineOutput, EngineRequest};
use crate::failure::FailureCode;
use crate::limits::ParserLimits;
use crate::pool::ParserPool;

/// Name of this engine.
pub const NAME: &str = "mineru";
/// Name for people.
const SERVICE: &str = "MinerU";
/// Grows whenever the same answer may give another document.
const VERSION: &str = "1";
/// What it reads, by extension.
const EXTENSIONS: [&str; 10] = ["pdf", "png", "jpg", "tiff", "bmp", "webp", "gif", "docx", "pptx", "xlsx"];

/// How a self-hosted MinerU is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MineruConfig {
    /// Where it is.
    pub remote: RemoteConfig,
    /// `pipeline`, `vlm-engine`, `hybrid-engine`, …; the server's default when absent.
    pub backend: Option<String>,
    /// Language when a request names none that MinerU knows: `ch`, `korean`, `arabic`, …
    pub language: String,
    /// Whether formulas are read.
    pub formulas: bool,
    /// Whether tables are read.
    pub tables: bool,
}

/// A self-hosted MinerU.
pub struct MineruEngine {
    config: MineruConfig,
    remote: Remote,
}

#[derive(Deserialize)]
struct Health {
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    protocol_version: Option<u32>,
}

/// The status of a task; unknown members are passed over.
#[derive(Deserialize)]
struct Task {
    task_id: String,
    status: String,
    #[serde(default)]
    error: Option<String>,
}

impl MineruEngine {
    /// An engine; the pool reads its answers.
    ///
    /// # Errors
    /// What is wrong with the configuration, for people.
    pub fn new(config: MineruConfig, pool: Arc<ParserPool>, limits: ParserLimits) -> Result<Self, String> {
        let remote = Remote::new(config.remote.clone(), SERVICE, None, &[], pool, limits)?;
        Ok(Self { config, remote })
    }

    async fn health(&self) -> Result<Health, EngineFailure> {
        let http = &self.remote.http;
        let response = http.send(http.request(Method::GET, "/health")).await?;
        match response.status() {
            StatusCode::OK => http.json(response).await,
            // Older than the probe.
            StatusCode::NOT_FOUND => Ok(Health { version: None, protocol_version: None }),
            _ => Err(http.refusal(response).await),
        }
    }

    async fn form(&self, request: &EngineRequest) -> Result<Form, EngineFailure> {
        let MineruConfig { backend, language, formulas, tables, .. } = &self.config;
        let options = &request.options;
        let mut form = Form::new()
            .part("files", part(request).await?)
            .text("lang_list", languages::of_request(&options.ocr_languages, language).to_owned())
            .text("parse_method", if options.force_ocr { "ocr" } else { "auto" })
            .text("formula_enable", formulas.to_string())
            .text("table_enable", tables.to_string())
            .text("return_md", "true")
            .text("return_content_list", "true")
            .text("return_middle_json", "true");
        if let Some(backend) = backend {
            form = form.text("backend", backend.clone());
        }
        if let Some((first, last)) = span(options.pages.as_ref()) {
            // From 0, both ends included.
            form = form.text("start_page_id", (first - 1).to_string()).text("end_page_id", (last - 1).to_string());
        }
        Ok(form)
    }

    async fn attempt(&self, request: &EngineRequest, mut polling: Polling) -> Attempt {
        let health = self.health().await?;
        if health.protocol_version.is_none() {
            return self.at_once(request, &polling).await;
        }
        let http = &self.remote.http;
        let upload = http.request(Method::POST, "/tasks").timeout(polling.left()).multipart(self.form(request).await?);
        let response = http.send(upload).await?;
        if response.status() != StatusCode::ACCEPTED {
            return Err(refused(http.refusal(response).await));
        }
        let Task { task_id, .. } = http.json(response).await?;
        let answer = until_done(&mut polling, None, |_left| self.ask(&task_id)).await?;
        Ok(answer.map(|answer| (Some(task_id), answer)))
    }

    /// Asks how far a task is, and fetches its result when it is done.
    async fn ask(&self, id: &str) -> Result<Asked<Spooled>, EngineFailure> {
        let http = &self.remote.http;
        let path = format!("/tasks/{}", told(id));
        let response = http.send(http.request(Method::GET, &path)).await?;
        let task: Task = match response.status() {
            StatusCode::OK => http.json(response).await?,
            // Forgotten: after a restart, after its time, or it is another replica's.
            StatusCode::NOT_FOUND => return Ok(Asked::Lost),
            _ => return Err(http.refusal(response).await),
        };
        match task.status.as_str() {
            "pending" | "processing" => return Ok(Asked::Waits),
            "completed" => {}
            "failed" => return Ok(Asked::Failed(failure_of(&task))),
            other => return Err(unknown_status(SERVICE, other)),
        }
        let fetching = http.request(Method::GET, &format!("{path}/result"));
        let response =
            http.send(fetching.timeout(std::time::Duration::from_millis(self.config.remote.deadline_ms))).await?;
        match response.status() {
            StatusCode::OK => Ok(Asked::Done(http.spool(response).await?)),
            StatusCode::ACCEPTED => Ok(Asked::Waits),
            StatusCode::NOT_FOUND => Ok(Asked::Lost),
            StatusCode::CONFLICT => Ok(Asked::Failed(failure_of(&http.json(response).await?))),
            _ => Err(http.refusal(response).await),
        }
    }

    /// Sends a file to a server that knows no tasks, and waits for the answer.
    async fn at_once(&self, request: &EngineRequest, polling: &Polling) -> Attempt {
        let http = &self.remote.http;
        let form = self.form(request).await?;
        let sending = http.request(Method::POST, "/file_parse").timeout(polling.left()).multipart(form);
        let response = http.send(sending).await?;
        match response.status() {
            StatusCode::OK => Ok(Some((None, http.spool(response).await?))),
            StatusCode::CONFLICT => Err(failure_of(&http.json(response).await?)),
            _ => Err(refused(http.refusal(response).await)),
        }
    }
}

/// It tells formats by content, and refuses those it does not read like any bad request.
fn refused(mut failure: EngineFailure) -> EngineFailure {
    if failure.failure.message.contains("Unsupported file type") {
        failure.failure.code = FailureCode::UnsupportedType.as_str().to_owned();
        failure.verdict = super::Verdict::Declined;
    }
    failure
}

fn failure_of(task: &Task) -> EngineFailure {
    failed(FailureCode::ParserFailed, SERVICE, task.error.as_deref())
}

#[async_trait]
impl Engine for MineruEngine {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> String {
        let MineruConfig { remote, backend, language, formulas, tables } = &self.config;
        let backend = backend.as_deref().unwrap_or_default();
        format!("{VERSION}+{},{backend},{language},{formulas},{tables}", remote.url)
    }

    fn reads(&self, media_type: &str) -> bool {
        reads(&EXTENSIONS, media_type)
    }

    fn recognises(&self) -> bool {
        true
    }

    async fn parse(&self, request: &EngineRequest) -> Result<EngineOutput, EngineFailure> {
        self.remote.run(request, Service::Mineru, &EXTENSIONS, |request, polling| self.attempt(request, polling)).await
    }

    async fn capability(&self) -> EngineCapability {
        let health = self.health().await;
        let detail = match &health {
            Ok(Health { protocol_version: None, .. }) => {
                Some("it knows no tasks; files are parsed while we wait".to_owned())
            }
            Ok(_) => None,
            Err(failure) => Some(failure.failure.message.clone()),
        };
        EngineCapability {
            name: NAME.to_owned(),
            available: health.is_ok(),
            detail,
            version: health.ok().and_then(|health| health.version),
            formats: EXTENSIONS.map(str::to_uppercase).to_vec(),
            languages: Vec::new(),
        }
    }
}
