//! Changes of single tasks: progress, cancel, reopen.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};
use diesel_async::{AsyncConnection, RunQueryDsl};
use millrace_domain::artifact::NewArtifact;
use millrace_domain::event::NewEvent;
use millrace_domain::task::{Owner, Task};
use millrace_domain::{Stage, TaskEvent, TaskId, TaskState, UserId, step};
use serde_json::json;

use super::error::TxError;
use super::schema::task;
use super::store::PgStore;
use super::task_row::TaskRow;
use super::{artifacts, events, receipts, task_finish};
use crate::receipt::Receipt;
use crate::{ProgressUpdate, RepositoryError, Result};

#[derive(QueryableByName)]
struct IdRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// Locks and reads a caller's task.
async fn lock(
    connection: &mut diesel_async::AsyncPgConnection,
    user: UserId,
    id: TaskId,
) -> std::result::Result<Task, TxError> {
    let row: Option<TaskRow> = task::table
        .find(id.get())
        .filter(task::user_id.eq(user.get()))
        .select(TaskRow::as_select())
        .for_update()
        .first(connection)
        .await
        .optional()?;
    Ok(Task::try_from(row.ok_or(RepositoryError::NotFound("task"))?)?)
}

impl PgStore {
    pub(super) async fn write_progress(&self, update: &ProgressUpdate, now: DateTime<Utc>) -> Result<bool> {
        let changed = diesel::update(task::table.find(update.id.get()))
            .filter(task::attempt_epoch.eq(update.attempt_epoch))
            .filter(task::finished_at.is_null().and(task::status.ne(TaskState::Cancelling.as_str())))
            .set((
                task::status.eq(TaskState::Active(update.stage).as_str()),
                task::progress.eq(i16::from(update.percent)),
                task::attempt.eq(update.attempt),
                task::started_at.eq(update.started_at),
                task::transforming_at.eq(update.transforming_at),
                task::updated_at.eq(now),
            ))
            .execute(&mut self.connection().await?)
            .await?;
        Ok(changed == 1)
    }

    pub(super) async fn write_artifacts(
        &self,
        id: TaskId,
        attempt_epoch: i64,
        new: &[NewArtifact],
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let mut connection = self.connection().await?;
        let ours = connection
            .transaction(async |connection| {
                // The lock keeps the attempt from ending in between, so that nothing older comes after its own artifacts.
                let held: Option<i64> = task::table
                    .find(id.get())
                    .filter(task::attempt_epoch.eq(attempt_epoch))
                    .filter(task::finished_at.is_null().and(task::status.ne(TaskState::Cancelling.as_str())))
                    .select(task::id)
                    .for_share()
                    .first(connection)
                    .await
                    .optional()?;
                if held.is_none() {
                    return Ok(false);
                }
                let recorded: Vec<_> = new.iter().map(|artifact| (id, artifact)).collect();
                artifacts::upsert(connection, &recorded, now).await?;
                Ok::<_, TxError>(true)
            })
            .await?;
        Ok(ours)
    }

    pub(super) async fn note_starts(&self, tasks: &[(TaskId, i64)], now: DateTime<Utc>) -> Result<Vec<TaskId>> {
        let rows: Vec<IdRow> = diesel::sql_query(
            "update task t set started_epoch = t.attempt_epoch, updated_at = $3
             from unnest($1, $2) as i(id, epoch)
             where t.id = i.id and t.attempt_epoch = i.epoch and t.finished_at is null returning t.id",
        )
        .bind::<Array<BigInt>, _>(tasks.iter().map(|(id, _)| id.get()).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(tasks.iter().map(|(_, epoch)| *epoch).collect::<Vec<_>>())
        .bind::<diesel::sql_types::Timestamptz, _>(now)
        .load(&mut self.connection().await?)
        .await?;
        rows.into_iter().map(|row| Ok(TaskId::new(row.id)?)).collect()
    }

    pub(super) async fn cancel_task(
        &self,
        user: UserId,
        id: TaskId,
        live: Option<TaskState>,
        now: DateTime<Utc>,
        receipt: Option<&Receipt<Task>>,
    ) -> Result<Arc<Task>> {
        let mut connection = self.connection().await?;
        let cancelled = connection
            .transaction(async |connection| -> std::result::Result<Task, TxError> {
                let before = lock(connection, user, id).await?;
                receipts::refuse_repeat(connection, receipt, now).await?;
                // The row knows of an end or an earlier request; of the stages between, memory knows better.
                let state = match (before.state, live) {
                    (TaskState::Pending | TaskState::Active(_), Some(live)) if !live.is_terminal() => live,
                    (stored, _) => stored,
                };
                let next = step(before.kind, state, TaskEvent::RequestCancel)?;
                let asked = before.cancel_requested_at.unwrap_or(now);
                let common =
                    (task::status.eq(next.as_str()), task::cancel_requested_at.eq(asked), task::updated_at.eq(now));
                let target = diesel::update(task::table.find(id.get()));
                let row: TaskRow = if next == TaskState::Cancelled {
                    let end = (
                        task::attempt_epoch.eq(task::attempt_epoch + 1),
                        task::owner_node.eq(None::<i64>),
                        task::owner_epoch.eq(None::<i64>),
                        task::run_at.eq(None::<DateTime<Utc>>),
                        task::error.eq(None::<serde_json::Value>),
                        task::finished_at.eq(now),
                    );
                    target.set((common, end)).returning(TaskRow::as_returning()).get_result(connection).await?
                } else {
                    target.set(common).returning(TaskRow::as_returning()).get_result(connection).await?
                };
                let after = Task::try_from(row)?;
                if next == TaskState::Cancelled {
                    events::append(connection, &[task_finish::end_event(&after)], now).await?;
                }
                receipts::record(connection, receipt, &after, now).await?;
                Ok(after)
            })
            .await?;
        Ok(Arc::new(cancelled))
    }

    pub(super) async fn reopen_task(
        &self,
        user: UserId,
        id: TaskId,
        from_stage: Stage,
        owner: Option<Owner>,
        now: DateTime<Utc>,
        receipt: Option<&Receipt<Task>>,
    ) -> Result<Arc<Task>> {
        let mut connection = self.connection().await?;
        let reopened = connection
            .transaction(async |connection| -> std::result::Result<Task, TxError> {
                let before = lock(connection, user, id).await?;
                receipts::refuse_repeat(connection, receipt, now).await?;
                step(before.kind, before.state, TaskEvent::Reopen)?;
                let stage = serde_json::to_value(from_stage)?;
                let row: TaskRow = diesel::sql_query(
                    "update task set status = 'pending', progress = 0, attempt = 0, attempt_epoch = attempt_epoch + 1,
                        recoveries = 0, recovered = false, started_epoch = null, owner_node = $2, owner_epoch = $3,
                        run_at = null, started_at = null, transforming_at = null, cancel_requested_at = null,
                        finished_at = null, result = null, error = null, updated_at = $4,
                        spec = spec || jsonb_build_object('start_stage', $5)
                     where id = $1 returning *",
                )
                .bind::<BigInt, _>(id.get())
                .bind::<diesel::sql_types::Nullable<BigInt>, _>(owner.map(|owner| owner.node.get()))
                .bind::<diesel::sql_types::Nullable<BigInt>, _>(owner.map(|owner| owner.epoch))
                .bind::<diesel::sql_types::Timestamptz, _>(now)
                .bind::<Text, _>(stage.as_str().unwrap_or_default())
                .get_result(connection)
                .await?;
                let after = Task::try_from(row)?;
                let event = NewEvent {
                    user_id: after.user_id,
                    project_id: after.project_id,
                    task_id: Some(after.id),
                    table_id: None,
                    name: "task.reopened".to_owned(),
                    payload: json!({"from_stage": stage}),
                };
                events::append(connection, &[event], now).await?;
                receipts::record(connection, receipt, &after, now).await?;
                Ok(after)
            })
            .await?;
        Ok(Arc::new(reopened))
    }
}
