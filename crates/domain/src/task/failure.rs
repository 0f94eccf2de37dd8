//! Why tasks fail.

use serde::{Deserialize, Serialize};

use super::TaskKind;
use crate::state_machine::Stage;
use crate::usage::Spent;

/// Where an error arose, in the words clients know (`metadata.error_stage`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorStage {
    /// Storing the bytes.
    Upload,
    /// Accepting the task.
    Submit,
    /// Parsing, by whatever parser (the word is the API's oldest).
    Mineru,
    /// Applying the rule.
    Postprocess,
    /// Mounting the result.
    Mount,
    /// Running a load.
    Load,
    /// Running a query.
    Query,
    /// Over its deadline.
    Timeout,
}

impl ErrorStage {
    /// The text of the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::Submit => "submit",
            Self::Mineru => "mineru",
            Self::Postprocess => "postprocess",
            Self::Mount => "mount",
            Self::Load => "load",
            Self::Query => "query",
            Self::Timeout => "timeout",
        }
    }

    /// The word for an error inside an execution stage.
    pub fn of(stage: Stage, kind: TaskKind) -> Self {
        match (stage, kind) {
            (Stage::Parse, _) => Self::Mineru,
            (Stage::Transform, _) => Self::Postprocess,
            (Stage::Mount, _) => Self::Mount,
            (Stage::Run, TaskKind::Query) => Self::Query,
            (Stage::Run, _) => Self::Load,
        }
    }
}

/// Why a task failed: what the client reads in `error`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskFailure {
    /// Stable machine code, `snake_case`.
    pub code: String,
    /// Text for people.
    pub message: String,
    /// Where it arose.
    pub stage: ErrorStage,
    /// Whether another attempt may succeed unchanged. The queue retries these by itself, up to its limit.
    pub retryable: bool,
    /// Earliest time of another attempt as the remote side asked for it, in seconds from now. Not stored.
    #[serde(skip)]
    pub retry_after_seconds: Option<u64>,
    /// What language models took for the attempt that failed; `None` when none was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spent: Option<Spent>,
}

/// Longest message of a failure, in characters: messages quote files, and names in files have any length.
const MAX_MESSAGE: usize = 4_000;

/// A message that every store keeps: without U+0000, which PostgreSQL refuses, and of bounded length.
pub fn tame_message(message: impl Into<String>) -> String {
    let mut message = message.into();
    message.retain(|character| character != '\0');
    if let Some((cut, _)) = message.char_indices().nth(MAX_MESSAGE) {
        message.truncate(cut);
        message.push('…');
    }
    message
}

impl TaskFailure {
    /// A failure that another attempt cannot mend.
    pub fn permanent(stage: ErrorStage, code: impl Into<String>, message: impl Into<String>) -> Self {
        let (code, message) = (code.into(), tame_message(message));
        Self { code, message, stage, retryable: false, retry_after_seconds: None, spent: None }
    }

    /// A failure that another attempt may mend.
    pub fn transient(stage: ErrorStage, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { retryable: true, ..Self::permanent(stage, code, message) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_fit_to_be_stored() {
        assert_eq!(tame_message("<a\0b> is not closed"), "<ab> is not closed");
        let long = TaskFailure::permanent(ErrorStage::Mineru, "unreadable_file", "ä".repeat(MAX_MESSAGE * 2)).message;
        assert_eq!((long.chars().count(), long.ends_with("ä…")), (MAX_MESSAGE + 1, true));
        assert_eq!(tame_message("ä".repeat(MAX_MESSAGE)).chars().count(), MAX_MESSAGE);
    }
}
