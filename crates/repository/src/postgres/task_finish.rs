//! Completion: mounts, artifacts, terminal rows and events in one transaction.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use millrace_domain::artifact::NewArtifact;
use millrace_domain::event::NewEvent;
use millrace_domain::mount::{MountIntent, MountRejection, MountState};
use millrace_domain::task::{MountedAt, Task};
use millrace_domain::{MountId, TaskId, TaskState};
use serde_json::json;

use super::error::TxError;
use super::store::PgStore;
use super::{artifacts, events, mount_batch, task_finish_sql};
use crate::{Finish, FinishKind, FinishOutcome, RepositoryError, Result};

/// What the mounts of a batch came to.
#[derive(Default)]
struct Mounted {
    placed: HashMap<TaskId, MountedAt>,
    refused: HashMap<TaskId, MountRejection>,
}

fn intent_of(finish: &Finish) -> Option<&MountIntent> {
    match &finish.kind {
        FinishKind::Completed { mount, .. } => mount.as_deref(),
        _ => None,
    }
}

/// Applies the mounts of those whose guard matches and whose cancel nobody asked for.
async fn mount(
    connection: &mut AsyncPgConnection,
    batch: &[Finish],
    now: DateTime<Utc>,
) -> std::result::Result<Mounted, TxError> {
    let mut mounted = Mounted::default();
    if !batch.iter().any(|finish| intent_of(finish).is_some()) {
        return Ok(mounted);
    }
    let locked = task_finish_sql::lock(connection, batch).await?;
    let alive: HashMap<i64, bool> = locked.into_iter().map(|row| (row.id, !row.cancelling)).collect();
    let intents: Vec<&MountIntent> =
        batch.iter().filter(|finish| alive.get(&finish.id.get()) == Some(&true)).filter_map(intent_of).collect();
    let outcomes = mount_batch::apply(connection, &intents, now).await?;
    for (intent, outcome) in intents.into_iter().zip(outcomes) {
        match outcome {
            Ok(record) if record.placed.state == MountState::Mounted => {
                let placed = MountedAt {
                    mount_id: MountId::new(record.id).map_err(RepositoryError::from)?,
                    table_id: record.placed.table,
                    json_path: intent.json_path.clone(),
                    key: record.placed.key,
                };
                mounted.placed.insert(record.task, placed);
            }
            Ok(_skipped) => {}
            Err(rejection) => {
                mounted.refused.insert(intent.task_id, rejection);
            }
        }
    }
    Ok(mounted)
}

/// The event of an attempt's end.
pub(super) fn end_event(task: &Task) -> NewEvent {
    let failure = task.error.as_ref().map(|error| json!({"code": error.code, "stage": error.stage}));
    let (name, payload) = match task.state {
        TaskState::Completed => ("task.completed", None),
        TaskState::Failed => ("task.failed", failure),
        TaskState::Cancelled => ("task.cancelled", None),
        _ => ("task.retrying", failure),
    };
    NewEvent {
        user_id: task.user_id,
        project_id: task.project_id,
        task_id: Some(task.id),
        table_id: None,
        name: name.to_owned(),
        payload: payload.unwrap_or_else(|| json!({})),
    }
}

impl PgStore {
    pub(super) async fn finish_batch(&self, batch: &[Finish], now: DateTime<Utc>) -> Result<Vec<FinishOutcome>> {
        let mut connection = self.connection().await?;
        let (mut ended, mut refused) = connection
            .transaction(async |connection| {
                let mounted = mount(connection, batch, now).await?;
                let accepted: Vec<(&Finish, Option<&MountedAt>)> = batch
                    .iter()
                    .filter(|finish| !mounted.refused.contains_key(&finish.id))
                    .map(|finish| (finish, mounted.placed.get(&finish.id)))
                    .collect();
                let ended = task_finish_sql::end(connection, &accepted, now).await?;
                let ended: HashMap<TaskId, Arc<Task>> = ended.into_iter().map(|task| (task.id, task)).collect();
                let recorded: Vec<(TaskId, &NewArtifact)> = accepted
                    .iter()
                    .filter(|(finish, _)| ended.contains_key(&finish.id))
                    .flat_map(|(finish, _)| finish.artifacts.iter().map(|artifact| (finish.id, artifact)))
                    .collect();
                artifacts::upsert(connection, &recorded, now).await?;
                let told: Vec<NewEvent> = accepted
                    .iter()
                    .filter_map(|(finish, _)| Some((finish, ended.get(&finish.id)?)))
                    // Giving a task back is no news of the task.
                    .filter(|(finish, task)| task.state.is_terminal() || !matches!(finish.kind, FinishKind::Released))
                    .map(|(_, task)| end_event(task))
                    .collect();
                events::append(connection, &told, now).await?;
                Ok::<_, TxError>((ended, mounted.refused))
            })
            .await?;
        Ok(batch
            .iter()
            .map(|finish| match (refused.remove(&finish.id), ended.remove(&finish.id)) {
                (Some(rejection), _) => FinishOutcome::Rejected(rejection),
                (None, Some(task)) => FinishOutcome::Applied(task),
                (None, None) => FinishOutcome::Stale,
            })
            .collect())
    }
}
