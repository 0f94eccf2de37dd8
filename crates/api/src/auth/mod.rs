//! Who sends a request: API keys, tokens of outside issuers, or the owner of a loopback installation.

pub mod api_key;
mod cache;
mod jwks;
mod jwt;
mod local;

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use chrono::{DateTime, TimeDelta, Utc};
use millrace_domain::ports::Clock;
use millrace_domain::{ApiKeyId, ErrorKind, Fault, UserId};
use millrace_repository::{ApiKeyRepository, UserRepository};

pub use jwks::{HttpJwksSource, JwksSource};
pub use jwt::{IssuerConfig, IssuerKeys};

use crate::problem::Problem;
use cache::{Cached, CredentialCache};
use jwt::Issuers;

/// Header that carries an API key without a scheme.
pub const API_KEY_HEADER: &str = "x-api-key";
/// Longest credential that is looked at, in bytes.
const MAX_CREDENTIAL: usize = 8 * 1024;
/// How long a valid credential is trusted without asking again. Revoking on this node acts at once all the same.
const TRUST_SECONDS: i64 = 30;
/// `last_used_at` is exact to this.
const TOUCH_SECONDS: i64 = 60;

/// Who sends a request. Handlers take it as an argument; without one there is no access to anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Principal {
    /// The user it acts for.
    pub user: UserId,
}

impl FromRequest for Principal {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    /// The layer at the edge has authenticated the request before any argument is read.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let principal = request.extensions().get::<Self>().copied();
        ready(principal.ok_or_else(|| Problem::new("missing_credentials", "credentials are missing")))
    }
}

/// What is trusted.
#[derive(Debug, Clone, Default)]
pub struct AuthConfig {
    /// Issuers of tokens.
    pub issuers: Vec<IssuerConfig>,
    /// Whether API keys are refused.
    pub refuse_api_keys: bool,
    /// The user of requests without credentials; only for an installation that listens on loopback alone.
    pub local_owner: Option<UserId>,
}

/// Authenticates requests. Shared by all workers of a process.
pub struct Authenticator {
    api_keys: Arc<dyn ApiKeyRepository>,
    clock: Arc<dyn Clock>,
    issuers: Issuers,
    local_owner: Option<UserId>,
    refuse_api_keys: bool,
    cache: CredentialCache,
}

impl Authenticator {
    /// Builds it. `jwks` fetches key sets of issuers that publish them.
    pub fn new(
        config: AuthConfig,
        users: Arc<dyn UserRepository>,
        api_keys: Arc<dyn ApiKeyRepository>,
        clock: Arc<dyn Clock>,
        jwks: Arc<dyn JwksSource>,
    ) -> Self {
        let issuers = Issuers::new(config.issuers, users, Arc::clone(&clock), jwks);
        Self {
            api_keys,
            clock,
            issuers,
            local_owner: config.local_owner,
            refuse_api_keys: config.refuse_api_keys,
            cache: CredentialCache::default(),
        }
    }

    /// Finds out who sends a request.
    ///
    /// # Errors
    /// `missing_credentials`, `invalid_credentials`; `forbidden` for what a browser sends on behalf of another site;
    /// `unavailable` when the database does not answer.
    pub async fn authenticate(&self, headers: &HeaderMap) -> Result<Principal, Fault> {
        let Some(credential) = credential(headers)? else {
            let Some(user) = self.local_owner else {
                return Err(Fault::new(ErrorKind::Unauthenticated, "missing_credentials", "credentials are missing"));
            };
            local::check_origin(headers)?;
            return Ok(Principal { user });
        };
        let now = self.clock.now();
        let hash = api_key::hash(credential);
        if let Some(cached) = self.cache.get(&hash, now) {
            self.touch(&cached, now);
            return Ok(Principal { user: cached.user });
        }
        let seen = self.cache.generation();
        let fresh = if api_key::looks_like_one(credential) {
            self.check_api_key(&hash, now).await?
        } else {
            self.issuers.check(credential, now).await?
        };
        self.touch(&fresh, now);
        let principal = Principal { user: fresh.user };
        self.cache.insert(hash, fresh, seen);
        Ok(principal)
    }

    /// Forgets a key that was revoked.
    pub fn forget(&self, key: ApiKeyId) {
        self.cache.forget(key);
    }

    async fn check_api_key(&self, hash: &[u8; 32], now: DateTime<Utc>) -> Result<Cached, Fault> {
        if self.refuse_api_keys {
            return Err(invalid());
        }
        let key = self.api_keys.find_by_hash(hash).await?.ok_or_else(invalid)?;
        if !bool::from(subtle::ConstantTimeEq::ct_eq(&key.hash[..], &hash[..])) || !key.is_valid_at(now) {
            return Err(invalid());
        }
        let trusted = now + TimeDelta::seconds(TRUST_SECONDS);
        let until = key.expires_at.map_or(trusted, |end| end.min(trusted));
        Ok(Cached::new(key.user_id, Some(key.id), until, key.last_used_at))
    }

    fn touch(&self, cached: &Cached, now: DateTime<Utc>) {
        let Some(id) = cached.api_key else { return };
        if !cached.begin_touch(now, TimeDelta::seconds(TOUCH_SECONDS)) {
            return;
        }
        let keys = Arc::clone(&self.api_keys);
        // The request does not wait for it: nothing is lost but a minute of `last_used_at`.
        tokio::spawn(async move {
            if let Err(error) = keys.touch(id, now).await {
                tracing::warn!(api_key.id = id.get(), error = %error, "the last use of an API key could not be noted");
            }
        });
    }
}

fn invalid() -> Fault {
    Fault::new(ErrorKind::Unauthenticated, "invalid_credentials", "the credentials are not valid")
}

/// The key or token of a request. Both headers at once are refused, since one would be ignored.
fn credential(headers: &HeaderMap) -> Result<Option<&str>, Fault> {
    let bearer = match headers.get(AUTHORIZATION) {
        None => None,
        Some(value) => {
            let text = value.to_str().map_err(|_error| invalid())?;
            let (scheme, credential) = text.split_once(' ').ok_or_else(invalid)?;
            if !scheme.eq_ignore_ascii_case("bearer") {
                return Err(invalid());
            }
            Some(credential.trim())
        }
    };
    let key = match headers.get(API_KEY_HEADER) {
        None => None,
        Some(value) => Some(value.to_str().map_err(|_error| invalid())?.trim()),
    };
    match (bearer, key) {
        (Some(_), Some(_)) => Err(invalid()),
        (Some(credential), None) | (None, Some(credential)) => {
            if credential.is_empty() || credential.len() > MAX_CREDENTIAL {
                Err(invalid())
            } else {
                Ok(Some(credential))
            }
        }
        (None, None) => Ok(None),
    }
}
