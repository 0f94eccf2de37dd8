//! API keys as stored: never the secret itself.

use chrono::{DateTime, Utc};

use crate::ids::{ApiKeyId, UserId};

/// An API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Who it acts for.
    pub user_id: UserId,
    /// Name for people.
    pub name: String,
    /// The first characters of the secret, to recognise it by.
    pub prefix: String,
    /// SHA-256 of the whole secret (its entropy is high, so no slow hash is needed).
    pub hash: [u8; 32],
    /// Stored at.
    pub created_at: DateTime<Utc>,
    /// Not valid from this time on.
    pub expires_at: Option<DateTime<Utc>>,
    /// Last use, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Revoked at.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl ApiKey {
    /// Whether it opens the door at this time.
    pub fn is_valid_at(&self, now: DateTime<Utc>) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}
