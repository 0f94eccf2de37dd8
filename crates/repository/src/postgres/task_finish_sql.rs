//! The statements that end attempts.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Jsonb, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use millrace_domain::task::{MountedAt, StageDetail, Task, TaskFailure};
use millrace_domain::{Stage, TaskState};

use serde_json::Value;

use super::error::TxError;
use super::fixed::fixed_query;
use super::task_row::{self, TaskRow};
use crate::{Finish, FinishKind, ending};

fixed_query! {
    /// Locks the rows whose guard matches.
    struct LockForFinish {
        ids: Array<BigInt> => Vec<i64>,
        epochs: Array<BigInt> => Vec<i64>,
    }
    "select t.id, t.status = 'cancelling' as cancelling
     from task t join unnest({}, {}) as i(id, epoch) on t.id = i.id and t.attempt_epoch = i.epoch
     where t.finished_at is null order by t.id for update of t"
}

/// A row whose guard matches.
#[derive(QueryableByName)]
pub(super) struct Locked {
    #[diesel(sql_type = BigInt)]
    pub(super) id: i64,
    #[diesel(sql_type = Bool)]
    pub(super) cancelling: bool,
}

/// Locks the rows whose guard matches, in the order of ids.
pub(super) async fn lock(connection: &mut AsyncPgConnection, batch: &[Finish]) -> QueryResult<Vec<Locked>> {
    LockForFinish {
        ids: batch.iter().map(|finish| finish.id.get()).collect(),
        epochs: batch.iter().map(|finish| finish.attempt_epoch).collect(),
    }
    .load(connection)
    .await
}

fixed_query! {
    /// Ends attempts for good. A cancel that was asked for wins over any other end.
    struct EndTasks {
        ids: Array<BigInt> => Vec<i64>,
        epochs: Array<BigInt> => Vec<i64>,
        statuses: Array<Text> => Vec<&'static str>,
        attempts: Array<Integer> => Vec<i32>,
        started: Array<Nullable<Timestamptz>> => Vec<Option<DateTime<Utc>>>,
        transforming: Array<Nullable<Timestamptz>> => Vec<Option<DateTime<Utc>>>,
        results: Array<Nullable<Text>> => Vec<Option<String>>,
        mounted: Array<Nullable<Text>> => Vec<Option<String>>,
        errors: Array<Nullable<Text>> => Vec<Option<String>>,
        spent: Array<Nullable<Text>> => Vec<Option<String>>,
        now: Timestamptz => DateTime<Utc>,
    }
    "update task t set
        status = case when t.status = 'cancelling' then 'cancelled' else i.status end,
        progress = case when t.status <> 'cancelling' and i.status = 'completed' then 100 else t.progress end,
        attempt = i.attempt, started_at = coalesce(i.started, t.started_at),
        transforming_at = coalesce(i.transforming, t.transforming_at),
        cancel_requested_at = case when i.status = 'cancelled' then coalesce(t.cancel_requested_at, p.now)
                                   else t.cancel_requested_at end,
        result = case when t.status = 'cancelling' then null else i.result::jsonb end,
        mounted = case when t.status = 'cancelling' then t.mounted else coalesce(i.mounted::jsonb, t.mounted) end,
        error = case when t.status = 'cancelling' then null else i.error::jsonb end,
        spent = coalesce(i.spent::jsonb, t.spent),
        owner_node = null, owner_epoch = null, run_at = null, finished_at = p.now, updated_at = p.now
     from unnest({}, {}, {}, {}, {}, {}, {}, {}, {}, {})
          as i(id, epoch, status, attempt, started, transforming, result, mounted, error, spent),
          (select {} as now) as p
     where t.id = i.id and t.attempt_epoch = i.epoch and t.finished_at is null
     returning t.id, t.status = 'cancelled' as cancelled, t.cancel_requested_at, t.started_at,
               t.transforming_at, case when i.mounted is null then t.mounted end as mounted"
}

/// What an ended row knows that the worker did not.
#[derive(QueryableByName)]
struct EndedRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Bool)]
    cancelled: bool,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    cancel_requested_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    started_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    transforming_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    mounted: Option<Value>,
}

impl EndedRow {
    /// The task as it now is.
    fn task(self, finish: &Finish, placed: Option<&MountedAt>, now: DateTime<Utc>) -> Result<Task, TxError> {
        let mut task = Task::clone(&finish.task);
        if self.cancelled {
            task.state = TaskState::Cancelling;
        }
        task.cancel_requested_at = self.cancel_requested_at;
        task.mounted = match placed {
            Some(placed) if !self.cancelled => Some(Arc::new(placed.clone())),
            _ => self.mounted.map(serde_json::from_value).transpose()?.map(Arc::new),
        };
        task.state = ending::state_after(&task, &finish.kind)?;
        task.attempt = finish.attempt;
        task.started_at = self.started_at;
        task.transforming_at = self.transforming_at;
        // How far a stage was is kept in memory alone.
        task.detail = StageDetail::default();
        task.updated_at = now;
        ending::apply(&mut task, finish, now);
        Ok(task)
    }
}

fixed_query! {
    /// Ends attempts that others follow. A cancel that was asked for wins.
    struct RequeueTasks {
        ids: Array<BigInt> => Vec<i64>,
        epochs: Array<BigInt> => Vec<i64>,
        attempts: Array<Integer> => Vec<i32>,
        keep_owner: Array<Bool> => Vec<bool>,
        run_ats: Array<Nullable<Timestamptz>> => Vec<Option<DateTime<Utc>>>,
        stages: Array<Nullable<Text>> => Vec<Option<String>>,
        errors: Array<Nullable<Text>> => Vec<Option<String>>,
        spent: Array<Nullable<Text>> => Vec<Option<String>>,
        now: Timestamptz => DateTime<Utc>,
    }
    "update task t set
        status = case when t.status = 'cancelling' then 'cancelled' else 'pending' end,
        attempt = i.attempt, attempt_epoch = t.attempt_epoch + 1, progress = 0,
        owner_node = case when i.keep_owner and t.status <> 'cancelling' then t.owner_node end,
        owner_epoch = case when i.keep_owner and t.status <> 'cancelling' then t.owner_epoch end,
        run_at = case when t.status <> 'cancelling' then i.run_at end,
        error = case when t.status = 'cancelling' then null else coalesce(i.error::jsonb, t.error) end,
        spent = coalesce(i.spent::jsonb, t.spent),
        spec = case when i.stage is null then t.spec else t.spec || jsonb_build_object('start_stage', i.stage) end,
        finished_at = case when t.status = 'cancelling' then p.now end, updated_at = p.now
     from unnest({}, {}, {}, {}, {}, {}, {}, {}) as i(id, epoch, attempt, keep_owner, run_at, stage, error, spent),
          (select {} as now) as p
     where t.id = i.id and t.attempt_epoch = i.epoch and t.finished_at is null
     returning t.*"
}

fn text<T: serde::Serialize>(value: &T) -> Result<Option<String>, TxError> {
    Ok(Some(serde_json::to_string(value)?))
}

fn stage_text(stage: Stage) -> Result<Option<String>, TxError> {
    let value = serde_json::to_value(stage)?;
    Ok(value.as_str().map(str::to_owned))
}

/// How a task waits for its next attempt.
struct Requeue<'a> {
    run_at: Option<DateTime<Utc>>,
    stage: Option<Stage>,
    failure: Option<&'a TaskFailure>,
}

/// Ends the attempts of a batch; the tasks as they then are, in no order. Stale ones are not among them.
pub(super) async fn end(
    connection: &mut AsyncPgConnection,
    batch: &[(&Finish, Option<&MountedAt>)],
    now: DateTime<Utc>,
) -> Result<Vec<Arc<Task>>, TxError> {
    let mut ends = EndTasks {
        ids: Vec::new(),
        epochs: Vec::new(),
        statuses: Vec::new(),
        attempts: Vec::new(),
        started: Vec::new(),
        transforming: Vec::new(),
        results: Vec::new(),
        mounted: Vec::new(),
        errors: Vec::new(),
        spent: Vec::new(),
        now,
    };
    let mut requeues = RequeueTasks {
        ids: Vec::new(),
        epochs: Vec::new(),
        attempts: Vec::new(),
        keep_owner: Vec::new(),
        run_ats: Vec::new(),
        stages: Vec::new(),
        errors: Vec::new(),
        spent: Vec::new(),
        now,
    };
    for (finish, mounted) in batch {
        let spent = finish.spent.as_ref().map(text).transpose()?.flatten();
        let requeue = match &finish.kind {
            FinishKind::Retry { failure, run_at, start_stage } => {
                Some(Requeue { run_at: Some(*run_at), stage: Some(*start_stage), failure: Some(failure) })
            }
            FinishKind::Released => Some(Requeue { run_at: None, stage: None, failure: None }),
            _ => None,
        };
        if let Some(Requeue { run_at, stage, failure }) = requeue {
            // Only a retry has a time; it keeps its owner, and its attempt counts.
            let is_retry = run_at.is_some();
            requeues.ids.push(finish.id.get());
            requeues.epochs.push(finish.attempt_epoch);
            requeues.attempts.push(if is_retry { finish.attempt } else { finish.attempt - 1 });
            requeues.keep_owner.push(is_retry);
            requeues.run_ats.push(run_at);
            requeues.stages.push(stage.map(stage_text).transpose()?.flatten());
            requeues.errors.push(failure.map(text).transpose()?.flatten());
            requeues.spent.push(spent);
            continue;
        }
        let (state, result, error) = match &finish.kind {
            FinishKind::Completed { result, .. } => (TaskState::Completed, text(&**result)?, None),
            FinishKind::Failed(failure) => (TaskState::Failed, None, text(&**failure)?),
            _ => (TaskState::Cancelled, None, None),
        };
        ends.ids.push(finish.id.get());
        ends.epochs.push(finish.attempt_epoch);
        ends.statuses.push(state.as_str());
        ends.attempts.push(finish.attempt);
        ends.started.push(finish.started_at);
        ends.transforming.push(finish.transforming_at);
        ends.results.push(result);
        ends.mounted.push(mounted.map(text).transpose()?.flatten());
        ends.errors.push(error);
        ends.spent.push(spent);
    }
    let mut tasks = Vec::with_capacity(batch.len());
    if !ends.ids.is_empty() {
        let given: HashMap<i64, _> =
            batch.iter().map(|(finish, placed)| (finish.id.get(), (*finish, *placed))).collect();
        for row in ends.load::<EndedRow>(connection).await? {
            if let Some((finish, placed)) = given.get(&row.id) {
                tasks.push(Arc::new(row.task(finish, *placed, now)?));
            }
        }
    }
    if !requeues.ids.is_empty() {
        tasks.extend(task_row::tasks(requeues.load::<TaskRow>(connection).await?)?);
    }
    Ok(tasks)
}
