//! Receipts of idempotent requests, stored in the transaction that does the work.

use chrono::{DateTime, Utc};
use millrace_domain::UserId;

/// A response as it was first given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredResponse {
    /// HTTP status.
    pub status: u16,
    /// JSON text of the body; empty for none.
    pub body: String,
    /// Value of the `Location` header.
    pub location: Option<String>,
}

/// What identifies a request and its repeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptKey {
    /// Who sent it.
    pub user_id: UserId,
    /// Method and path, for instance `POST /api/v1/projects`.
    pub operation: String,
    /// The `Idempotency-Key` header.
    pub key: String,
    /// SHA-256 over what was asked; a repeat must have the same.
    pub fingerprint: [u8; 32],
    /// Forgotten from this time on.
    pub expires_at: DateTime<Utc>,
}

/// A receipt to store with the work. `render` makes the response from what was stored; it is called inside the
/// transaction, once, and must not block.
pub struct Receipt<T: ?Sized> {
    /// What identifies the request.
    pub key: ReceiptKey,
    /// Makes the response.
    pub render: Box<dyn Fn(&T) -> StoredResponse + Send + Sync>,
}

impl<T: ?Sized> std::fmt::Debug for Receipt<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receipt").field("key", &self.key).finish_non_exhaustive()
    }
}

/// A receipt that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredReceipt {
    /// SHA-256 over what was asked.
    pub fingerprint: [u8; 32],
    /// What was answered.
    pub response: StoredResponse,
}
