//! What is handed to the task store to be stored in one transaction.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::ids::{ProjectId, RuleId, TaskId, UploadId, UserId};
use crate::task::{TaskFailure, TaskKind, TaskSpec};
use crate::upload::Upload;

/// A task that does not exist yet.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTask {
    /// Taken from the store's id block beforehand.
    pub id: TaskId,
    /// Who owns it.
    pub user_id: UserId,
    /// Where it belongs; must belong to `user_id`.
    pub project_id: ProjectId,
    /// What kind of work.
    pub kind: TaskKind,
    /// Higher runs first within a project; −100 to 100.
    pub priority: i16,
    /// Original name of the file, or a label.
    pub filename: Arc<str>,
    /// The rule and the version it runs with.
    pub rule: Option<(RuleId, i32)>,
    /// The upload it reads.
    pub upload_id: Option<UploadId>,
    /// What to do.
    pub spec: Arc<TaskSpec>,
    /// Not before this time.
    pub run_at: Option<DateTime<Utc>>,
    /// Set when the task is stored as already failed (its bytes could not be stored).
    pub born_failed: Option<Arc<TaskFailure>>,
}

/// One request's worth of uploads and tasks: stored together or not at all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Submission {
    /// Uploads to store first.
    pub uploads: Vec<Upload>,
    /// Tasks to store.
    pub tasks: Vec<NewTask>,
}
