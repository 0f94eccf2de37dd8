//! mineru.net, API v4.
//!
//! A file is sent in two steps: `POST /file-urls/batch` gives an address, a `PUT` of the bytes to it starts the task. Where
//! the service can fetch files itself (`source_url`), `POST /extract/task` is given their address instead. Either way
//! the task is asked after until it is done, and the result is a ZIP archive at an address that the service names.

pub(super) mod archive;
mod codes;

use std::sync::Arc;

use async_trait::async_trait;
use millrace_domain::capabilities::EngineCapability;
use reqwest::header::AUTHORIZATION;
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use self::codes::{Meaning, meaning};
use super::answer::Service;
use super::mineru::languages;
use super::remote::{Credentials, Polling, Remote, RemoteConfig, Spooled, body, extension, told, tried, with_length};
use super::{Engine, EngineFailure, EngineOutput, EngineRequest};
use crate::failure::FailureCode;
use crate::limits::ParserLimits;
use crate::pool::ParserPool;

/// Name of this engine.
pub const NAME: &str = "mineru_cloud";
/// Grows whenever the same answer may give another document.
const VERSION: &str = "1";
/// What it reads, by extension.
const EXTENSIONS: [&str; 8] = ["pdf", "png", "jpg", "docx", "doc", "pptx", "ppt", "html"];
/// The model that HTML needs.
const HTML_MODEL: &str = "MinerU-HTML";

/// How mineru.net is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MineruCloudConfig {
    /// Where it is; with a token.
    pub remote: RemoteConfig,
    /// Hosts beside its own that take uploads and give results; one with a dot in front stands for all below it.
    pub hosts: Vec<String>,
    /// `pipeline` or `vlm`.
    pub model_version: String,
    /// Language when a request names none that MinerU knows.
    pub language: String,
    /// Whether formulas are read.
    pub formulas: bool,
    /// Whether tables are read.
    pub tables: bool,
    /// Address at which the service can fetch files itself, with `{sha256}` in the place of their hash; files are
    /// uploaded when absent.
    pub source_url: Option<String>,
}

/// mineru.net.
pub struct MineruCloudEngine {
    config: MineruCloudConfig,
    remote: Remote,
}

/// What every answer is wrapped in: of the API, or of the gateway before it.
#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    code: Value,
    #[serde(default, rename = "msgCode")]
    gateway_code: Option<String>,
    #[serde(default)]
    msg: String,
    #[serde(default)]
    data: Value,
}

/// How far a file is.
#[derive(Deserialize)]
struct State {
    state: String,
    #[serde(default)]
    full_zip_url: Option<String>,
    #[serde(default)]
    err_msg: Option<String>,
    #[serde(default)]
    err_code: Option<Value>,
    #[serde(default)]
    extract_progress: Option<Progress>,
}

#[derive(Deserialize)]
struct Progress {
    #[serde(default)]
    extracted_pages: u32,
    #[serde(default)]
    total_pages: u32,
}

/// A task at the service.
enum Ticket {
    Batch(String),
    Task(String),
}

impl Ticket {
    fn path(&self) -> String {
        match self {
            Self::Batch(id) => format!("/extract-results/batch/{}", told(id)),
            Self::Task(id) => format!("/extract/task/{}", told(id)),
        }
    }

    fn into_id(self) -> String {
        match self {
            Self::Batch(id) | Self::Task(id) => id,
        }
    }
}

enum Answered {
    Data(Value),
    Lost,
}

type Attempt = Result<Option<(Option<String>, Spooled)>, EngineFailure>;

impl MineruCloudEngine {
    /// An engine; the pool reads its answers.
    ///
    /// # Errors
    /// What is wrong with the configuration, for people.
    pub fn new(config: MineruCloudConfig, pool: Arc<ParserPool>, limits: ParserLimits) -> Result<Self, String> {
        let token = config.remote.token.as_ref().ok_or("mineru.net needs a token")?;
        let credentials = Credentials::new(AUTHORIZATION, &format!("Bearer {}", token.expose()))?;
        let remote = Remote::new(config.remote.clone(), "mineru.net", Some(credentials), &config.hosts, pool, limits)?;
        Ok(Self { config, remote })
    }

    /// Sends a request of the API and opens the envelope of its answer.
    async fn call(&self, request: RequestBuilder) -> Result<Answered, EngineFailure> {
        let http = &self.remote.http;
        let response = http.send(request).await?;
        let status = response.status();
        // A busy or broken gateway answers anything; its status and Retry-After say more than its body.
        if status.is_server_error() || matches!(status.as_u16(), 408 | 429) || status.is_redirection() {
            return Err(http.refusal(response).await);
        }
        let envelope: Envelope = match http.json(response).await {
            Ok(envelope) => envelope,
            Err(_no_envelope) if status.as_u16() == 401 || status.as_u16() == 403 => {
                let text = "mineru.net does not accept the configured token";
                return Err(tried(FailureCode::ParserUnauthorized, text));
            }
            Err(failure) => return Err(failure),
        };
        let code = envelope.gateway_code.or(match &envelope.code {
            Value::String(code) => Some(code.clone()),
            Value::Number(code) => Some(code.to_string()),
            _ => None,
        });
        match code.as_deref() {
            Some("0") => Ok(Answered::Data(envelope.data)),
            Some(code) => match meaning(code, &envelope.msg) {
                Meaning::Failure(failure) => Err(failure),
                Meaning::Lost => Ok(Answered::Lost),
            },
            None => Err(not_understood("it has no code")),
        }
    }

    /// The options that both ways of sending share.
    fn options(&self, request: &EngineRequest, extension: &str) -> Map<String, Value> {
        let MineruCloudConfig { model_version, language, formulas, tables, .. } = &self.config;
        let model = if extension == "html" { HTML_MODEL } else { model_version };
        let language = languages::of_request(&request.options.ocr_languages, language);
        let mut options = Map::new();
        options.insert("model_version".into(), model.into());
        options.insert("language".into(), language.into());
        options.insert("enable_formula".into(), (*formulas).into());
        options.insert("enable_table".into(), (*tables).into());
        options
    }

    /// What is said of one file.
    fn file(request: &EngineRequest) -> Map<String, Value> {
        let mut file = Map::new();
        file.insert("is_ocr".into(), request.options.force_ocr.into());
        // Letters and digits, at most 128.
        file.insert("data_id".into(), request.sha256.clone().into());
        if let Some(pages) = &request.options.pages {
            // From 1, both ends included: as we write them.
            file.insert("page_ranges".into(), pages.to_string().into());
        }
        file
    }

    async fn send(&self, request: &EngineRequest, polling: &Polling) -> Result<Option<Ticket>, EngineFailure> {
        let http = &self.remote.http;
        let Some(extension) = extension(request.media_type) else {
            return Err(crate::sniff::unsupported(request.media_type).into());
        };
        let (mut options, mut file) = (self.options(request, extension), Self::file(request));
        if let Some(template) = &self.config.source_url {
            options.append(&mut file);
            options.insert("url".into(), template.replace("{sha256}", &request.sha256).into());
            let Answered::Data(data) = self.call(http.request(Method::POST, "/extract/task").json(&options)).await?
            else {
                return Ok(None);
            };
            return text(&data, "task_id").map(|id| Some(Ticket::Task(id)));
        }
        file.insert("name".into(), format!("document.{extension}").into());
        options.insert("files".into(), json!([file]));
        let Answered::Data(data) = self.call(http.request(Method::POST, "/file-urls/batch").json(&options)).await?
        else {
            return Ok(None);
        };
        let ticket = Ticket::Batch(text(&data, "batch_id")?);
        let url = data["file_urls"][0].as_str().ok_or_else(|| not_understood("it names no address for the upload"))?;
        // Without a content type, which the signature of the address does not cover.
        let upload = http.foreign(Method::PUT, url)?.timeout(polling.left()).body(body(request).await?);
        let response = http.send(with_length(upload, request.size)).await?;
        if !response.status().is_success() {
            return Err(http.refusal(response).await);
        }
        Ok(Some(ticket))
    }

    async fn attempt(&self, request: &EngineRequest, mut polling: Polling) -> Attempt {
        let Some(ticket) = self.send(request, &polling).await? else { return Ok(None) };
        let path = ticket.path();
        let mut known = None;
        loop {
            polling.wait(None).await?;
            let url = match known.take() {
                Some(url) => url,
                None => match self.ask(request, &path).await {
                    Ok(Asked::Waits) => {
                        polling.answered();
                        continue;
                    }
                    Ok(Asked::Lost) => return Ok(None),
                    Ok(Asked::Failed(failure)) => return Err(failure),
                    Ok(Asked::Done(url)) => url,
                    Err(failure) => {
                        polling.forgive(failure).await?;
                        continue;
                    }
                },
            };
            match self.download(&url, &polling).await {
                Ok(answer) => return Ok(Some((Some(ticket.into_id()), answer))),
                Err(failure) => polling.forgive(failure).await?,
            }
            known = Some(url);
        }
    }

    async fn ask(&self, request: &EngineRequest, path: &str) -> Result<Asked, EngineFailure> {
        let http = &self.remote.http;
        let Answered::Data(mut data) = self.call(http.request(Method::GET, path)).await? else {
            return Ok(Asked::Lost);
        };
        // Of a batch, the state of its only file.
        let state = match data.get_mut("extract_result") {
            Some(results) => results[0].take(),
            None => data,
        };
        let state: State = serde_json::from_value(state).map_err(not_understood)?;
        if let Some(Progress { extracted_pages, total_pages }) = state.extract_progress {
            request.progress.pages(extracted_pages, total_pages);
        }
        match state.state.as_str() {
            "waiting-file" | "pending" | "running" | "converting" => Ok(Asked::Waits),
            "done" => {
                let url = state.full_zip_url.filter(|url| !url.is_empty());
                url.map(Asked::Done).ok_or_else(|| not_understood("a result without an address"))
            }
            "failed" => {
                let message = state.err_msg.unwrap_or_default();
                let code = state.err_code.map(|code| code.as_str().map_or_else(|| code.to_string(), str::to_owned));
                match meaning(code.as_deref().unwrap_or("failed"), &message) {
                    Meaning::Failure(failure) => Ok(Asked::Failed(failure)),
                    Meaning::Lost => Ok(Asked::Lost),
                }
            }
            other => Err(not_understood(format!("its state is {other:?}"))),
        }
    }

    async fn download(&self, url: &str, polling: &Polling) -> Result<Spooled, EngineFailure> {
        let http = &self.remote.http;
        let response = http.send(http.foreign(Method::GET, url)?.timeout(polling.left())).await?;
        if response.status().is_success() { http.spool(response).await } else { Err(http.refusal(response).await) }
    }
}

enum Asked {
    Waits,
    Lost,
    /// At its end: asking again changes nothing.
    Failed(EngineFailure),
    Done(String),
}

fn text(data: &Value, key: &str) -> Result<String, EngineFailure> {
    let found = data.get(key).and_then(Value::as_str);
    found.map(str::to_owned).ok_or_else(|| not_understood(format!("it has no {key}")))
}

fn not_understood(detail: impl std::fmt::Display) -> EngineFailure {
    tried(FailureCode::ParserProtocol, format!("the answer of mineru.net is not understood: {detail}"))
}

#[async_trait]
impl Engine for MineruCloudEngine {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> String {
        let MineruCloudConfig { remote, model_version, language, formulas, tables, .. } = &self.config;
        format!("{VERSION}+{},{model_version},{language},{formulas},{tables}", remote.url)
    }

    fn reads(&self, media_type: &str) -> bool {
        extension(media_type).is_some_and(|extension| EXTENSIONS.contains(&extension))
    }

    fn recognises(&self) -> bool {
        true
    }

    async fn parse(&self, request: &EngineRequest) -> Result<EngineOutput, EngineFailure> {
        if !self.reads(request.media_type) {
            return Err(crate::sniff::unsupported(request.media_type).into());
        }
        self.remote.run(request, Service::MineruCloud, |request, polling| self.attempt(request, polling)).await
    }

    async fn capability(&self) -> EngineCapability {
        EngineCapability {
            name: NAME.to_owned(),
            // It has no question that costs nothing.
            available: true,
            detail: Some(format!("configured, not asked; files are sent to {}", self.config.remote.url)),
            version: Some("v4".to_owned()),
            formats: EXTENSIONS.map(str::to_uppercase).to_vec(),
            languages: Vec::new(),
        }
    }
}
