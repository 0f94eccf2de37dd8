//! What the end of an attempt makes of a task: one definition for every store.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use millrace_domain::task::{StageDetail, TaskSpec};
use millrace_domain::{Task, TaskEvent, TaskState, step};

use crate::{Finish, FinishKind, Result};

/// The state an attempt leaves behind. Its progress may never have reached this store, so a pending task counts as
/// running; and a cancel request wins over whatever the worker says.
pub(crate) fn state_after(task: &Task, kind: &FinishKind) -> Result<TaskState> {
    let running = match task.state {
        TaskState::Pending => TaskState::Active(task.start_stage()),
        other => other,
    };
    if running == TaskState::Cancelling {
        return Ok(step(task.kind, running, TaskEvent::ConfirmCancel)?);
    }
    let event = match kind {
        FinishKind::Completed { .. } => TaskEvent::Complete,
        FinishKind::Failed(_) => TaskEvent::Fail,
        FinishKind::Retry { .. } | FinishKind::Released => TaskEvent::Requeue,
        FinishKind::Cancelled => {
            let cancelling = step(task.kind, running, TaskEvent::RequestCancel)?;
            return Ok(step(task.kind, cancelling, TaskEvent::ConfirmCancel)?);
        }
    };
    Ok(step(task.kind, running, event)?)
}

/// Fills in what the end brings with it; the name of the event, if there is one.
pub(crate) fn apply(task: &mut Task, finish: &Finish, now: DateTime<Utc>) -> Option<&'static str> {
    task.spent = finish.spent.or(task.spent);
    match (task.state, &finish.kind) {
        (TaskState::Completed, FinishKind::Completed { result, .. }) => {
            task.progress = 100;
            task.result = Some(result.clone());
            task.error = None;
            end(task, now);
            Some("completed")
        }
        (TaskState::Failed, FinishKind::Failed(failure)) => {
            task.error = Some(failure.clone());
            end(task, now);
            Some("failed")
        }
        (TaskState::Pending, FinishKind::Retry { failure, run_at, start_stage }) => {
            task.error = Some(failure.clone());
            task.run_at = Some(*run_at);
            task.spec = Arc::new(TaskSpec { start_stage: Some(*start_stage), ..TaskSpec::clone(&task.spec) });
            start_over(task);
            Some("retrying")
        }
        (TaskState::Pending, _) => {
            // An attempt that was given back does not count.
            task.attempt = (finish.attempt - 1).max(0);
            task.owner = None;
            start_over(task);
            None
        }
        _ => {
            task.cancel_requested_at.get_or_insert(now);
            task.error = None;
            end(task, now);
            Some("cancelled")
        }
    }
}

fn start_over(task: &mut Task) {
    task.attempt_epoch += 1;
    task.progress = 0;
    task.detail = StageDetail::default();
}

/// Fills in what every ended task has in common.
pub(crate) fn end(task: &mut Task, now: DateTime<Utc>) {
    task.owner = None;
    task.run_at = None;
    task.finished_at = Some(now);
    task.updated_at = now;
}
