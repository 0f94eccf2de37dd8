//! mineru.net, API v4.
//!
//! A file is sent in two steps: `POST /file-urls/batch` gives an address, a `PUT` of the bytes to it starts the task. Where
//! the service can fetch files itself (`source_url`), `POST /extract/task` is given their address instead. Either way
//! the task is asked after until it is done, sooner when a callback says so, and the result is a ZIP archive at an address
//! that the service names.

mod api;
pub(super) mod archive;
mod codes;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use millrace_domain::capabilities::EngineCapability;
use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde_json::{Map, Value, json};

use self::api::{Answered, Ticket, call, not_understood, state, text};
use super::mineru::languages;
use super::remote::form::Service;
use super::remote::{
    Asked, Attempt, Callbacks, Credentials, Expected, Polling, Remote, RemoteConfig, Spooled, body, extension, fetch,
    reads, until_done, with_length,
};
use super::{Engine, EngineFailure, EngineOutput, EngineRequest};
use crate::failure::ParseFailure;
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
    callbacks: Option<Arc<Callbacks>>,
}

impl MineruCloudEngine {
    /// An engine; the pool reads its answers.
    ///
    /// # Errors
    /// What is wrong with the configuration, for people.
    pub fn new(config: MineruCloudConfig, pool: Arc<ParserPool>, limits: ParserLimits) -> Result<Self, String> {
        let token = config.remote.token.as_ref().ok_or("mineru.net needs a token")?;
        let credentials = Credentials::new(AUTHORIZATION, &format!("Bearer {}", token.expose()))?;
        let remote = Remote::new(config.remote.clone(), "mineru.net", Some(credentials), &config.hosts, pool, limits)?;
        Ok(Self { config, remote, callbacks: None })
    }

    /// Has the service send word when a task is done, beside asking after it.
    #[must_use]
    pub fn with_callbacks(self, callbacks: Arc<Callbacks>) -> Self {
        Self { callbacks: Some(callbacks), ..self }
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

    async fn send(
        &self,
        request: &EngineRequest,
        callback: Option<&Expected>,
        polling: &Polling,
    ) -> Result<Option<Ticket>, EngineFailure> {
        let http = &self.remote.http;
        let Some(extension) = extension(request.media_type) else {
            return Err(ParseFailure::unsupported(request.media_type).into());
        };
        let (mut options, mut file) = (self.options(request, extension), Self::file(request));
        if let Some(expected) = callback {
            options.insert("callback".into(), expected.url().into());
            options.insert("seed".into(), expected.seed().into());
        }
        if let Some(template) = &self.config.source_url {
            options.append(&mut file);
            options.insert("url".into(), template.replace("{sha256}", &request.sha256).into());
            let Answered::Data(data) = call(http, http.request(Method::POST, "/extract/task").json(&options)).await?
            else {
                return Ok(None);
            };
            return text(&data, "task_id").map(|id| Some(Ticket::Task(id)));
        }
        file.insert("name".into(), format!("document.{extension}").into());
        options.insert("files".into(), json!([file]));
        let Answered::Data(data) = call(http, http.request(Method::POST, "/file-urls/batch").json(&options)).await?
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
        let callback = self.callbacks.as_ref().map(Callbacks::expect);
        let Some(ticket) = self.send(request, callback.as_ref(), &polling).await? else { return Ok(None) };
        let path = ticket.path();
        let found = until_done(&mut polling, callback.as_ref(), |_left| self.ask(request, &path)).await?;
        let Some(url) = found else { return Ok(None) };
        let answer = fetch(&mut polling, |left| self.download(&url, left)).await?;
        Ok(Some((Some(ticket.into_id()), answer)))
    }

    async fn ask(&self, request: &EngineRequest, path: &str) -> Result<Asked<String>, EngineFailure> {
        let http = &self.remote.http;
        match call(http, http.request(Method::GET, path)).await? {
            Answered::Data(data) => state(data, &*request.progress),
            Answered::Lost => Ok(Asked::Lost),
        }
    }

    async fn download(&self, url: &str, left: Duration) -> Result<Spooled, EngineFailure> {
        let http = &self.remote.http;
        let response = http.send(http.foreign(Method::GET, url)?.timeout(left)).await?;
        if response.status().is_success() { http.spool(response).await } else { Err(http.refusal(response).await) }
    }
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
        reads(&EXTENSIONS, media_type)
    }

    fn recognises(&self) -> bool {
        true
    }

    async fn parse(&self, request: &EngineRequest) -> Result<EngineOutput, EngineFailure> {
        self.remote
            .run(request, Service::MineruCloud, &EXTENSIONS, |request, polling| self.attempt(request, polling))
            .await
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
