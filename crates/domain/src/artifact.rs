//! What a stage leaves behind so that later stages can run again without it.

use chrono::{DateTime, Utc};

use crate::ids::{ArtifactId, TaskId};

/// What an artifact holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArtifactKind {
    /// The whole [`ParsedDocument`](crate::document::ParsedDocument) as JSON: Markdown, blocks, pages, warnings.
    Parsed,
    /// The result JSON.
    Result,
}

impl ArtifactKind {
    /// The text of the API and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parsed => "parsed",
            Self::Result => "result",
        }
    }

    /// Reads [`as_str`](Self::as_str).
    pub fn from_text(text: &str) -> Option<Self> {
        [Self::Parsed, Self::Result].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// An artifact that a worker has stored and that the completion transaction records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewArtifact {
    /// What it holds.
    pub kind: ArtifactKind,
    /// Key in the object store.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// Lowercase hex SHA-256 of the bytes.
    pub sha256: String,
}

/// A recorded artifact. A task has at most one of each kind: a later attempt's replaces an earlier one's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Its id.
    pub id: ArtifactId,
    /// The task that left it.
    pub task_id: TaskId,
    /// What and where.
    pub content: NewArtifact,
    /// Recorded at.
    pub created_at: DateTime<Utc>,
}
