//! Tokens (RFC 7519) of configured issuers.
//!
//! The algorithm comes from the issuer's configuration or its published key, never from the token; `jku`, `jwk` and
//! `x5u` headers are never looked at.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::dangerous::insecure_decode_claims;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use millrace_domain::ports::Clock;
use millrace_domain::{Fault, UserId};
use millrace_repository::UserRepository;
use parking_lot::RwLock;
use serde::Deserialize;

use super::cache::Cached;
use super::jwks::{JwksSource, KeySet};
use super::{TRUST_SECONDS, invalid};

/// Clocks may differ by so much.
const LEEWAY_SECONDS: i64 = 5;
/// Most subjects remembered; above it, all are asked for again.
const MAX_SUBJECTS: usize = 100_000;

/// An issuer whose tokens are accepted.
#[derive(Debug, Clone)]
pub struct IssuerConfig {
    /// The `iss` of its tokens, exactly.
    pub issuer: String,
    /// Accepted `aud`; a token must name at least one of them.
    pub audiences: Vec<String>,
    /// How its tokens are signed.
    pub keys: IssuerKeys,
}

/// Either a shared secret or published keys: an issuer that had both could be tricked into one by the other.
#[derive(Clone)]
pub enum IssuerKeys {
    /// HS256 with this secret.
    Secret(Arc<[u8]>),
    /// ES256 or RS256 with the keys at this URL.
    Jwks {
        /// Where the key set is published.
        url: String,
    },
}

impl fmt::Debug for IssuerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(_) => f.write_str("Secret(..)"),
            Self::Jwks { url } => f.debug_struct("Jwks").field("url", url).finish(),
        }
    }
}

#[derive(Debug, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: f64,
    #[serde(default)]
    nbf: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn names_one_of(&self, accepted: &[String]) -> bool {
        match self {
            Self::One(name) => accepted.contains(name),
            Self::Many(names) => names.iter().any(|name| accepted.contains(name)),
        }
    }
}

#[derive(Deserialize)]
struct ClaimedIssuer {
    iss: String,
}

struct Issuer {
    config: IssuerConfig,
    keys: Keys,
}

enum Keys {
    Secret(DecodingKey),
    Published(KeySet),
}

/// All issuers, and the users that their subjects stand for.
pub struct Issuers {
    issuers: Vec<Issuer>,
    users: Arc<dyn UserRepository>,
    subjects: RwLock<HashMap<(String, String), UserId>>,
}

impl Issuers {
    pub fn new(
        configs: Vec<IssuerConfig>,
        users: Arc<dyn UserRepository>,
        clock: Arc<dyn Clock>,
        jwks: Arc<dyn JwksSource>,
    ) -> Self {
        let issuer = |config: IssuerConfig| {
            let keys = match &config.keys {
                IssuerKeys::Secret(secret) => Keys::Secret(DecodingKey::from_secret(secret)),
                IssuerKeys::Jwks { url } => {
                    Keys::Published(KeySet::new(url.clone(), Arc::clone(&jwks), Arc::clone(&clock)))
                }
            };
            Issuer { config, keys }
        };
        Self { issuers: configs.into_iter().map(issuer).collect(), users, subjects: RwLock::default() }
    }

    /// Checks a token and finds its user.
    ///
    /// # Errors
    /// `invalid_credentials`; `unavailable` when the database does not answer.
    pub async fn check(&self, token: &str, now: DateTime<Utc>) -> Result<Cached, Fault> {
        let claims = match self.claims(token, now).await {
            Ok(claims) => claims,
            Err(why) => {
                tracing::debug!(why, "a token was refused");
                return Err(invalid());
            }
        };
        let user = self.user(&claims, now).await?;
        let trusted = now + TimeDelta::seconds(TRUST_SECONDS);
        let until = instant(claims.exp).map_or(trusted, |end| end.min(trusted));
        Ok(Cached::new(user, None, until, None))
    }

    async fn claims(&self, token: &str, now: DateTime<Utc>) -> Result<Claims, &'static str> {
        // Only to choose whose keys to check with; what is believed is read again after the signature.
        let claimed: ClaimedIssuer = insecure_decode_claims(token).map_err(|_error| "it cannot be read")?;
        let issuer = self.issuers.iter().find(|issuer| issuer.config.issuer == claimed.iss).ok_or("unknown issuer")?;
        let header = decode_header(token).map_err(|_error| "its header cannot be read")?;
        let (key, algorithm) = match &issuer.keys {
            Keys::Secret(key) => (key.clone(), Algorithm::HS256),
            Keys::Published(set) => set.find(header.kid.as_deref()).await.ok_or("unknown key")?,
        };
        let claims =
            decode::<Claims>(token, &key, &signature_only(algorithm)).map_err(|_error| "wrong signature")?.claims;
        if claims.iss != issuer.config.issuer {
            return Err("wrong issuer");
        }
        if !claims.aud.names_one_of(&issuer.config.audiences) {
            return Err("wrong audience");
        }
        let leeway = TimeDelta::seconds(LEEWAY_SECONDS);
        if instant(claims.exp).is_none_or(|end| now >= end + leeway) {
            return Err("expired");
        }
        if claims.nbf.is_some_and(|begin| instant(begin).is_none_or(|begin| now + leeway < begin)) {
            return Err("not valid yet");
        }
        if claims.sub.is_empty() { Err("no subject") } else { Ok(claims) }
    }

    async fn user(&self, claims: &Claims, now: DateTime<Utc>) -> Result<UserId, Fault> {
        let subject = (claims.iss.clone(), claims.sub.clone());
        if let Some(user) = self.subjects.read().get(&subject) {
            return Ok(*user);
        }
        let user = self.users.ensure(&subject.0, &subject.1, now).await?.id;
        let mut subjects = self.subjects.write();
        if subjects.len() >= MAX_SUBJECTS {
            subjects.clear();
        }
        subjects.insert(subject, user);
        Ok(user)
    }
}

/// The library checks the signature with one algorithm; times are checked against the injected clock.
fn signature_only(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    validation
}

fn instant(seconds: f64) -> Option<DateTime<Utc>> {
    if !seconds.is_finite() || seconds.abs() > 1e11 {
        return None;
    }
    DateTime::from_timestamp(seconds as i64, 0)
}
