//! Taking over tasks, in batches, without waiting for anybody's lock.

use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Bool, Integer, Timestamptz};
use diesel_async::{AsyncConnection, RunQueryDsl};
use millrace_domain::event::NewEvent;
use millrace_domain::task::Owner;

use super::error::TxError;
use super::events;
use super::store::PgStore;
use super::task_finish::end_event;
use super::task_row::{self, TaskRow};
use crate::{RecoverSource, Recovered, Result};

/// Which rows, for each source. `$1` is the caller's node, `$2` its epoch, `$4` the time.
fn chosen(source: RecoverSource) -> &'static str {
    match source {
        RecoverSource::EarlierSelf => "owner_node = $1 and owner_epoch < $2",
        RecoverSource::LapsedNodes => {
            "owner_node in (select id from node where id <> $1 and lease_until < now() - interval '1 second')"
        }
        RecoverSource::Unowned => "owner_node is null and (run_at is null or run_at <= $4)",
    }
}

/// The error of a poison task; its stage is the one it would have begun with.
const POISON: &str = "jsonb_build_object('code', 'poison', 'message',
    'the task was running each time its process died; it is not tried again', 'retryable', false, 'stage',
    case coalesce(t.spec ->> 'start_stage', case t.kind when 'document' then 'parse' else 'run' end)
        when 'parse' then 'mineru' when 'transform' then 'postprocess' when 'mount' then 'mount'
        else case t.kind when 'query' then 'query' else 'load' end end)";

impl PgStore {
    pub(super) async fn recover_tasks(
        &self,
        owner: Owner,
        source: RecoverSource,
        poison_after: i32,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<Recovered> {
        let sql = format!(
            "with c as materialized (
                select id, recoveries + (started_epoch is not null and started_epoch = attempt_epoch and $6)::int
                       as deaths, status = 'cancelling' as cancelling
                from task where finished_at is null and {}
                order by id limit $3 for update skip locked),
             d as (select id, deaths, cancelling, cancelling or deaths >= $5 as over from c)
             update task t set
                recoveries = d.deaths, attempt_epoch = t.attempt_epoch + 1, recovered = t.recovered or $6, progress = 0,
                status = case when d.cancelling then 'cancelled' when d.over then 'failed' else 'pending' end,
                error = case when d.cancelling then null when d.over then {POISON} else t.error end,
                owner_node = case when not d.over then $1 end, owner_epoch = case when not d.over then $2 end,
                run_at = case when not d.over then t.run_at end,
                finished_at = case when d.over then $4 end, updated_at = $4
             from d where t.id = d.id
             returning t.*",
            chosen(source)
        );
        let died = source != RecoverSource::Unowned;
        let mut connection = self.connection().await?;
        let tasks = connection
            .transaction(async |connection| -> std::result::Result<_, TxError> {
                let rows: Vec<TaskRow> = diesel::sql_query(sql)
                    .bind::<BigInt, _>(owner.node.get())
                    .bind::<BigInt, _>(owner.epoch)
                    .bind::<BigInt, _>(i64::try_from(limit).unwrap_or(i64::MAX))
                    .bind::<Timestamptz, _>(now)
                    .bind::<Integer, _>(poison_after)
                    .bind::<Bool, _>(died)
                    .load(connection)
                    .await?;
                let tasks = task_row::tasks(rows)?;
                let told: Vec<NewEvent> =
                    tasks.iter().filter(|task| task.state.is_terminal()).map(|task| end_event(task)).collect();
                events::append(connection, &told, now).await?;
                Ok(tasks)
            })
            .await?;
        let (ended, adopted) = tasks.into_iter().partition(|task| task.state.is_terminal());
        Ok(Recovered { adopted, ended })
    }
}
