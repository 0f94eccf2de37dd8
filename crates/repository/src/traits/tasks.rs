//! The task store: the durable side of the queue.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use millrace_domain::artifact::NewArtifact;
use millrace_domain::mount::{MountIntent, MountRejection};
use millrace_domain::submission::Submission;
use millrace_domain::task::{Owner, StageDetail, Task, TaskFailure, TaskKind, TaskResult};
use millrace_domain::usage::Spent;
use millrace_domain::{ProjectId, Stage, TaskId, TaskState, UserId};

use crate::Result;
use crate::receipt::Receipt;

/// One request to store, and its receipt.
#[derive(Debug)]
pub struct Admission {
    /// What to store.
    pub submission: Submission,
    /// Stored with it; rendered from the tasks in the order of the submission.
    pub receipt: Option<Receipt<[Arc<Task>]>>,
}

/// What became of an [`Admission`].
#[derive(Debug)]
pub enum AdmissionOutcome {
    /// Committed.
    Stored(Vec<Arc<Task>>),
    /// A receipt with this key exists; nothing was stored.
    DuplicateKey,
}

/// A change that costs no durable write where a hot store sits in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProgressUpdate {
    /// The task.
    pub id: TaskId,
    /// The worker's guard.
    pub attempt_epoch: i64,
    /// The stage it is in.
    pub stage: Stage,
    /// Percent, 0–100.
    pub percent: u8,
    /// Units done within the stage.
    pub detail: StageDetail,
    /// The number of the attempt that runs.
    pub attempt: i32,
    /// The attempt began.
    pub started_at: DateTime<Utc>,
    /// The transform stage began.
    pub transforming_at: Option<DateTime<Utc>>,
}

/// How an attempt ended.
#[derive(Debug, Clone)]
pub enum FinishKind {
    /// Done; with the mount to apply in the same transaction.
    Completed {
        /// What it reports.
        result: Arc<TaskResult>,
        /// Where it goes.
        mount: Option<Box<MountIntent>>,
    },
    /// Ended with an error.
    Failed(Arc<TaskFailure>),
    /// Stopped as asked.
    Cancelled,
    /// Another attempt follows, by the same owner. The task stays owned and becomes pending with `run_at`.
    Retry {
        /// Why.
        failure: Arc<TaskFailure>,
        /// Not before this time.
        run_at: DateTime<Utc>,
        /// The stage to begin with.
        start_stage: Stage,
    },
    /// Given back unfinished because the node stops; nobody owns it and the attempt does not count.
    Released,
}

/// The end of an attempt, guarded by `attempt_epoch`.
#[derive(Debug, Clone)]
pub struct Finish {
    /// The task.
    pub id: TaskId,
    /// The task as the worker was given it. A store may answer from it instead of reading its row back: what else can
    /// have changed under the same `attempt_epoch` is a cancel request and a mount that was undone.
    pub task: Arc<Task>,
    /// The worker's guard: must equal the row's.
    pub attempt_epoch: i64,
    /// How it ended.
    pub kind: FinishKind,
    /// The number of the attempt, from 1.
    pub attempt: i32,
    /// The attempt began.
    pub started_at: Option<DateTime<Utc>>,
    /// The transform stage began.
    pub transforming_at: Option<DateTime<Utc>>,
    /// What language models took for all attempts of the task, this one included; `None` leaves what is recorded.
    pub spent: Option<Spent>,
    /// Recorded unless the finish is stale; replaces those of the same kind from earlier attempts.
    pub artifacts: Vec<NewArtifact>,
}

/// What became of a [`Finish`].
#[derive(Debug, Clone)]
pub enum FinishOutcome {
    /// Committed; the task as it now is.
    Applied(Arc<Task>),
    /// The task has another owner, attempt or end by now: nothing was changed.
    Stale,
    /// The mount cannot be applied: nothing was changed. Finish it as failed at stage `mount`.
    Rejected(MountRejection),
}

/// Whose tasks to take over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecoverSource {
    /// Those of earlier incarnations of the same node.
    EarlierSelf,
    /// Those of nodes whose lease has lapsed.
    LapsedNodes,
    /// Those that nobody owns and whose `run_at` has come.
    Unowned,
}

/// What a recovery did.
#[derive(Debug, Clone, Default)]
pub struct Recovered {
    /// Now owned by the caller, pending.
    pub adopted: Vec<Arc<Task>>,
    /// Ended as poison instead (code `poison`), or cancelled because that had been asked for.
    pub ended: Vec<Arc<Task>>,
}

/// Facts fresher than the store's own, to be laid over it when filtering by status.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatusOverlay {
    /// Live tasks whose fresh status matches the filter.
    pub include: Vec<TaskId>,
    /// Live tasks whose fresh status does not match, whatever the store says.
    pub exclude: Vec<TaskId>,
}

/// Which tasks to list. Empty lists and `None` do not filter.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TaskFilter {
    /// Status texts as on the wire, see `millrace_domain::state_machine::STATUSES`.
    pub statuses: Vec<&'static str>,
    /// Only of this project.
    pub project: Option<ProjectId>,
    /// Only of these kinds.
    pub kinds: Vec<TaskKind>,
    /// Only file names that contain this text, whatever the case.
    pub filename_contains: Option<String>,
    /// Created at or after.
    pub created_from: Option<DateTime<Utc>>,
    /// Created before.
    pub created_before: Option<DateTime<Utc>>,
    /// Set by a hot store only.
    pub overlay: Option<StatusOverlay>,
}

/// Which part of a list, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskPage {
    /// Tasks with an id smaller than `before`.
    Keyset {
        /// Only tasks older than this one.
        before: Option<TaskId>,
        /// At most so many.
        limit: usize,
    },
    /// Skips rows; costs what it skips.
    Offset {
        /// Rows to skip.
        offset: usize,
        /// At most so many.
        limit: usize,
    },
}

/// Tasks.
#[async_trait]
pub trait TaskRepository: Send + Sync + 'static {
    /// Takes ids that nobody else gets, rising.
    async fn next_ids(&self, count: usize) -> Result<Vec<TaskId>>;

    /// Stores a batch of admissions in one transaction, each whole or (on a duplicate key) not at all. Tasks are
    /// stored owned by `owner`, so that nothing has to claim them; born-failed ones are terminal and unowned.
    ///
    /// # Errors
    /// `Conflict(Reference)` when something in the batch refers to a row that is gone: nothing was stored, and the
    /// caller may try smaller batches.
    async fn insert_many(
        &self,
        owner: Option<Owner>,
        batch: &[Admission],
        now: DateTime<Utc>,
    ) -> Result<Vec<AdmissionOutcome>>;

    /// One task.
    async fn get(&self, user: UserId, id: TaskId) -> Result<Option<Arc<Task>>>;
    /// Those of `ids` that exist and belong to the user, in no order.
    async fn get_many(&self, user: UserId, ids: &[TaskId]) -> Result<Vec<Arc<Task>>>;
    /// A page of tasks, newest (greatest id) first.
    async fn list(&self, user: UserId, filter: &TaskFilter, page: TaskPage) -> Result<Vec<Arc<Task>>>;
    /// How many tasks match; exact, and as slow as that is.
    async fn count(&self, user: UserId, filter: &TaskFilter) -> Result<u64>;

    /// Publishes a running attempt's state. `false` when the guard does not match or cancel was requested: stop.
    async fn record_progress(&self, update: &ProgressUpdate, now: DateTime<Utc>) -> Result<bool>;
    /// Records artifacts of a running attempt durably, before its end. `false` when the guard does not match or cancel was
    /// requested: stop.
    async fn record_artifacts(
        &self,
        id: TaskId,
        attempt_epoch: i64,
        artifacts: &[NewArtifact],
        now: DateTime<Utc>,
    ) -> Result<bool>;
    /// Notes durably that recovered tasks are about to start, so that a task which kills its process is told apart from
    /// those that merely waited beside it. Returns the ids whose guard still matches.
    async fn record_starts(&self, tasks: &[(TaskId, i64)], now: DateTime<Utc>) -> Result<Vec<TaskId>>;
    /// Ends attempts in one transaction: mounts, artifacts, terminal rows, events. Outcomes are in the order of `batch`.
    ///
    /// # Errors
    /// Nothing of the batch was changed; the caller may try smaller batches. `Unavailable` may also mean that the
    /// commit's outcome is unknown: repeating the same batch is safe, what had been committed comes back as `Stale`.
    async fn finish_many(&self, batch: &[Finish], now: DateTime<Utc>) -> Result<Vec<FinishOutcome>>;

    /// Cancels a pending task at once, or marks a running one as cancelling. `live` is its state as a fresher source
    /// knows it.
    ///
    /// # Errors
    /// `NotFound("task")`; `IllegalTransition` when it has ended.
    async fn request_cancel(
        &self,
        user: UserId,
        id: TaskId,
        live: Option<TaskState>,
        now: DateTime<Utc>,
        receipt: Option<&Receipt<Task>>,
    ) -> Result<Arc<Task>>;
    /// Makes an ended task pending again, owned by `owner`, to begin at `from_stage`.
    ///
    /// # Errors
    /// `NotFound("task")`; `IllegalTransition` while it has not ended.
    async fn reopen(
        &self,
        user: UserId,
        id: TaskId,
        from_stage: Stage,
        owner: Option<Owner>,
        now: DateTime<Utc>,
        receipt: Option<&Receipt<Task>>,
    ) -> Result<Arc<Task>>;

    /// Takes over at most `limit` tasks. Each gets a greater `attempt_epoch`. One whose start was recorded and whose
    /// process died (`EarlierSelf`, `LapsedNodes`) counts a recovery; at `poison_after` recoveries it ends as failed.
    /// One that was cancelling ends as cancelled.
    async fn recover(
        &self,
        owner: Owner,
        source: RecoverSource,
        poison_after: i32,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<Recovered>;
}
