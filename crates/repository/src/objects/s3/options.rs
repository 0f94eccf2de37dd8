//! How to reach an S3 service.

use std::fmt;
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{BackoffConfig, ClientOptions, RetryConfig};

use super::super::location::{OpenError, config};

/// The longest one request may take, its body (at most one part) included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// The longest a request is tried again before the caller hears of it.
const RETRY_FOR: Duration = Duration::from_secs(60);

/// Options of an S3 service. Without keys, the standard `AWS_*` environment variables and the identity of the machine
/// (container, web identity, instance metadata) are asked, as the AWS tools do.
#[derive(Clone)]
pub struct S3Options {
    /// URL of the service, for all but AWS itself: `http://127.0.0.1:9000`, `https://<account>.r2.cloudflarestorage.com`.
    pub endpoint: Option<String>,
    /// Region; `us-east-1` when absent, which MinIO, R2 and Supabase accept.
    pub region: Option<String>,
    /// Access key id; comes with [`secret_access_key`](Self::secret_access_key) or not at all.
    pub access_key_id: Option<String>,
    /// Secret key.
    pub secret_access_key: Option<String>,
    /// Token of temporary keys.
    pub session_token: Option<String>,
    /// Bucket in the path (`endpoint/bucket/key`), which every service understands, or else in the host name.
    pub path_style: bool,
    /// Whether an `http://` endpoint is accepted.
    pub allow_http: bool,
}

impl Default for S3Options {
    fn default() -> Self {
        Self {
            endpoint: None,
            region: None,
            access_key_id: None,
            secret_access_key: None,
            session_token: None,
            path_style: true,
            allow_http: false,
        }
    }
}

impl fmt::Debug for S3Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let redacted = |secret: &Option<String>| secret.as_ref().map(|_| "[redacted]");
        f.debug_struct("S3Options")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .field("access_key_id", &self.access_key_id)
            .field("secret_access_key", &redacted(&self.secret_access_key))
            .field("session_token", &redacted(&self.session_token))
            .field("path_style", &self.path_style)
            .field("allow_http", &self.allow_http)
            .finish()
    }
}

impl S3Options {
    /// The client for one bucket. Sends nothing.
    pub(super) fn client(&self, bucket: &str) -> Result<AmazonS3, OpenError> {
        let mut builder = match (&self.access_key_id, &self.secret_access_key) {
            (Some(id), Some(secret)) => AmazonS3Builder::new().with_access_key_id(id).with_secret_access_key(secret),
            (None, None) if self.session_token.is_some() => {
                return Err(config("an S3 session token needs its access key id and secret access key"));
            }
            (None, None) => AmazonS3Builder::from_env(),
            (Some(_), None) => return Err(config("the S3 access key id comes without its secret access key")),
            (None, Some(_)) => return Err(config("the S3 secret access key comes without its access key id")),
        };
        if let Some(token) = &self.session_token {
            builder = builder.with_token(token);
        }
        if let Some(region) = &self.region {
            builder = builder.with_region(region);
        }
        if let Some(endpoint) = &self.endpoint {
            builder = builder.with_endpoint(self.endpoint_for(endpoint, bucket)?);
        }
        let client = ClientOptions::new().with_allow_http(self.allow_http).with_timeout(REQUEST_TIMEOUT);
        let backoff = BackoffConfig { max_backoff: Duration::from_secs(5), ..BackoffConfig::default() };
        builder
            .with_bucket_name(bucket)
            .with_virtual_hosted_style_request(!self.path_style)
            .with_client_options(client)
            .with_retry(RetryConfig { backoff, max_retries: 5, retry_timeout: RETRY_FOR })
            .build()
            .map_err(OpenError::S3)
    }

    /// The endpoint as the client wants it: with the bucket in the host unless it goes into the path.
    fn endpoint_for(&self, endpoint: &str, bucket: &str) -> Result<String, OpenError> {
        let endpoint = endpoint.trim_end_matches('/');
        let (scheme, host) = match endpoint.split_once("://") {
            Some((scheme @ ("http" | "https"), host)) if !host.is_empty() => (scheme, host),
            _ => return Err(config(format!("the S3 endpoint '{endpoint}' must start with https:// or http://"))),
        };
        if host.contains('@') {
            return Err(config("the S3 endpoint must not hold credentials; set the keys by their own options"));
        }
        if scheme == "http" && !self.allow_http {
            return Err(config(format!(
                "the S3 endpoint '{endpoint}' is not encrypted; set allow_http to accept that"
            )));
        }
        if self.path_style || host.starts_with(&format!("{bucket}.")) {
            return Ok(endpoint.to_owned());
        }
        Ok(format!("{scheme}://{bucket}.{host}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> S3Options {
        let (access_key_id, secret_access_key) = (Some("id".to_owned()), Some("hush".to_owned()));
        S3Options { access_key_id, secret_access_key, ..S3Options::default() }
    }

    #[test]
    fn secrets_do_not_print() {
        let options = S3Options { session_token: Some("hush".to_owned()), ..keys() };
        let text = format!("{options:?}");
        assert!(!text.contains("hush") && text.contains("[redacted]"), "{text}");
    }

    #[test]
    fn mistakes_are_named() {
        let endpoint = |url: &str| S3Options { endpoint: Some(url.to_owned()), ..keys() };
        for (options, hint) in [
            (endpoint("http://127.0.0.1:9000"), "allow_http"),
            (endpoint("127.0.0.1:9000"), "must start with"),
            (endpoint("https://id:hush@host"), "must not hold credentials"),
            (S3Options { secret_access_key: None, ..keys() }, "without its secret"),
            (S3Options { access_key_id: None, ..keys() }, "without its access key id"),
            (S3Options { session_token: Some("t".to_owned()), ..S3Options::default() }, "session token needs"),
        ] {
            let error = options.client("bucket").err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(hint), "{hint}: {error}");
            assert!(!error.contains("hush"), "{error}");
        }
        assert!(endpoint("https://s3.example.com").client("bucket").is_ok());
    }

    #[test]
    fn the_bucket_moves_into_the_host() {
        let options = S3Options { path_style: false, ..keys() };
        for endpoint in ["https://s3.example.com/", "https://bucket.s3.example.com"] {
            let moved = options.endpoint_for(endpoint, "bucket").expect("an endpoint");
            assert_eq!(moved, "https://bucket.s3.example.com");
        }
        assert_eq!(keys().endpoint_for("https://a.b", "bucket").expect("an endpoint"), "https://a.b");
    }
}
