//! The HTTP side of the client commands.

use std::time::Duration;

use anyhow::Context;
use clap::Args;
use reqwest::multipart::Form;
use reqwest::{Client, RequestBuilder};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::api_error::{ApiError, Refusal};
use super::{Settings, node};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Which server, as whom.
#[derive(Debug, Clone, Args)]
pub(super) struct ServerArgs {
    /// Address of the server [default: MILLRACE_URL, else the configured server.bind]
    #[arg(long, global = true, env = "MILLRACE_URL", value_name = "URL", hide_env = true)]
    pub(super) server: Option<String>,
    /// API key or token to act with [default: MILLRACE_API_KEY, else MILLRACE_TOKEN]
    #[arg(long, global = true, env = "MILLRACE_API_KEY", value_name = "KEY", hide_env = true, hide_env_values = true)]
    pub(super) api_key: Option<String>,
}

impl ServerArgs {
    /// The address, when one was given; an empty variable counts as unset.
    pub(super) fn address(&self) -> Option<&str> {
        self.server.as_deref().filter(|url| !url.is_empty())
    }

    fn credential(&self) -> Option<String> {
        let key = self.api_key.clone().filter(|key| !key.is_empty());
        key.or_else(|| std::env::var("MILLRACE_TOKEN").ok().filter(|token| !token.is_empty()))
    }
}

/// A server's API.
pub(super) struct ApiClient {
    http: Client,
    base: String,
    credential: Option<String>,
}

impl ApiClient {
    /// Reads the address from the arguments, else from the configuration. Nothing is sent yet.
    ///
    /// # Errors
    /// When the address is none, or the configuration cannot be read.
    pub(super) fn new(args: &ServerArgs, settings: &Settings) -> anyhow::Result<Self> {
        let address = match args.address() {
            Some(url) => url.to_owned(),
            None => node::local_url(settings.load()?.server.bind),
        };
        let base = address.trim_end_matches('/').to_owned();
        let url =
            reqwest::Url::parse(&base).with_context(|| format!("'{base}' is no address; write http://HOST:PORT"))?;
        anyhow::ensure!(matches!(url.scheme(), "http" | "https"), "'{base}' is no address; write http://HOST:PORT");
        let agent = concat!("millrace/", env!("CARGO_PKG_VERSION"));
        // No limit on the whole: an upload takes what it takes.
        let http = Client::builder().connect_timeout(CONNECT_TIMEOUT).user_agent(agent).build()?;
        Ok(Self { http, base, credential: args.credential() })
    }

    /// Address of the server.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// Reads.
    ///
    /// # Errors
    /// [`ApiError`].
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, String)]) -> Result<T, ApiError> {
        self.read(self.http.get(self.url(path)).query(query)).await
    }

    /// Makes something.
    ///
    /// # Errors
    /// [`ApiError`].
    pub(super) async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, ApiError> {
        self.read(self.http.post(self.url(path)).json(body)).await
    }

    /// Sends files; a repeat with the same key is the same request.
    ///
    /// # Errors
    /// [`ApiError`].
    pub(super) async fn post_form<T: DeserializeOwned>(
        &self,
        path: &str,
        key: &str,
        form: Form,
    ) -> Result<T, ApiError> {
        self.read(self.http.post(self.url(path)).header("Idempotency-Key", key).multipart(form)).await
    }

    /// Removes something.
    ///
    /// # Errors
    /// [`ApiError`].
    pub(super) async fn delete(&self, path: &str) -> Result<(), ApiError> {
        self.send(self.http.delete(self.url(path))).await.map(|_answer| ())
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    async fn read<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, ApiError> {
        let answer = self.send(request).await?;
        answer.json().await.map_err(|source| match source.is_decode() {
            true => ApiError::Unreadable { base: self.base.clone(), source: source.without_url() },
            false => self.broken(&source),
        })
    }

    fn broken(&self, source: &reqwest::Error) -> ApiError {
        ApiError::Broken { base: self.base.clone(), cause: root_cause(source) }
    }

    async fn send(&self, request: RequestBuilder) -> Result<reqwest::Response, ApiError> {
        let request = match &self.credential {
            Some(credential) => request.bearer_auth(credential),
            None => request,
        };
        let answer = request.send().await.map_err(|source| match source.is_connect() {
            true => ApiError::Unreachable { base: self.base.clone(), cause: root_cause(&source) },
            false => self.broken(&source),
        })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let headers = answer.headers().clone();
        let body = answer.bytes().await.map_err(|source| self.broken(&source))?;
        Err(ApiError::Refused(Refusal::new(status, &headers, &body)))
    }
}

/// The innermost reason: what the layers between add means nothing to people.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
