//! Mounts that are members of arrays. Their records hold the index, so whoever changes an array tells them here.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use millrace_domain::{JsonPointer, TableId};

use super::error::TxError;
use super::{mounts, path};

/// Moves the mounts behind a member that was taken out of an array one place up. The caller holds the table's row lock.
///
/// Only mounts into this very array can be concerned: none goes below a member of an array.
pub(super) async fn move_up(
    connection: &mut AsyncPgConnection,
    table: TableId,
    array: &JsonPointer,
    removed: usize,
) -> QueryResult<()> {
    let (low, high) = path::below(&path::encode(array));
    // The index follows `low`. The cast stands inside the `case`, so that no key of an object ever reaches it.
    diesel::sql_query(
        "update mount set path = $2 || (substr(path, char_length($2) + 1)::bigint - 1)
         where table_id = $1 and path >= $2 and path < $3 and state = 'mounted'
           and case when element is not null and json_path = $4
                    then substr(path, char_length($2) + 1)::bigint > $5 end",
    )
    .bind::<BigInt, _>(table.get())
    .bind::<Text, _>(low)
    .bind::<Text, _>(high)
    .bind::<Text, _>(array.as_str())
    .bind::<BigInt, _>(i64::try_from(removed).unwrap_or(i64::MAX))
    .execute(connection)
    .await?;
    Ok(())
}

/// Marks mounts as replaced whose elements went with the value they had been mounted in: those below a path that no
/// segment below it holds.
pub(super) async fn end_lost(
    connection: &mut AsyncPgConnection,
    table: TableId,
    at: &str,
    now: DateTime<Utc>,
) -> Result<(), TxError> {
    let (low, high) = path::below(at);
    let ended: Vec<EndedRow> = diesel::sql_query(
        "update mount m set state = 'replaced', updated_at = $4
         where m.table_id = $1 and m.state = 'mounted' and m.path >= $2 and m.path < $3
           and not exists (select 1 from json_segment s
                           where s.table_id = m.table_id and s.path >= $2 and s.path < $3
                             and (m.path = s.path or starts_with(m.path, s.path || chr(1))))
         returning m.id, m.task_id",
    )
    .bind::<BigInt, _>(table.get())
    .bind::<Text, _>(low)
    .bind::<Text, _>(high)
    .bind::<Timestamptz, _>(now)
    .load(connection)
    .await?;
    let ended: Vec<(i64, i64)> = ended.into_iter().map(|row| (row.id, row.task_id)).collect();
    Ok(mounts::clear_mounted(connection, &ended, now).await?)
}

#[derive(QueryableByName)]
struct EndedRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    task_id: i64,
}
