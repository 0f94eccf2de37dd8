//! The queue as its users see it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use millrace_domain::mount::Mount;
use millrace_domain::ports::{ManualMount, ObjectError};
use millrace_domain::submission::Submission;
use millrace_domain::{ErrorKind, Fault, IllegalTransition, Stage, Task, TaskEvent, TaskId, TaskState, UserId};
use millrace_repository::{Receipt, RepositoryError};
use parking_lot::Mutex;
use serde_json::value::RawValue;
use tokio::task::JoinHandle;

use crate::admission::Admissions;
use crate::core::Core;
use crate::{requests, resume};

/// How the queue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueHealth {
    /// Tasks that wait on this node.
    pub pending: usize,
    /// Tasks that run on this node, or whose outcome is being committed.
    pub running: usize,
    /// Whether new tasks are taken.
    pub accepting: bool,
    /// Whether this node may write for its tasks.
    pub lease_held: bool,
}

/// The queue of this node. Made by [`TaskQueue::start`], ended by [`TaskQueue::shutdown`].
pub struct TaskQueue {
    pub(crate) core: Arc<Core>,
    pub(crate) admissions: Admissions,
    /// Tasks between the capacity check and their place in memory.
    pub(crate) admitting: AtomicUsize,
    pub(crate) loops: Mutex<Vec<JoinHandle<()>>>,
}

impl TaskQueue {
    /// Takes task ids that nobody else gets.
    ///
    /// # Errors
    /// `Unavailable` when the store does not answer.
    pub async fn next_task_ids(&self, count: usize) -> Result<Vec<TaskId>, Fault> {
        Ok(self.core.tasks.next_ids(count).await?)
    }

    /// Whether so many tasks would be taken now. Call it before receiving bytes for them.
    ///
    /// # Errors
    /// `TooMany` with code `queue_full`; `Unavailable` while stopping or without a lease.
    pub fn check_capacity(&self, tasks: usize) -> Result<(), Fault> {
        if !self.core.is_accepting() || self.core.owner().is_none() {
            return Err(Fault::new(ErrorKind::Unavailable, "not_accepting", "the server takes no tasks at present"));
        }
        let waiting = self.core.ready.lock().len() + self.admitting.load(Ordering::Acquire);
        if waiting + tasks > self.core.config.max_pending {
            let message = format!("{waiting} tasks are waiting already; the limit is {}", self.core.config.max_pending);
            return Err(Fault::new(ErrorKind::TooMany, "queue_full", message));
        }
        Ok(())
    }

    /// Stores a request's uploads and tasks; returns after the commit.
    ///
    /// # Errors
    /// As [`check_capacity`](Self::check_capacity); `Conflict` when the receipt's key exists or a reference is gone;
    /// `Unavailable` when the outcome is unknown: the bytes must stay then, the sweeper removes them if nothing was
    /// stored.
    pub async fn submit(
        &self,
        submission: Submission,
        receipt: Option<Receipt<[Arc<Task>]>>,
    ) -> Result<Vec<Arc<Task>>, Fault> {
        let count = submission.tasks.len();
        self.check_capacity(count)?;
        let _admitting = Admitting::begin(&self.admitting, &self.core, count);
        self.admissions.submit(submission, receipt).await
    }

    /// One task.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn get(&self, user: UserId, id: TaskId) -> Result<Arc<Task>, Fault> {
        Ok(self.core.tasks.get(user, id).await?.ok_or(RepositoryError::NotFound("task"))?)
    }

    /// Waits until `until` holds for the task or the time is over; returns the task as it then is.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn wait(
        &self,
        user: UserId,
        id: TaskId,
        timeout: Duration,
        until: &(dyn Fn(&Task) -> bool + Send + Sync),
    ) -> Result<Arc<Task>, Fault> {
        let mut watch = self.core.watches.subscribe(id);
        let mut over = std::pin::pin!(self.core.clock.sleep(timeout));
        loop {
            let task = self.get(user, id).await?;
            if until(&task) {
                return Ok(task);
            }
            tokio::select! {
                () = watch.changed() => {}
                () = &mut over => return self.get(user, id).await,
                () = self.core.hang_up.cancelled() => return self.get(user, id).await,
            }
        }
    }

    /// Ends every [`wait`](Self::wait) early, those to come included, so that nobody who waits holds up an orderly stop.
    pub fn release_waiters(&self) {
        self.core.hang_up.cancel();
    }

    /// Cancels: a waiting task at once, a running one as soon as its handler notices.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when it has ended.
    pub async fn cancel(&self, user: UserId, id: TaskId, receipt: Option<Receipt<Task>>) -> Result<Arc<Task>, Fault> {
        requests::apart(requests::cancel(Arc::clone(&self.core), user, id, receipt)).await
    }

    /// Makes an ended task run again, from the given stage or else from the first one whose input is not stored.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` while it has not ended, when the stage's input is not stored, or when its bytes never
    /// were.
    pub async fn retry(
        &self,
        user: UserId,
        id: TaskId,
        from_stage: Option<Stage>,
        receipt: Option<Receipt<Task>>,
    ) -> Result<Arc<Task>, Fault> {
        let task = self.get(user, id).await?;
        if !task.state.is_terminal() {
            let error = IllegalTransition { from: task.state, event: TaskEvent::Reopen };
            return Err(RepositoryError::IllegalTransition(error).into());
        }
        self.check_capacity(1)?;
        let artifacts = self.core.artifacts.list(task.id).await?;
        let stage = resume::stage_of_retry(&task, &artifacts, from_stage)?;
        requests::apart(requests::reopen(Arc::clone(&self.core), user, id, stage, receipt)).await
    }

    /// Mounts a completed task's result by hand.
    ///
    /// # Errors
    /// `NotFound` for task or table; `Conflict` when the task has not completed or the table's content stands against
    /// it.
    pub async fn mount(
        &self,
        user: UserId,
        id: TaskId,
        request: ManualMount,
        receipt: Option<Receipt<Mount>>,
    ) -> Result<Mount, Fault> {
        let core = &self.core;
        let task = self.get(user, id).await?;
        let result = match (&task.state, &task.result) {
            (TaskState::Completed, Some(result)) if !result.output_path.is_empty() => result,
            _ => return Err(Fault::conflict("task_not_completed", "only a completed task can be mounted")),
        };
        let bytes = core.objects.get(&result.output_path).await.map_err(|error| match error {
            ObjectError::NotFound(_) => {
                Fault::conflict("result_gone", "the result of this task is not stored any more")
            }
            ObjectError::Unavailable(cause) => Fault::unavailable("the object store does not answer", cause),
            ObjectError::InvalidKey(_) => Fault::internal(error),
        })?;
        let value: Box<RawValue> = serde_json::from_slice(&bytes).map_err(Fault::internal)?;
        let intent = core.mount_service.plan_manual(&task, &request, value.into()).await?;
        Ok(core.mounts.apply(&intent, core.clock.now(), receipt.as_ref()).await?)
    }

    /// How the queue is.
    pub fn health(&self) -> QueueHealth {
        QueueHealth {
            pending: self.core.ready.lock().len(),
            running: self.core.runs.len(),
            accepting: self.core.is_accepting(),
            lease_held: self.core.owner().is_some(),
        }
    }

    /// Returns when nothing waits (delayed retries included) and nothing runs on this node.
    pub async fn run_until_idle(&self) {
        loop {
            let ended = self.core.ended.notified();
            let mut ended = std::pin::pin!(ended);
            ended.as_mut().enable();
            let health = self.health();
            if health.pending == 0 && health.running == 0 && self.admitting.load(Ordering::Acquire) == 0 {
                return;
            }
            ended.await;
        }
    }
}

/// Tasks between the capacity check and their place in memory, counted out again even if the caller goes away.
struct Admitting<'a> {
    counter: &'a AtomicUsize,
    core: &'a Core,
    count: usize,
}

impl<'a> Admitting<'a> {
    fn begin(counter: &'a AtomicUsize, core: &'a Core, count: usize) -> Self {
        counter.fetch_add(count, Ordering::AcqRel);
        Self { counter, core, count }
    }
}

impl Drop for Admitting<'_> {
    fn drop(&mut self) {
        self.counter.fetch_sub(self.count, Ordering::AcqRel);
        self.core.ended.notify_waiters();
    }
}
