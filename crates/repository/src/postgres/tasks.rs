//! The task store's face; the work is in the `task_*` modules.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use millrace_domain::artifact::NewArtifact;
use millrace_domain::task::{Owner, Task};
use millrace_domain::{Stage, TaskId, TaskState, UserId};

use super::schema::task;
use super::store::PgStore;
use super::task_row::{self, TaskRow};
use crate::receipt::Receipt;
use crate::{
    Admission, AdmissionOutcome, Finish, FinishOutcome, ProgressUpdate, RecoverSource, Recovered, Result, TaskFilter,
    TaskPage, TaskRepository,
};

#[async_trait]
impl TaskRepository for PgStore {
    async fn next_ids(&self, count: usize) -> Result<Vec<TaskId>> {
        let ids = self.task_ids.take(&self.pool, count).await?;
        ids.into_iter().map(|id| Ok(TaskId::new(id)?)).collect()
    }

    async fn insert_many(
        &self,
        owner: Option<Owner>,
        batch: &[Admission],
        now: DateTime<Utc>,
    ) -> Result<Vec<AdmissionOutcome>> {
        self.insert_admissions(owner, batch, now).await
    }

    async fn get(&self, user: UserId, id: TaskId) -> Result<Option<Arc<Task>>> {
        let row: Option<TaskRow> = task::table
            .find(id.get())
            .filter(task::user_id.eq(user.get()))
            .select(TaskRow::as_select())
            .first(&mut self.connection().await?)
            .await
            .optional()?;
        row.map(|row| Task::try_from(row).map(Arc::new)).transpose()
    }

    async fn get_many(&self, user: UserId, ids: &[TaskId]) -> Result<Vec<Arc<Task>>> {
        let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        let rows: Vec<TaskRow> = task::table
            .filter(task::id.eq_any(ids).and(task::user_id.eq(user.get())))
            .select(TaskRow::as_select())
            .load(&mut self.connection().await?)
            .await?;
        task_row::tasks(rows)
    }

    async fn list(&self, user: UserId, filter: &TaskFilter, page: TaskPage) -> Result<Vec<Arc<Task>>> {
        self.list_tasks(user, filter, page).await
    }

    async fn count(&self, user: UserId, filter: &TaskFilter) -> Result<u64> {
        self.count_tasks(user, filter).await
    }

    async fn record_artifacts(
        &self,
        id: TaskId,
        attempt_epoch: i64,
        artifacts: &[NewArtifact],
        now: DateTime<Utc>,
    ) -> Result<bool> {
        self.write_artifacts(id, attempt_epoch, artifacts, now).await
    }

    async fn record_progress(&self, update: &ProgressUpdate, now: DateTime<Utc>) -> Result<bool> {
        self.write_progress(update, now).await
    }

    async fn record_starts(&self, tasks: &[(TaskId, i64)], now: DateTime<Utc>) -> Result<Vec<TaskId>> {
        self.note_starts(tasks, now).await
    }

    async fn finish_many(&self, batch: &[Finish], now: DateTime<Utc>) -> Result<Vec<FinishOutcome>> {
        self.finish_batch(batch, now).await
    }

    async fn request_cancel(
        &self,
        user: UserId,
        id: TaskId,
        live: Option<TaskState>,
        now: DateTime<Utc>,
        receipt: Option<&Receipt<Task>>,
    ) -> Result<Arc<Task>> {
        self.cancel_task(user, id, live, now, receipt).await
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
        self.reopen_task(user, id, from_stage, owner, now, receipt).await
    }

    async fn recover(
        &self,
        owner: Owner,
        source: RecoverSource,
        poison_after: i32,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<Recovered> {
        self.recover_tasks(owner, source, poison_after, limit, now).await
    }
}
