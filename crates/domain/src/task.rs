//! One unit of durable work.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::citation::CitationCount;
use crate::ids::{MountId, NodeId, ProjectId, RuleId, TableId, TaskId, UploadId, UserId};
use crate::mount::MountTarget;
use crate::parse_options::ParseOptions;
use crate::pointer::JsonPointer;
use crate::state_machine::{Stage, TaskState};
use crate::usage::Spent;

/// What kind of work a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TaskKind {
    /// A file becomes JSON.
    Document,
    /// Rows go into a data table.
    Load,
    /// SQL gives a result.
    Query,
}

impl TaskKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Document, Self::Load, Self::Query];

    /// The text of the API and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Load => "load",
            Self::Query => "query",
        }
    }

    /// Reads [`as_str`](Self::as_str).
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

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

/// The stored bytes a task works on: what is needed to read them without asking the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Key in the object store.
    pub key: String,
    /// Lowercase hex SHA-256 of the bytes.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    /// Sniffed media type.
    pub media_type: String,
}

/// What to do, as stored with the task (`task.spec`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TaskSpec {
    /// The file; `None` when storing it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceFile>,
    /// Relative path in the uploaded folder, as given; display only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// How the file is to be parsed; the defaults are not stored.
    #[serde(default, skip_serializing_if = "ParseOptions::is_default")]
    pub parse: ParseOptions,
    /// Where the result goes by itself; `None` mounts nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mount: Option<MountTarget>,
    /// The first stage of the next attempt; later than the kind's first after `retry {from_stage}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_stage: Option<Stage>,
}

/// What a completed task reports (`task.result`).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TaskResult {
    /// Key of the result JSON in the object store; empty for kinds without one.
    pub output_path: String,
    /// Bytes of the result JSON.
    pub output_size: u64,
    /// Lowercase hex SHA-256 of the result JSON.
    pub sha256: String,
    /// Seconds of execution of the attempt that succeeded.
    pub processing_time: f64,
    /// Name of the parser that read the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parser: Option<String>,
    /// Pages, sheets or slides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<u32>,
    /// Task id at a remote MinerU, where one was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mineru_task_id: Option<String>,
    /// Model tokens used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// What the model calls cost, in US dollars at the configured prices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// Whether the parsed document was one that another task had made.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub parse_reused: bool,
    /// Values of the result with a citation, and how many of them were found in the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub citations: Option<CitationCount>,
    /// What the reader should know about this result.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Where the automatic mount went (`task.mounted`); cleared by an unmount. The full pointer is in the mount's record
/// alone: a member of an array moves when one before it is taken out, and a task need not be written for that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MountedAt {
    /// The mount.
    pub mount_id: MountId,
    /// The table, which was made for the task if none was named.
    pub table_id: TableId,
    /// The container.
    pub json_path: JsonPointer,
    /// The key inside the container.
    pub key: String,
}

/// How far a running stage is: pages, rows or chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StageDetail {
    /// Units done.
    pub done: u32,
    /// Units in all, 0 when unknown.
    pub total: u32,
}

/// Who runs a task: one incarnation of one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Owner {
    /// The node.
    pub node: NodeId,
    /// The node's incarnation; grows at every start and after every lapse of its lease.
    pub epoch: i64,
}

/// A task with everything that is known of it.
///
/// Immutable once built: a change makes a new value behind a new [`Arc`].
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// Who owns it.
    pub user_id: UserId,
    /// Where it belongs.
    pub project_id: ProjectId,
    /// What kind of work.
    pub kind: TaskKind,
    /// Where it stands.
    pub state: TaskState,
    /// Higher runs first within a project; −100 to 100.
    pub priority: i16,
    /// Percent, 0–100.
    pub progress: u8,
    /// Detail of the running stage. Memory only.
    pub detail: StageDetail,
    /// Original name of the file, or a label.
    pub filename: Arc<str>,
    /// The rule and the version it runs with.
    pub rule: Option<(RuleId, i32)>,
    /// The upload it reads.
    pub upload_id: Option<UploadId>,
    /// What to do.
    pub spec: Arc<TaskSpec>,
    /// What came out.
    pub result: Option<Arc<TaskResult>>,
    /// Where it was mounted by itself.
    pub mounted: Option<Arc<MountedAt>>,
    /// Why it failed; also the last error while a retry waits.
    pub error: Option<Arc<TaskFailure>>,
    /// Attempts begun, from 1 once started.
    pub attempt: i32,
    /// Grows at every change of owner and every new attempt; guards every write of a worker.
    pub attempt_epoch: i64,
    /// How often its process died under it.
    pub recoveries: i32,
    /// It was taken over from a dead process, so its start is recorded before it runs (see the poison guard).
    pub recovered: bool,
    /// Who runs or holds it; `None` when any node may claim it.
    pub owner: Option<Owner>,
    /// Not before this time.
    pub run_at: Option<DateTime<Utc>>,
    /// Stored at.
    pub created_at: DateTime<Utc>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
    /// First stage of the latest attempt began.
    pub started_at: Option<DateTime<Utc>>,
    /// Transform stage of the latest attempt began.
    pub transforming_at: Option<DateTime<Utc>>,
    /// Somebody asked to cancel.
    pub cancel_requested_at: Option<DateTime<Utc>>,
    /// Became terminal.
    pub finished_at: Option<DateTime<Utc>>,
}

impl Task {
    /// The first stage of the next attempt.
    pub fn start_stage(&self) -> Stage {
        self.spec.start_stage.unwrap_or_else(|| Stage::first(self.kind))
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
