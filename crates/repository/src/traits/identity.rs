//! Users, API keys, idempotency receipts.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use millrace_domain::api_key::ApiKey;
use millrace_domain::user::User;
use millrace_domain::{ApiKeyId, UserId};

use crate::receipt::{Receipt, StoredReceipt};
use crate::{Page, Result};

/// Users.
#[async_trait]
pub trait UserRepository: Send + Sync + 'static {
    /// The user that stands for an outside subject, made at first sight. Concurrent calls agree on one.
    async fn ensure(&self, issuer: &str, subject: &str, now: DateTime<Utc>) -> Result<User>;
    /// A user by id.
    async fn get(&self, id: UserId) -> Result<Option<User>>;
}

/// An API key that is not stored yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApiKey {
    /// Who it acts for.
    pub user_id: UserId,
    /// Name for people.
    pub name: String,
    /// The first characters of the secret.
    pub prefix: String,
    /// SHA-256 of the secret.
    pub hash: [u8; 32],
    /// Not valid from this time on.
    pub expires_at: Option<DateTime<Utc>>,
}

/// API keys.
#[async_trait]
pub trait ApiKeyRepository: Send + Sync + 'static {
    /// Stores a key.
    async fn create(&self, new: &NewApiKey, now: DateTime<Utc>, receipt: Option<&Receipt<ApiKey>>) -> Result<ApiKey>;
    /// The key with this hash, revoked and expired ones included; the caller checks validity.
    async fn find_by_hash(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>>;
    /// A user's keys.
    async fn list(&self, user: UserId, page: Page<ApiKeyId>) -> Result<Vec<ApiKey>>;
    /// Whether anybody has a key that is valid now.
    async fn any_valid(&self, now: DateTime<Utc>) -> Result<bool>;
    /// Revokes a key; revoking again changes nothing.
    ///
    /// # Errors
    /// `NotFound("api key")`.
    async fn revoke(&self, user: UserId, id: ApiKeyId, now: DateTime<Utc>) -> Result<ApiKey>;
    /// Notes the last use.
    async fn touch(&self, id: ApiKeyId, now: DateTime<Utc>) -> Result<()>;
}

/// Receipts of requests that were answered.
#[async_trait]
pub trait IdempotencyRepository: Send + Sync + 'static {
    /// The receipt of a request, unless expired at `now`.
    async fn find(&self, user: UserId, operation: &str, key: &str, now: DateTime<Utc>)
    -> Result<Option<StoredReceipt>>;
    /// Forgets at most `limit` receipts that expired before `now`; how many it was.
    async fn sweep(&self, now: DateTime<Utc>, limit: usize) -> Result<usize>;
}
