//! Changes that callers ask for. They run to their end even if the caller goes away in the middle: what is taken out of
//! memory for a moment must find its way back, and what was committed must be heard of.

use std::sync::Arc;

use millrace_domain::ports::Signal;
use millrace_domain::{ErrorKind, Fault, Stage, Task, TaskId, UserId};
use millrace_repository::{Receipt, RepositoryError};

use crate::core::Core;
use crate::recovery;

/// Runs a change apart from whoever asked for it.
pub(crate) async fn apart<T: Send + 'static>(
    change: impl Future<Output = Result<T, Fault>> + Send + 'static,
) -> Result<T, Fault> {
    tokio::spawn(change).await.unwrap_or_else(|panicked| Err(Fault::internal(panicked)))
}

/// Cancels a task; see [`TaskQueue::cancel`](crate::TaskQueue::cancel).
pub(crate) async fn cancel(
    core: Arc<Core>,
    user: UserId,
    id: TaskId,
    receipt: Option<Receipt<Task>>,
) -> Result<Arc<Task>, Fault> {
    let task = core.tasks.get(user, id).await?.ok_or(RepositoryError::NotFound("task"))?;
    let waiting = core.ready.lock().remove(&task);
    let live = (waiting.is_some() || core.runs.contains(id)).then_some(task.state);
    let now = core.clock.now();
    match core.tasks.request_cancel(user, id, live, now, receipt.as_ref()).await {
        Ok(cancelled) => {
            core.runs.cancel(id);
            if !cancelled.state.is_terminal()
                && let Some(waiting) = waiting
            {
                // It seemed to run but waits: starting it is what finds the request.
                core.enqueue([Arc::new(Task { run_at: None, ..Task::clone(&waiting) })]);
            }
            core.watches.notify(id);
            core.ended.notify_waiters();
            core.bus.publish(Signal::CancelRequested(id)).await;
            Ok(cancelled)
        }
        Err(error) => {
            core.enqueue(waiting);
            Err(error.into())
        }
    }
}

/// Reopens a task; see [`TaskQueue::retry`](crate::TaskQueue::retry).
pub(crate) async fn reopen(
    core: Arc<Core>,
    user: UserId,
    id: TaskId,
    stage: Stage,
    receipt: Option<Receipt<Task>>,
) -> Result<Arc<Task>, Fault> {
    match core.tasks.reopen(user, id, stage, core.owner(), core.clock.now(), receipt.as_ref()).await {
        Ok(reopened) => {
            core.enqueue_own([Arc::clone(&reopened)]);
            core.watches.notify(id);
            Ok(reopened)
        }
        Err(error) => {
            let fault = Fault::from(error);
            if fault.kind == ErrorKind::Unavailable {
                tokio::spawn(recovery::reconcile(Arc::clone(&core), user, vec![id]));
            }
            Err(fault)
        }
    }
}
