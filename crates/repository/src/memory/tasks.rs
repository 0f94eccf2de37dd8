//! Tasks: admission, reads, progress, and what callers ask of them. How attempts end is in [`finish`](super::finish).

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use millrace_domain::artifact::NewArtifact;
use millrace_domain::submission::{NewTask, Submission};
use millrace_domain::task::{Owner, StageDetail, TaskSpec};
use millrace_domain::{Stage, Task, TaskEvent, TaskId, TaskState, UserId, step};

use super::MemoryStore;
use super::state::{State, TaskRow};
use crate::ending::end;
use crate::{
    Admission, AdmissionOutcome, Clash, Finish, FinishOutcome, ProgressUpdate, Receipt, RecoverSource, Recovered,
    RepositoryError, Result, TaskFilter, TaskPage, TaskRepository,
};

/// The guard of a task's first attempt.
const FIRST_EPOCH: i64 = 1;

#[async_trait]
impl TaskRepository for MemoryStore {
    async fn next_ids(&self, count: usize) -> Result<Vec<TaskId>> {
        self.lock().sequences.tasks.take(count)
    }

    async fn insert_many(
        &self,
        owner: Option<Owner>,
        batch: &[Admission],
        now: DateTime<Utc>,
    ) -> Result<Vec<AdmissionOutcome>> {
        let mut state = self.lock();
        let fresh = fresh_admissions(&state, batch, now);
        for (admission, _) in batch.iter().zip(&fresh).filter(|(_, is_fresh)| **is_fresh) {
            check_submission(&state, &admission.submission)?;
        }
        let outcomes = batch.iter().zip(fresh).map(|(admission, is_fresh)| {
            if !is_fresh {
                return AdmissionOutcome::DuplicateKey;
            }
            state.put_uploads(&admission.submission.uploads);
            let tasks: Vec<Arc<Task>> =
                admission.submission.tasks.iter().map(|new| Arc::new(stored(new, owner, now))).collect();
            for task in &tasks {
                state.put_task(TaskRow { task: task.clone(), start_recorded: false });
            }
            state.receipts.store(admission.receipt.as_ref(), &tasks);
            AdmissionOutcome::Stored(tasks)
        });
        Ok(outcomes.collect())
    }

    async fn get(&self, user: UserId, id: TaskId) -> Result<Option<Arc<Task>>> {
        Ok(self.lock().task_of(user, id).ok().map(|row| row.task.clone()))
    }

    async fn get_many(&self, user: UserId, ids: &[TaskId]) -> Result<Vec<Arc<Task>>> {
        let state = self.lock();
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        Ok(ids.iter().filter_map(|id| state.task_of(user, *id).ok()).map(|row| row.task.clone()).collect())
    }

    async fn list(&self, user: UserId, filter: &TaskFilter, page: TaskPage) -> Result<Vec<Arc<Task>>> {
        Ok(self.lock().list_tasks(user, filter, page))
    }

    async fn count(&self, user: UserId, filter: &TaskFilter) -> Result<u64> {
        Ok(self.lock().count_tasks(user, filter))
    }

    async fn record_progress(&self, update: &ProgressUpdate, now: DateTime<Utc>) -> Result<bool> {
        let mut state = self.lock();
        let Some(row) = state.tasks.get_mut(&update.id) else { return Ok(false) };
        let stopped = row.task.state.is_terminal() || row.task.state == TaskState::Cancelling;
        if stopped || row.task.attempt_epoch != update.attempt_epoch {
            return Ok(false);
        }
        row.task = Arc::new(Task {
            state: TaskState::Active(update.stage),
            progress: update.percent,
            detail: update.detail,
            attempt: update.attempt,
            started_at: Some(update.started_at),
            transforming_at: update.transforming_at,
            updated_at: now,
            ..Task::clone(&row.task)
        });
        Ok(true)
    }

    async fn record_artifacts(
        &self,
        id: TaskId,
        attempt_epoch: i64,
        artifacts: &[NewArtifact],
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let mut state = self.lock();
        let row = state.tasks.get(&id).filter(|row| guard_holds(&row.task, attempt_epoch));
        if row.is_none_or(|row| row.task.state == TaskState::Cancelling) {
            return Ok(false);
        }
        state.put_artifacts(id, artifacts, now)?;
        Ok(true)
    }

    async fn record_starts(&self, tasks: &[(TaskId, i64)], _now: DateTime<Utc>) -> Result<Vec<TaskId>> {
        let mut state = self.lock();
        let mut matching = Vec::new();
        for (id, attempt_epoch) in tasks {
            let row = state.tasks.get_mut(id);
            let Some(row) = row.filter(|row| guard_holds(&row.task, *attempt_epoch)) else { continue };
            row.start_recorded = true;
            matching.push(*id);
        }
        Ok(matching)
    }

    async fn finish_many(&self, batch: &[Finish], now: DateTime<Utc>) -> Result<Vec<FinishOutcome>> {
        self.lock().finish_tasks(batch, now)
    }

    async fn request_cancel(
        &self,
        user: UserId,
        id: TaskId,
        live: Option<TaskState>,
        now: DateTime<Utc>,
        receipt: Option<&Receipt<Task>>,
    ) -> Result<Arc<Task>> {
        let mut state = self.lock();
        state.receipts.check(receipt, now)?;
        let row = state.task_of(user, id)?.clone();
        let next = step(row.task.kind, state_to_cancel(row.task.state, live), TaskEvent::RequestCancel)?;
        let mut task = Task { state: next, updated_at: now, ..Task::clone(&row.task) };
        task.cancel_requested_at.get_or_insert(now);
        if next.is_terminal() {
            // A worker that is about to start finds its guard void.
            task.attempt_epoch += 1;
            task.error = None;
            end(&mut task, now);
            state.append_task_event(&task, "cancelled", now)?;
        }
        let task = Arc::new(task);
        state.put_task(TaskRow { task: task.clone(), ..row });
        state.receipts.store(receipt, &*task);
        Ok(task)
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
        let mut state = self.lock();
        state.receipts.check(receipt, now)?;
        let before = state.task_of(user, id)?.task.clone();
        let next = step(before.kind, before.state, TaskEvent::Reopen)?;
        let task = Arc::new(reopened(&before, next, from_stage, owner, now));
        state.append_task_event(&task, "reopened", now)?;
        state.put_task(TaskRow { task: task.clone(), start_recorded: false });
        state.receipts.store(receipt, &*task);
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
        let lease_now = self.clock.now();
        self.lock().recover_tasks(owner, source, poison_after, limit, now, lease_now)
    }
}

/// Whether a worker that holds this guard may still write to the task.
pub(super) fn guard_holds(task: &Task, attempt_epoch: i64) -> bool {
    task.attempt_epoch == attempt_epoch && !task.state.is_terminal()
}

/// The state a cancel request meets. What the row knows for certain (an end, an earlier request) wins over what a
/// fresher source saw of the running attempt.
fn state_to_cancel(stored: TaskState, live: Option<TaskState>) -> TaskState {
    match (stored, live) {
        (TaskState::Pending | TaskState::Active(_), Some(live)) if !live.is_terminal() => live,
        _ => stored,
    }
}

/// Which admissions are new: no receipt stands in the way, and no earlier one of the batch brought the same key.
fn fresh_admissions(state: &State, batch: &[Admission], now: DateTime<Utc>) -> Vec<bool> {
    let mut seen = Vec::new();
    let is_fresh = |admission: &Admission| {
        let Some(receipt) = &admission.receipt else { return true };
        let id = (receipt.key.user_id, receipt.key.operation.as_str(), receipt.key.key.as_str());
        let key = (id.0, id.1.to_owned(), id.2.to_owned());
        if state.receipts.holds(&receipt.key, now) || seen.contains(&key) {
            return false;
        }
        seen.push(key);
        true
    };
    batch.iter().map(is_fresh).collect()
}

fn check_submission(state: &State, submission: &Submission) -> Result<()> {
    state.check_uploads(&submission.uploads)?;
    for task in &submission.tasks {
        if state.tasks.contains_key(&task.id) {
            return Err(RepositoryError::Conflict(Clash::Other));
        }
        let upload_is_there = task.upload_id.is_none_or(|id| {
            submission.uploads.iter().any(|upload| upload.id == id) || state.uploads.contains_key(&id)
        });
        let rule_is_there = task
            .rule
            .is_none_or(|(rule, version)| state.rules.get(&rule).is_some_and(|row| row.version(version).is_some()));
        if !upload_is_there || !rule_is_there || !state.owns_project(task.user_id, task.project_id) {
            return Err(RepositoryError::Conflict(Clash::Reference));
        }
    }
    Ok(())
}

fn stored(new: &NewTask, owner: Option<Owner>, now: DateTime<Utc>) -> Task {
    let mut task = Task {
        id: new.id,
        user_id: new.user_id,
        project_id: new.project_id,
        kind: new.kind,
        state: TaskState::Pending,
        priority: new.priority,
        progress: 0,
        detail: StageDetail::default(),
        filename: new.filename.clone(),
        rule: new.rule,
        upload_id: new.upload_id,
        spec: new.spec.clone(),
        result: None,
        mounted: None,
        error: new.born_failed.clone(),
        spent: None,
        attempt: 0,
        attempt_epoch: FIRST_EPOCH,
        recoveries: 0,
        recovered: false,
        owner,
        run_at: new.run_at,
        created_at: now,
        updated_at: now,
        started_at: None,
        transforming_at: None,
        cancel_requested_at: None,
        finished_at: None,
    };
    if new.born_failed.is_some() {
        task.state = TaskState::Failed;
        end(&mut task, now);
    }
    task
}

/// An ended task as it starts over; what an earlier run mounted stays mounted.
fn reopened(before: &Task, next: TaskState, from_stage: Stage, owner: Option<Owner>, now: DateTime<Utc>) -> Task {
    Task {
        state: next,
        progress: 0,
        detail: StageDetail::default(),
        spec: Arc::new(TaskSpec { start_stage: Some(from_stage), ..TaskSpec::clone(&before.spec) }),
        result: None,
        error: None,
        attempt: 0,
        attempt_epoch: before.attempt_epoch + 1,
        recoveries: 0,
        recovered: false,
        owner,
        run_at: None,
        updated_at: now,
        started_at: None,
        transforming_at: None,
        cancel_requested_at: None,
        finished_at: None,
        ..before.clone()
    }
}
