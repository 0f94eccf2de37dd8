//! API keys on the wire.

use chrono::{DateTime, Utc};
use millrace_domain::ApiKeyId;
use millrace_domain::api_key::ApiKey;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::common::Id;

/// What a caller chooses about an API key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "nightly import", "expires_at": "2027-11-22T00:00:00Z"}))]
pub struct ApiKeyInput {
    /// Name for people.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Not valid from this time on; without it, valid until revoked.
    #[serde(default)]
    pub expires_at: Option<DateTime<Utc>>,
}

/// An API key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKey, example = json!({
    "api_key_id": 3, "name": "nightly import", "prefix": "mlr_live_a1B2c3",
    "created_at": "2026-11-22T08:00:00Z", "expires_at": null, "last_used_at": null, "revoked_at": null
}))]
pub struct ApiKeyBody {
    /// Its id.
    #[schema(value_type = Id)]
    pub api_key_id: ApiKeyId,
    /// Name for people.
    pub name: String,
    /// The first characters, to recognise it by.
    pub prefix: String,
    /// Stored at.
    pub created_at: DateTime<Utc>,
    /// Not valid from this time on.
    pub expires_at: Option<DateTime<Utc>>,
    /// Last use, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Revoked at.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl From<&ApiKey> for ApiKeyBody {
    fn from(key: &ApiKey) -> Self {
        Self {
            api_key_id: key.id,
            name: key.name.clone(),
            prefix: key.prefix.clone(),
            created_at: key.created_at,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
            revoked_at: key.revoked_at,
        }
    }
}

/// A new API key.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NewApiKey, example = json!({
    "api_key_id": 3, "name": "nightly import", "prefix": "mlr_live_a1B2c3",
    "created_at": "2026-11-22T08:00:00Z", "expires_at": null, "last_used_at": null, "revoked_at": null,
    "key": "mlr_live_a1B2c3d4E5f6g7H8i9j0K1l2m3N4o5p6abcdef"
}))]
pub struct NewApiKeyBody {
    /// The key without its secret.
    #[serde(flatten)]
    pub api_key: ApiKeyBody,
    /// The secret. Shown this once; null when the answer is repeated for an `Idempotency-Key`, since it is not stored.
    pub key: Option<String>,
}
