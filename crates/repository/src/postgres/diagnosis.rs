//! What is amiss in a database, for the check that an operator runs. Reads only.

use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Timestamptz};
use diesel::{QueryableByName, sql_query};
use diesel_async::RunQueryDsl;

use super::store::PgStore;
use crate::Result;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, QueryableByName)]
pub struct Diagnosis {
    /// Unfinished tasks that some node owns, whether it lives or not.
    #[diesel(sql_type = BigInt)]
    pub owned_tasks: i64,
    /// Unfinished tasks whose node is gone: its lease ended, or it has begun a new incarnation since.
    #[diesel(sql_type = BigInt)]
    pub stranded_tasks: i64,
    /// Receipts of idempotent requests that have expired and were not removed yet.
    #[diesel(sql_type = BigInt)]
    pub expired_receipts: i64,
}

impl PgStore {
    /// Looks for what is amiss. The schema must be up to date, see [`PgStore::pending_migrations`].
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn diagnose(&self, now: DateTime<Utc>) -> Result<Diagnosis> {
        let found = sql_query(
            "select
                (select count(*) from task where finished_at is null and owner_node is not null) as owned_tasks,
                (select count(*) from task t left join node n on n.id = t.owner_node
                 where t.finished_at is null and t.owner_node is not null
                   and (n.id is null or n.lease_until < now() or t.owner_epoch < n.epoch)) as stranded_tasks,
                (select count(*) from idempotency_receipt where expires_at <= $1) as expired_receipts",
        )
        .bind::<Timestamptz, _>(now)
        .get_result(&mut self.connection().await?)
        .await?;
        Ok(found)
    }
}
