//! A task store that fails on demand.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use millrace_domain::artifact::NewArtifact;
use millrace_domain::task::Owner;
use millrace_domain::{Stage, Task, TaskId, TaskState, UserId};

use super::faults::{Faults, Moment, Planned};
use crate::{
    Admission, AdmissionOutcome, Finish, FinishOutcome, ProgressUpdate, Receipt, RecoverSource, Recovered,
    RepositoryError, Result, TaskFilter, TaskPage, TaskRepository,
};

/// The methods of [`TaskRepository`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TaskMethod {
    /// `next_ids`
    NextIds,
    /// `insert_many`
    InsertMany,
    /// `get`
    Get,
    /// `get_many`
    GetMany,
    /// `list`
    List,
    /// `count`
    Count,
    /// `record_artifacts`
    RecordArtifacts,
    /// `record_progress`
    RecordProgress,
    /// `record_starts`
    RecordStarts,
    /// `finish_many`
    FinishMany,
    /// `request_cancel`
    RequestCancel,
    /// `reopen`
    Reopen,
    /// `recover`
    Recover,
}

/// Wraps a task store; chosen calls say `Unavailable`, before or after they did their work.
pub struct FaultyTasks {
    inner: Arc<dyn TaskRepository>,
    faults: Faults<TaskMethod>,
}

impl FaultyTasks {
    /// Wraps a store; nothing fails yet.
    pub fn new(inner: Arc<dyn TaskRepository>) -> Self {
        Self { inner, faults: Faults::default() }
    }

    /// Makes the next `count` calls of a method fail. `Moment::After` is a commit whose outcome is unknown.
    pub fn fail_next(&self, method: TaskMethod, count: usize, moment: Moment) {
        self.faults.fail_next(method, count, moment);
    }

    /// What was asked for and what was called.
    pub fn faults(&self) -> &Faults<TaskMethod> {
        &self.faults
    }
}

fn unavailable() -> RepositoryError {
    RepositoryError::Unavailable(Box::new(Planned))
}

#[async_trait]
impl TaskRepository for FaultyTasks {
    async fn next_ids(&self, count: usize) -> Result<Vec<TaskId>> {
        self.faults.around(TaskMethod::NextIds, unavailable, self.inner.next_ids(count)).await
    }

    async fn insert_many(
        &self,
        owner: Option<Owner>,
        batch: &[Admission],
        now: DateTime<Utc>,
    ) -> Result<Vec<AdmissionOutcome>> {
        self.faults.around(TaskMethod::InsertMany, unavailable, self.inner.insert_many(owner, batch, now)).await
    }

    async fn get(&self, user: UserId, id: TaskId) -> Result<Option<Arc<Task>>> {
        self.faults.around(TaskMethod::Get, unavailable, self.inner.get(user, id)).await
    }

    async fn get_many(&self, user: UserId, ids: &[TaskId]) -> Result<Vec<Arc<Task>>> {
        self.faults.around(TaskMethod::GetMany, unavailable, self.inner.get_many(user, ids)).await
    }

    async fn list(&self, user: UserId, filter: &TaskFilter, page: TaskPage) -> Result<Vec<Arc<Task>>> {
        self.faults.around(TaskMethod::List, unavailable, self.inner.list(user, filter, page)).await
    }

    async fn count(&self, user: UserId, filter: &TaskFilter) -> Result<u64> {
        self.faults.around(TaskMethod::Count, unavailable, self.inner.count(user, filter)).await
    }

    async fn record_artifacts(
        &self,
        id: TaskId,
        attempt_epoch: i64,
        artifacts: &[NewArtifact],
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let call = self.inner.record_artifacts(id, attempt_epoch, artifacts, now);
        self.faults.around(TaskMethod::RecordArtifacts, unavailable, call).await
    }

    async fn record_progress(&self, update: &ProgressUpdate, now: DateTime<Utc>) -> Result<bool> {
        self.faults.around(TaskMethod::RecordProgress, unavailable, self.inner.record_progress(update, now)).await
    }

    async fn record_starts(&self, tasks: &[(TaskId, i64)], now: DateTime<Utc>) -> Result<Vec<TaskId>> {
        self.faults.around(TaskMethod::RecordStarts, unavailable, self.inner.record_starts(tasks, now)).await
    }

    async fn finish_many(&self, batch: &[Finish], now: DateTime<Utc>) -> Result<Vec<FinishOutcome>> {
        self.faults.around(TaskMethod::FinishMany, unavailable, self.inner.finish_many(batch, now)).await
    }

    async fn request_cancel(
        &self,
        user: UserId,
        id: TaskId,
        live: Option<TaskState>,
        now: DateTime<Utc>,
        receipt: Option<&Receipt<Task>>,
    ) -> Result<Arc<Task>> {
        let work = self.inner.request_cancel(user, id, live, now, receipt);
        self.faults.around(TaskMethod::RequestCancel, unavailable, work).await
    }

    async fn reopen(
        &self,
        user: UserId,
        id: TaskId,
        from_stage: Stage,
        owner: Option<Owner>,
        now: DateTime<Utc>,
        receipt: Option<&Receipt<Task>>,
    ) -> Result<Arc<Task>> {
        let work = self.inner.reopen(user, id, from_stage, owner, now, receipt);
        self.faults.around(TaskMethod::Reopen, unavailable, work).await
    }

    async fn recover(
        &self,
        owner: Owner,
        source: RecoverSource,
        poison_after: i32,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<Recovered> {
        let work = self.inner.recover(owner, source, poison_after, limit, now);
        self.faults.around(TaskMethod::Recover, unavailable, work).await
    }
}
