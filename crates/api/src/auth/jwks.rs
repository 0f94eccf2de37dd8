//! Key sets that issuers publish (RFC 7517): cached, refreshed on an unknown key, kept while the issuer is away.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk};
use jsonwebtoken::{Algorithm, DecodingKey};
use millrace_domain::ports::Clock;
use parking_lot::RwLock;
use serde_json::Value;
use tokio::sync::Mutex;

/// A set is fetched again after this.
const FRESH: TimeDelta = TimeDelta::minutes(10);
/// A set that cannot be fetched again is believed for this long.
const STALE: TimeDelta = TimeDelta::hours(24);
/// At least so long between two fetches, whatever keys tokens name.
const BETWEEN_FETCHES: TimeDelta = TimeDelta::seconds(30);
/// Largest set that is read, in bytes.
const MAX_BYTES: usize = 1024 * 1024;

/// Fetches key sets.
#[async_trait]
pub trait JwksSource: Send + Sync + 'static {
    /// The document at a URL.
    ///
    /// # Errors
    /// Whatever went wrong; it is logged and the old set is kept.
    async fn fetch(&self, url: &str) -> anyhow::Result<Value>;
}

/// Fetches over HTTP, without following redirects.
#[derive(Debug, Clone)]
pub struct HttpJwksSource {
    client: reqwest::Client,
}

impl HttpJwksSource {
    /// A client with a timeout of 5 seconds.
    ///
    /// # Errors
    /// When the TLS roots of the machine cannot be read.
    pub fn new() -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(5))
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { client })
    }
}

#[async_trait]
impl JwksSource for HttpJwksSource {
    async fn fetch(&self, url: &str) -> anyhow::Result<Value> {
        let response = self.client.get(url).send().await?.error_for_status()?;
        anyhow::ensure!(response.status().is_success(), "the key set answered with {}", response.status());
        let mut body = Vec::new();
        let mut chunks = response.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            body.extend_from_slice(&chunk?);
            anyhow::ensure!(body.len() <= MAX_BYTES, "the key set is larger than {MAX_BYTES} bytes");
        }
        Ok(serde_json::from_slice(&body)?)
    }
}

struct Fetched {
    keys: Vec<(Option<String>, DecodingKey, Algorithm)>,
    at: Option<DateTime<Utc>>,
}

/// One issuer's keys.
pub struct KeySet {
    url: String,
    source: Arc<dyn JwksSource>,
    clock: Arc<dyn Clock>,
    fetched: RwLock<Fetched>,
    /// Held while fetching; the time of the last try.
    last_try: Mutex<Option<DateTime<Utc>>>,
}

impl KeySet {
    pub fn new(url: String, source: Arc<dyn JwksSource>, clock: Arc<dyn Clock>) -> Self {
        let fetched = RwLock::new(Fetched { keys: Vec::new(), at: None });
        Self { url, source, clock, fetched, last_try: Mutex::default() }
    }

    /// The key that a token names, and the algorithm that goes with it. A token that names none gets the only key.
    pub async fn find(&self, kid: Option<&str>) -> Option<(DecodingKey, Algorithm)> {
        let now = self.clock.now();
        let age = self.fetched.read().at.map(|at| now - at);
        let known = self.known(kid, now);
        if known.is_some() && age.is_some_and(|age| age < FRESH) {
            return known;
        }
        // Somebody else is fetching: an old key does meanwhile.
        let last_try = match (known.is_some(), self.last_try.try_lock()) {
            (_, Ok(guard)) => guard,
            (true, Err(_)) => return known,
            (false, Err(_)) => self.last_try.lock().await,
        };
        self.refresh(last_try, now).await;
        self.known(kid, now)
    }

    async fn refresh(&self, mut last_try: tokio::sync::MutexGuard<'_, Option<DateTime<Utc>>>, now: DateTime<Utc>) {
        if last_try.is_some_and(|at| now - at < BETWEEN_FETCHES) {
            return;
        }
        *last_try = Some(now);
        match self.source.fetch(&self.url).await {
            Ok(document) => *self.fetched.write() = Fetched { keys: read_keys(&document), at: Some(now) },
            Err(error) => {
                tracing::warn!(jwks.url = self.url, error = %error, "a key set could not be fetched; the old one is kept");
            }
        }
    }

    fn known(&self, kid: Option<&str>, now: DateTime<Utc>) -> Option<(DecodingKey, Algorithm)> {
        let fetched = self.fetched.read();
        if fetched.at.is_none_or(|at| now - at > STALE) {
            return None;
        }
        let found = match kid {
            Some(_) => fetched.keys.iter().find(|(known, _, _)| known.as_deref() == kid),
            None if fetched.keys.len() == 1 => fetched.keys.first(),
            None => None,
        };
        found.map(|(_, key, algorithm)| (key.clone(), *algorithm))
    }
}

/// The signing keys of the kinds we check. Others in the set are passed over, not refused.
fn read_keys(document: &Value) -> Vec<(Option<String>, DecodingKey, Algorithm)> {
    let keys = document.get("keys").and_then(Value::as_array).into_iter().flatten();
    keys.filter_map(|key| {
        let key: Jwk = serde_json::from_value(key.clone()).ok()?;
        let algorithm = match &key.algorithm {
            AlgorithmParameters::RSA(_) => Algorithm::RS256,
            AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => Algorithm::ES256,
            _ => return None,
        };
        let decoding = DecodingKey::from_jwk(&key).ok()?;
        Some((key.common.key_id, decoding, algorithm))
    })
    .collect()
}
