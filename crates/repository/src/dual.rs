//! Hot memory over a cold store: what the server runs on.
//!
//! A live task of this node is kept in memory and read from there; its progress costs no durable write. The cold store
//! is written at creation and at the end, and holds everything. Memory is never ahead of what was committed except in
//! progress, which a crash may lose.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use millrace_domain::artifact::NewArtifact;
use millrace_domain::task::{Owner, Task};
use millrace_domain::{Stage, TaskId, TaskState, UserId};
use parking_lot::RwLock;

use crate::receipt::Receipt;
use crate::{
    Admission, AdmissionOutcome, Finish, FinishOutcome, ProgressUpdate, RecoverSource, Recovered, Result, Stores,
    TaskFilter, TaskPage, TaskRepository,
};

/// The live tasks of this node.
#[derive(Default)]
struct Hot {
    tasks: HashMap<TaskId, Arc<Task>>,
    /// Those that are neither pending nor ended, whose status the cold store does not know. Bounded by concurrency.
    moving: HashSet<TaskId>,
}

impl Hot {
    fn put(&mut self, task: &Arc<Task>) {
        if task.state.is_terminal() || task.owner.is_none() {
            self.forget(task.id);
            return;
        }
        if task.state == TaskState::Pending {
            self.moving.remove(&task.id);
        } else {
            self.moving.insert(task.id);
        }
        self.tasks.insert(task.id, Arc::clone(task));
    }

    fn forget(&mut self, id: TaskId) {
        self.tasks.remove(&id);
        self.moving.remove(&id);
    }
}

/// A task store with memory in front.
pub struct DualTaskRepository {
    cold: Arc<dyn TaskRepository>,
    hot: RwLock<Hot>,
}

impl DualTaskRepository {
    /// Puts memory in front of a store.
    pub fn new(cold: Arc<dyn TaskRepository>) -> Self {
        Self { cold, hot: RwLock::new(Hot::default()) }
    }

    fn hot(&self, user: UserId, id: TaskId) -> Option<Arc<Task>> {
        self.hot.read().tasks.get(&id).filter(|task| task.user_id == user).cloned()
    }

    /// Lays the fresh facts over cold rows. A row that has ended is not overlaid: memory lets go only after the commit.
    fn overlay(&self, rows: Vec<Arc<Task>>) -> Vec<Arc<Task>> {
        let hot = self.hot.read();
        let fresh = |row: Arc<Task>| match hot.tasks.get(&row.id) {
            Some(live) if !row.state.is_terminal() => Arc::clone(live),
            _ => row,
        };
        rows.into_iter().map(fresh).collect()
    }

    /// The filter with the fresh facts, where it asks for a status.
    fn with_overlay(&self, user: UserId, filter: &TaskFilter) -> TaskFilter {
        let mut filter = filter.clone();
        if filter.statuses.is_empty() {
            return filter;
        }
        let hot = self.hot.read();
        let mut overlay = filter.overlay.take().unwrap_or_default();
        for id in &hot.moving {
            match hot.tasks.get(id) {
                Some(task) if task.user_id == user && filter.statuses.contains(&task.state.as_str()) => {
                    overlay.include.push(*id);
                }
                Some(_) | None => overlay.exclude.push(*id),
            }
        }
        filter.overlay = Some(overlay);
        filter
    }
}

impl Stores {
    /// The same stores with memory in front of the tasks.
    #[must_use]
    pub fn with_hot_tasks(self) -> Self {
        let tasks = Arc::new(DualTaskRepository::new(Arc::clone(&self.tasks)));
        Self { tasks, ..self }
    }
}

#[async_trait]
impl TaskRepository for DualTaskRepository {
    async fn next_ids(&self, count: usize) -> Result<Vec<TaskId>> {
        self.cold.next_ids(count).await
    }

    async fn insert_many(
        &self,
        owner: Option<Owner>,
        batch: &[Admission],
        now: DateTime<Utc>,
    ) -> Result<Vec<AdmissionOutcome>> {
        let outcomes = self.cold.insert_many(owner, batch, now).await?;
        let mut hot = self.hot.write();
        for outcome in &outcomes {
            if let AdmissionOutcome::Stored(tasks) = outcome {
                for task in tasks {
                    hot.put(task);
                }
            }
        }
        Ok(outcomes)
    }

    async fn get(&self, user: UserId, id: TaskId) -> Result<Option<Arc<Task>>> {
        match self.hot(user, id) {
            Some(task) => Ok(Some(task)),
            None => self.cold.get(user, id).await,
        }
    }

    async fn get_many(&self, user: UserId, ids: &[TaskId]) -> Result<Vec<Arc<Task>>> {
        let mut found = Vec::with_capacity(ids.len());
        let mut rest = Vec::new();
        let mut seen = HashSet::new();
        for id in ids.iter().filter(|id| seen.insert(**id)) {
            match self.hot(user, *id) {
                Some(task) => found.push(task),
                None => rest.push(*id),
            }
        }
        if !rest.is_empty() {
            found.extend(self.cold.get_many(user, &rest).await?);
        }
        Ok(found)
    }

    async fn list(&self, user: UserId, filter: &TaskFilter, page: TaskPage) -> Result<Vec<Arc<Task>>> {
        let rows = self.cold.list(user, &self.with_overlay(user, filter), page).await?;
        Ok(self.overlay(rows))
    }

    async fn count(&self, user: UserId, filter: &TaskFilter) -> Result<u64> {
        self.cold.count(user, &self.with_overlay(user, filter)).await
    }

    async fn record_artifacts(
        &self,
        id: TaskId,
        attempt_epoch: i64,
        artifacts: &[NewArtifact],
        now: DateTime<Utc>,
    ) -> Result<bool> {
        self.cold.record_artifacts(id, attempt_epoch, artifacts, now).await
    }

    async fn record_progress(&self, update: &ProgressUpdate, now: DateTime<Utc>) -> Result<bool> {
        let mut hot = self.hot.write();
        let Some(task) = hot.tasks.get(&update.id) else {
            // Not ours, or ended meanwhile.
            return Ok(false);
        };
        if task.attempt_epoch != update.attempt_epoch || task.state == TaskState::Cancelling {
            return Ok(false);
        }
        let mut task = Task::clone(task);
        task.state = TaskState::Active(update.stage);
        task.progress = update.percent;
        task.detail = update.detail;
        task.attempt = update.attempt;
        task.started_at = Some(update.started_at);
        task.transforming_at = update.transforming_at;
        task.updated_at = now;
        hot.put(&Arc::new(task));
        Ok(true)
    }

    async fn record_starts(&self, tasks: &[(TaskId, i64)], now: DateTime<Utc>) -> Result<Vec<TaskId>> {
        self.cold.record_starts(tasks, now).await
    }

    async fn finish_many(&self, batch: &[Finish], now: DateTime<Utc>) -> Result<Vec<FinishOutcome>> {
        let outcomes = self.cold.finish_many(batch, now).await?;
        let mut hot = self.hot.write();
        for (finish, outcome) in batch.iter().zip(&outcomes) {
            match outcome {
                FinishOutcome::Applied(task) => hot.put(task),
                FinishOutcome::Stale => {
                    // Whoever made it stale has put the newer task in its place, if it is ours at all.
                    if hot.tasks.get(&finish.id).is_some_and(|task| task.attempt_epoch == finish.attempt_epoch) {
                        hot.forget(finish.id);
                    }
                }
                FinishOutcome::Rejected(_) => {}
            }
        }
        Ok(outcomes)
    }

    async fn request_cancel(
        &self,
        user: UserId,
        id: TaskId,
        live: Option<TaskState>,
        now: DateTime<Utc>,
        receipt: Option<&Receipt<Task>>,
    ) -> Result<Arc<Task>> {
        // A caller that has seen it run knows better than a memory that has not been told yet.
        let state = match (self.hot(user, id).map(|task| task.state), live) {
            (Some(TaskState::Pending) | None, Some(live)) => Some(live),
            (known, _) => known,
        };
        let stored = self.cold.request_cancel(user, id, state, now, receipt).await?;
        let mut hot = self.hot.write();
        match hot.tasks.get(&id).cloned() {
            // The row knows less of a running task than memory does: only the request is new.
            Some(live) if !stored.state.is_terminal() => {
                let mut task = Task::clone(&live);
                task.state = TaskState::Cancelling;
                task.cancel_requested_at = stored.cancel_requested_at;
                task.updated_at = now;
                let task = Arc::new(task);
                hot.put(&task);
                Ok(task)
            }
            _ => {
                hot.forget(id);
                Ok(stored)
            }
        }
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
        let task = self.cold.reopen(user, id, from_stage, owner, now, receipt).await?;
        self.hot.write().put(&task);
        Ok(task)
    }

    async fn recover(
        &self,
        owner: Owner,
        source: RecoverSource,
        poison_after: i32,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<Recovered> {
        if source == RecoverSource::EarlierSelf {
            // A new incarnation begins: what an earlier one knew may belong to somebody else by now.
            let mut hot = self.hot.write();
            let old: Vec<TaskId> = hot
                .tasks
                .values()
                .filter(|task| task.owner.is_none_or(|before| before != owner))
                .map(|task| task.id)
                .collect();
            for id in old {
                hot.forget(id);
            }
        }
        let recovered = self.cold.recover(owner, source, poison_after, limit, now).await?;
        let mut hot = self.hot.write();
        for task in recovered.adopted.iter().chain(&recovered.ended) {
            hot.put(task);
        }
        Ok(recovered)
    }
}
