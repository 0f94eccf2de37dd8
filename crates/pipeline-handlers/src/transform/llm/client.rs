//! Sends requests to providers: at most so many at once to each, with a timeout, no redirects and bounded answers.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use millrace_domain::provider::{ProviderOrigin, ProviderWithSecret};
use millrace_domain::secret::Secret;
use parking_lot::Mutex;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;
use tokio::sync::Semaphore;

use super::network::PublicOnly;
use crate::retry_after::retry_after;

/// Largest answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 32 << 20;
/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// An answer of HTTP.
#[derive(Debug)]
pub(super) struct HttpAnswer {
    pub(super) status: u16,
    /// Seconds the server asks to wait.
    pub(super) retry_after: Option<u64>,
    pub(super) body: Bytes,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum NoAnswer {
    /// Not within the time.
    Timeout,
    /// The address is one that users may not name.
    Forbidden,
    /// No connection, or it broke.
    Broken(reqwest::Error),
    /// More than is read.
    TooLarge,
}

/// Places in a provider's line by its address and limit.
type Places = HashMap<(String, u32), Arc<Semaphore>>;

/// Calls providers. Shared by all tasks, so that the limits hold over all of them.
pub(super) struct ChatClient {
    /// For addresses of the configuration.
    any: reqwest::Client,
    /// For addresses that users name.
    public: reqwest::Client,
    allow_private: bool,
    places: Mutex<Places>,
}

impl ChatClient {
    /// A client. `allow_private` lets users name addresses of private networks.
    ///
    /// # Errors
    /// When the TLS roots of the machine cannot be read.
    pub(super) fn new(allow_private: bool) -> reqwest::Result<Self> {
        // A redirect would carry the document to where nobody sent it.
        let builder = || {
            reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .connect_timeout(CONNECT_TIMEOUT)
                .user_agent(concat!("millrace/", env!("CARGO_PKG_VERSION")))
        };
        Ok(Self {
            any: builder().build()?,
            public: builder().no_proxy().dns_resolver(Arc::new(PublicOnly)).build()?,
            allow_private,
            places: Mutex::default(),
        })
    }

    /// Sends one request when it is its turn.
    ///
    /// # Errors
    /// [`NoAnswer`]. Statuses of errors are answers.
    pub(super) async fn send(&self, provider: &ProviderWithSecret, body: &Value) -> Result<HttpAnswer, NoAnswer> {
        let definition = &provider.definition;
        let url = format!("{}/chat/completions", definition.base_url.trim_end_matches('/'));
        let is_restricted = provider.origin == ProviderOrigin::User && !self.allow_private;
        if is_restricted && !PublicOnly::allows_host(&url) {
            return Err(NoAnswer::Forbidden);
        }
        let client = if is_restricted { &self.public } else { &self.any };
        let line = self.line(&definition.base_url, definition.max_concurrency);
        // Never closed; without a place the request would only be one too many.
        let _place = line.acquire_owned().await;
        let mut request = client.post(url).timeout(Duration::from_secs(definition.timeout_seconds.into())).json(body);
        if let Some(key) = &provider.api_key {
            request = request.bearer_auth(Secret::expose(key));
        }
        let mut response = request.header(CONTENT_TYPE, "application/json").send().await.map_err(broken)?;
        let status = response.status().as_u16();
        let retry_after = retry_after(response.headers());
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(NoAnswer::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(HttpAnswer { status, retry_after, body: body.freeze() })
    }

    fn line(&self, base_url: &str, places: u32) -> Arc<Semaphore> {
        let mut lines = self.places.lock();
        let line = lines.entry((base_url.to_owned(), places));
        Arc::clone(line.or_insert_with(|| Arc::new(Semaphore::new(places.max(1) as usize))))
    }
}

fn broken(error: reqwest::Error) -> NoAnswer {
    if error.is_timeout() { NoAnswer::Timeout } else { NoAnswer::Broken(error.without_url()) }
}
