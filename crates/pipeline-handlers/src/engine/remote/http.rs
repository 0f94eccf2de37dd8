//! Requests to one service: within time and size, to known hosts, with refusals mapped to failures.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;
use reqwest::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::spool::{Spool, Spooled};
use super::{RemoteConfig, told, tried};
use crate::engine::EngineFailure;
use crate::failure::FailureCode;
use crate::retry_after::retry_after;

/// Largest answer that is no document, in bytes.
const MAX_STATUS_BYTES: u64 = 1 << 20;
/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A header that lets us in.
pub(in crate::engine) struct Credentials {
    /// Its name.
    pub(in crate::engine) header: HeaderName,
    /// Its value; marked as sensitive, so that nothing shows it.
    pub(in crate::engine) value: HeaderValue,
}

impl Credentials {
    /// A header with a secret in it.
    ///
    /// # Errors
    /// A secret that no header can carry, for people.
    pub(in crate::engine) fn new(header: HeaderName, secret: &str) -> Result<Self, String> {
        let mut value = HeaderValue::from_str(secret)
            .map_err(|_error| "the token has characters that no header carries".to_owned())?;
        value.set_sensitive(true);
        Ok(Self { header, value })
    }
}

/// A client of one service.
pub(in crate::engine) struct Http {
    client: Client,
    base: String,
    /// Host names that the service may name in its answers; one that begins with a dot stands for all below it.
    hosts: Vec<String>,
    /// Whether plain HTTP will do for those: it does for the service.
    is_plain: bool,
    service: &'static str,
    credentials: Option<Credentials>,
    timeout: Duration,
    max_result_bytes: u64,
}

impl Http {
    /// A client; `hosts` are those beside its own that the service may send us to.
    ///
    /// # Errors
    /// An address that is none, for people.
    pub(super) fn new(
        config: &RemoteConfig,
        service: &'static str,
        credentials: Option<Credentials>,
        hosts: &[String],
    ) -> Result<Self, String> {
        let url = Url::parse(&config.url).map_err(|error| format!("'{}' is no address: {error}", config.url))?;
        let host = url.host_str().ok_or_else(|| format!("'{}' names no host", config.url))?.to_owned();
        let mut builder =
            Client::builder().redirect(reqwest::redirect::Policy::none()).connect_timeout(CONNECT_TIMEOUT);
        if matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]") {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| format!("there is no HTTP client: {}", error.without_url()))?;
        Ok(Self {
            client,
            base: config.url.trim_end_matches('/').to_owned(),
            hosts: hosts.iter().cloned().chain([host]).collect(),
            is_plain: url.scheme() == "http",
            service,
            credentials,
            timeout: Duration::from_millis(config.request_timeout_ms),
            max_result_bytes: config.max_result_bytes,
        })
    }

    /// Name of the service for people.
    pub(in crate::engine) fn service(&self) -> &'static str {
        self.service
    }

    /// A request to the service itself, with credentials.
    pub(in crate::engine) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base)).timeout(self.timeout);
        match &self.credentials {
            Some(Credentials { header, value }) => request.header(header.clone(), value.clone()),
            None => request,
        }
    }

    /// A request to an address that the service named, without credentials.
    ///
    /// # Errors
    /// `parser_protocol` when the address is not of the configured hosts: an answer decides nothing about our network.
    pub(in crate::engine) fn foreign(&self, method: Method, url: &str) -> Result<RequestBuilder, EngineFailure> {
        let parsed =
            Url::parse(url).ok().filter(|url| url.scheme() == "https" || (self.is_plain && url.scheme() == "http"));
        let host = parsed.as_ref().and_then(Url::host_str).unwrap_or_default();
        let is_known =
            self.hosts.iter().any(|known| host == known || (known.starts_with('.') && host.ends_with(known.as_str())));
        match parsed.as_ref() {
            Some(url) if is_known => Ok(self.client.request(method, url.clone())),
            _ => {
                tracing::warn!(service = self.service, host, "a remote parser names a host that is not configured");
                let text = format!("{} names an address that is not among its configured hosts", self.service);
                Err(tried(FailureCode::ParserProtocol, text))
            }
        }
    }

    /// Sends a request; any status is fine here.
    pub(in crate::engine) async fn send(&self, request: RequestBuilder) -> Result<Response, EngineFailure> {
        request.send().await.map_err(|error| self.broken(error))
    }

    /// The JSON of an answer.
    pub(in crate::engine) async fn json<T: DeserializeOwned>(&self, response: Response) -> Result<T, EngineFailure> {
        let bytes = self.bytes(response, MAX_STATUS_BYTES).await?;
        serde_json::from_slice(&bytes).map_err(|error| {
            tried(FailureCode::ParserProtocol, format!("the answer of {} is not understood: {error}", self.service))
        })
    }

    /// The answer, within the limit of results.
    pub(in crate::engine) async fn spool(&self, response: Response) -> Result<Spooled, EngineFailure> {
        let mut spool = Spool::new(self.max_result_bytes);
        let mut chunks = response.bytes_stream();
        while let Some(chunk) = chunks.try_next().await.map_err(|error| self.broken(error))? {
            if !spool.add(&chunk)? {
                return Err(self.too_large(self.max_result_bytes));
            }
        }
        Ok(spool.finish())
    }

    /// What a status means that is none of those that the caller knows.
    pub(in crate::engine) async fn refusal(&self, response: Response) -> EngineFailure {
        let status = response.status();
        let retry_after = retry_after(response.headers());
        let detail = self.bytes(response, MAX_STATUS_BYTES).await.ok().map(|body| detail(&body)).unwrap_or_default();
        let mut failure = self.by_status(status, &detail);
        failure.failure.retry_after_seconds = retry_after.filter(|_| failure.failure.retryable);
        failure
    }

    fn by_status(&self, status: StatusCode, detail: &str) -> EngineFailure {
        let said = if detail.is_empty() { String::new() } else { format!(": {detail}") };
        let text = |what: &str| format!("{} {what} (status {}){said}", self.service, status.as_u16());
        match status.as_u16() {
            401 | 403 => tried(FailureCode::ParserUnauthorized, text("does not accept the configured credentials")),
            413 => tried(FailureCode::FileTooLarge, text("takes no file of this size")),
            429 | 503 => tried(FailureCode::ParserBusy, text("has too much to do")),
            408 | 425 | 500..=599 => tried(FailureCode::ParserUnreachable, text("is out of order")),
            300..=399 => tried(FailureCode::ParserProtocol, text("redirects, which is not followed")),
            400..=499 => tried(FailureCode::ParserRejected, text("does not accept the request")),
            _ => tried(FailureCode::ParserProtocol, text("answers with an unknown status")),
        }
    }

    async fn bytes(&self, response: Response, limit: u64) -> Result<Bytes, EngineFailure> {
        let mut bytes = BytesMut::new();
        let mut chunks = response.bytes_stream();
        while let Some(chunk) = chunks.try_next().await.map_err(|error| self.broken(error))? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() as u64 > limit {
                return Err(self.too_large(limit));
            }
        }
        Ok(bytes.freeze())
    }

    fn too_large(&self, limit: u64) -> EngineFailure {
        tried(FailureCode::OutputTooLarge, format!("the answer of {} is larger than {limit} bytes", self.service))
    }

    /// A request that got no whole answer. Addresses may hold signatures, so they are not shown.
    fn broken(&self, error: reqwest::Error) -> EngineFailure {
        let error = error.without_url();
        tracing::info!(
            service = self.service,
            error = &error as &dyn std::error::Error,
            "a remote parser does not answer"
        );
        let how = if error.is_timeout() {
            "does not answer in time"
        } else if error.is_connect() {
            "cannot be reached"
        } else {
            "broke off in the middle of a request"
        };
        tried(FailureCode::ParserUnreachable, format!("{} {how}", self.service))
    }
}

/// `Content-Length` of an upload.
pub(in crate::engine) fn with_length(request: RequestBuilder, size: u64) -> RequestBuilder {
    request.header(CONTENT_LENGTH, size)
}

/// What a refusal says: `detail`, `message`, `msg` or `error` of its JSON.
fn detail(body: &[u8]) -> String {
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return String::new() };
    let said =
        ["detail", "message", "msg", "error"].iter().find_map(|key| value.get(key).filter(|said| !said.is_null()));
    match said {
        Some(Value::String(text)) => told(text),
        Some(other) => told(&other.to_string()),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http(url: &str, hosts: &[&str]) -> Http {
        let config = RemoteConfig { url: url.to_owned(), ..RemoteConfig::default() };
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        Http::new(&config, "a service", None, &hosts).expect("a client")
    }

    #[test]
    fn only_configured_hosts_are_asked() {
        let http = http("https://parser.example/api", &[".cdn.example"]);
        for (url, is_fine) in [
            ("https://parser.example/result", true),
            ("https://a.cdn.example/x?signature=1", true),
            ("http://parser.example/result", false),
            ("https://cdn.example.evil/x", false),
            ("https://evilcdn.example/x", false),
            ("https://127.0.0.1/x", false),
            ("http://169.254.169.254/latest", false),
            ("file:///etc/passwd", false),
            ("https://user@evil/@a.cdn.example", false),
            ("nonsense", false),
        ] {
            assert_eq!(http.foreign(Method::GET, url).is_ok(), is_fine, "{url}");
        }
        assert!(
            Http::new(&RemoteConfig { url: "no address".into(), ..RemoteConfig::default() }, "s", None, &[]).is_err()
        );
    }

    #[test]
    fn statuses_have_a_meaning() {
        let http = http("http://127.0.0.1:1", &[]);
        for (status, code, retryable) in [
            (401, "parser_unauthorized", false),
            (403, "parser_unauthorized", false),
            (400, "parser_rejected", false),
            (422, "parser_rejected", false),
            (413, "file_too_large", false),
            (429, "parser_busy", true),
            (503, "parser_busy", true),
            (500, "parser_unreachable", true),
            (504, "parser_unreachable", true),
            (302, "parser_protocol", false),
        ] {
            let failure = http.by_status(StatusCode::from_u16(status).expect("a status"), "why").failure;
            assert_eq!((failure.code.as_str(), failure.retryable), (code, retryable), "{status}");
            assert!(failure.message.contains("why"), "{}", failure.message);
        }
        assert_eq!(detail(br#"{"detail": [{"loc": ["body"]}]}"#), r#"[{"loc":["body"]}]"#);
        assert_eq!(detail(b"<html>"), "");
    }
}
