//! Taking over tasks whose process died, and those that nobody owns.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use millrace_domain::task::{Owner, StageDetail};
use millrace_domain::{ErrorStage, Task, TaskFailure, TaskState};

use super::state::{State, TaskRow};
use crate::ending::end;
use crate::{RecoverSource, Recovered, Result};

impl State {
    pub(super) fn recover_tasks(
        &mut self,
        owner: Owner,
        source: RecoverSource,
        poison_after: i32,
        limit: usize,
        now: DateTime<Utc>,
        lease_now: DateTime<Utc>,
    ) -> Result<Recovered> {
        let open = self.open_tasks.iter().filter_map(|id| self.tasks.get(id));
        let found = open.filter(|row| self.is_from(source, &row.task, owner, now, lease_now)).take(limit);
        let rows: Vec<TaskRow> = found.cloned().collect();
        let mut recovered = Recovered::default();
        for row in rows {
            let died_under_it = row.start_recorded && source != RecoverSource::Unowned;
            let (task, happened) = taken_over(&row.task, owner, source, died_under_it, poison_after, now);
            if let Some(happened) = happened {
                self.append_task_event(&task, happened, now)?;
            }
            let task = Arc::new(task);
            let list = if happened.is_some() { &mut recovered.ended } else { &mut recovered.adopted };
            list.push(task.clone());
            self.put_task(TaskRow { task, start_recorded: false });
        }
        Ok(recovered)
    }

    fn is_from(
        &self,
        source: RecoverSource,
        task: &Task,
        caller: Owner,
        now: DateTime<Utc>,
        lease_now: DateTime<Utc>,
    ) -> bool {
        match (source, task.owner) {
            (RecoverSource::EarlierSelf, Some(owner)) => owner.node == caller.node && owner.epoch < caller.epoch,
            (RecoverSource::LapsedNodes, Some(owner)) if owner.node != caller.node => {
                self.nodes.get(&owner.node).is_none_or(|row| row.lease_expires_at <= lease_now)
            }
            (RecoverSource::Unowned, None) => task.run_at.is_none_or(|run_at| run_at <= now),
            _ => false,
        }
    }
}

/// The task as the caller takes it over, and the name of the event if that ends it.
fn taken_over(
    before: &Task,
    owner: Owner,
    source: RecoverSource,
    died_under_it: bool,
    poison_after: i32,
    now: DateTime<Utc>,
) -> (Task, Option<&'static str>) {
    let mut task = before.clone();
    task.attempt_epoch += 1;
    task.updated_at = now;
    if before.state == TaskState::Cancelling {
        task.state = TaskState::Cancelled;
        task.error = None;
        end(&mut task, now);
        return (task, Some("cancelled"));
    }
    task.recoveries += i32::from(died_under_it);
    if died_under_it && task.recoveries >= poison_after {
        task.state = TaskState::Failed;
        task.error = Some(Arc::new(poison(&task)));
        end(&mut task, now);
        return (task, Some("failed"));
    }
    task.state = TaskState::Pending;
    task.progress = 0;
    task.detail = StageDetail::default();
    task.owner = Some(owner);
    task.recovered |= source != RecoverSource::Unowned;
    (task, None)
}

fn poison(task: &Task) -> TaskFailure {
    let stage = ErrorStage::of(task.start_stage(), task.kind);
    let message = format!("the process died {} times while it ran this task", task.recoveries);
    TaskFailure::permanent(stage, "poison", message)
}
