//! The stored bytes of a source file.

use chrono::{DateTime, Utc};

use crate::ids::{ProjectId, UploadId, UserId};

/// A source file in the object store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its id, taken from the store's id block before the bytes were written: it is part of the key.
    pub id: UploadId,
    /// Who owns it.
    pub user_id: UserId,
    /// Where it belongs.
    pub project_id: ProjectId,
    /// Generated key in the object store; holds nothing the client chose but the extension.
    pub key: String,
    /// Lowercase hex SHA-256 of the bytes.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    /// Sniffed media type.
    pub media_type: String,
    /// Original name.
    pub filename: String,
    /// Relative path in the uploaded folder, as given; display only.
    pub path: Option<String>,
    /// Stored at.
    pub created_at: DateTime<Utc>,
}
