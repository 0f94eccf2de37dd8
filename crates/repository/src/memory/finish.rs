//! How attempts end.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use millrace_domain::mount::{MountIntent, MountState};
use millrace_domain::{Task, TaskState};
use serde_json::Value;

use super::mounts::mounted_at;
use super::placement::parse_value;
use super::state::{State, TaskRow};
use super::tasks::guard_holds;
use crate::ending::{apply, state_after};
use crate::{Finish, FinishKind, FinishOutcome, RepositoryError, Result};

impl State {
    /// Ends attempts one after another. What can fail for a whole batch is done before anything is changed.
    pub(super) fn finish_tasks(&mut self, batch: &[Finish], now: DateTime<Utc>) -> Result<Vec<FinishOutcome>> {
        let values: Vec<Option<Value>> = batch.iter().map(mount_value).collect::<Result<_>>()?;
        batch.iter().zip(values).map(|(finish, value)| self.finish_task(finish, value, now)).collect()
    }

    fn finish_task(&mut self, finish: &Finish, value: Option<Value>, now: DateTime<Utc>) -> Result<FinishOutcome> {
        let Some(row) = self.tasks.get(&finish.id).filter(|row| guard_holds(&row.task, finish.attempt_epoch)) else {
            return Ok(FinishOutcome::Stale);
        };
        let before = row.task.clone();
        let next = state_after(&before, &finish.kind)?;
        let mut task = Task {
            state: next,
            attempt: finish.attempt,
            started_at: finish.started_at.or(before.started_at),
            transforming_at: finish.transforming_at.or(before.transforming_at),
            updated_at: now,
            ..Task::clone(&before)
        };
        if let (TaskState::Completed, Some((intent, value))) = (next, mount_of(finish).zip(value)) {
            let plan = match self.plan_mount(intent) {
                Ok(plan) => plan,
                Err(RepositoryError::Mount(rejection)) => return Ok(FinishOutcome::Rejected(rejection)),
                Err(error) => return Err(error),
            };
            let mount = self.commit_mount(intent, plan, value, now)?;
            // The mount may have displaced an earlier one of this very task.
            task.mounted = self.tasks.get(&finish.id).and_then(|row| row.task.mounted.clone());
            if mount.automatic && mount.state == MountState::Mounted {
                task.mounted = Some(Arc::new(mounted_at(&mount)));
            }
        }
        let happened = apply(&mut task, finish, now);
        self.put_artifacts(task.id, &finish.artifacts, now)?;
        if let Some(happened) = happened {
            self.append_task_event(&task, happened, now)?;
        }
        let task = Arc::new(task);
        // The attempt has ended and its process lives: the task did not kill it.
        self.put_task(TaskRow { task: task.clone(), start_recorded: false });
        Ok(FinishOutcome::Applied(task))
    }
}

fn mount_of(finish: &Finish) -> Option<&MountIntent> {
    match &finish.kind {
        FinishKind::Completed { mount, .. } => mount.as_deref(),
        _ => None,
    }
}

fn mount_value(finish: &Finish) -> Result<Option<Value>> {
    mount_of(finish).map(|intent| parse_value(&intent.value)).transpose()
}
