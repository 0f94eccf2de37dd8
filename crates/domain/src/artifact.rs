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
    /// The rows of a large sheet, one JSON object a line.
    Rows,
    /// Where each value of the result stands in the document: [`Citations`](crate::citation::Citations) as JSON.
    Citations,
    /// What was said to a language model and what it answered, as JSON.
    Exchange,
}

impl ArtifactKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Parsed, Self::Result, Self::Rows, Self::Citations, Self::Exchange];

    /// The text of the API and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parsed => "parsed",
            Self::Result => "result",
            Self::Rows => "rows",
            Self::Citations => "citations",
            Self::Exchange => "exchange",
        }
    }

    /// Reads [`as_str`](Self::as_str).
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What makes two parses the same: equal bytes, read by the same parser in the same version with the same options.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ParseKey {
    /// Lowercase hex SHA-256 of the source.
    pub source_sha256: String,
    /// Parser, version and canonical options, as one text.
    pub fingerprint: String,
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
    /// Set on parsed documents that another task may reuse.
    pub parse_key: Option<ParseKey>,
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
