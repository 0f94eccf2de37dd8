//! One unit of durable work.

mod failure;
mod result;
mod spec;

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::ids::{NodeId, ProjectId, RuleId, TaskId, UploadId, UserId};
use crate::state_machine::{Stage, TaskState};
use crate::usage::Spent;

pub use failure::{ErrorStage, TaskFailure, tame_message};
pub use result::{MountedAt, TaskResult};
pub use spec::{SourceFile, TaskSpec};

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
    /// What language models took for all its attempts that have ended, retries by hand included; `None` when none was
    /// asked.
    pub spent: Option<Spent>,
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
