//! Segments of JSON tables, inside somebody's transaction.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use millrace_domain::{JsonPointer, TableId};
use serde_json::Value;

use super::fixed::fixed_query;
use super::path;
use super::schema::json_segment as segment;

/// The path of a segment, and its value.
pub(super) type Found = (String, Value);

/// The stored paths of a pointer and everything above it.
pub(super) fn ancestor_paths(pointer: &JsonPointer) -> Vec<String> {
    pointer.ancestors_and_self().iter().map(path::encode).collect()
}

/// The deepest segment at or above a pointer, whole, locked for a change.
pub(super) async fn covering(
    connection: &mut AsyncPgConnection,
    table: TableId,
    pointer: &JsonPointer,
) -> QueryResult<Option<Found>> {
    // Looked up by key first: a sort over the index would walk the whole table.
    let found: Vec<String> = segment::table
        .filter(segment::table_id.eq(table.get()).and(segment::path.eq_any(ancestor_paths(pointer))))
        .select(segment::path)
        .load(connection)
        .await?;
    // Of paths that are prefixes of one another the greatest is the deepest.
    let Some(deepest) = found.into_iter().max() else { return Ok(None) };
    segment::table
        .find((table.get(), deepest))
        .select((segment::path, segment::value))
        .for_update()
        .first(connection)
        .await
        .optional()
}

fixed_query! {
    /// What the deepest covering segment says at a pointer, without the rest of it.
    struct CoveringValue {
        keys: Array<Text> => Vec<String>,
        table: BigInt => i64,
        paths: Array<Text> => Vec<String>,
    }
    "with p as (select {}::text[] as keys)
     select s.path,
            s.value #>> p.keys[cardinality(string_to_array(s.path, chr(1))) + (s.path = '')::int:] as text,
            jsonb_typeof(s.value #> p.keys[cardinality(string_to_array(s.path, chr(1))) + (s.path = '')::int:]) as kind
     from (select path, value from json_segment where table_id = {} and path = any({}) offset 0) s, p
     order by s.path desc limit 1"
}

#[derive(QueryableByName)]
struct CoveringValueRow {
    #[diesel(sql_type = Text)]
    path: String,
    #[diesel(sql_type = Nullable<Text>)]
    text: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    kind: Option<String>,
}

/// The value at a pointer as the deepest covering segment has it (deeper segments not laid over), and that segment's
/// path. `None` when no segment covers the pointer.
pub(super) async fn covering_value(
    connection: &mut AsyncPgConnection,
    table: TableId,
    pointer: &JsonPointer,
) -> Result<Option<(String, Option<Value>)>, super::error::TxError> {
    let row: Option<CoveringValueRow> =
        CoveringValue { keys: pointer.tokens().collect(), table: table.get(), paths: ancestor_paths(pointer) }
            .get_result(connection)
            .await
            .optional()?;
    let Some(row) = row else { return Ok(None) };
    let value = match (row.kind.as_deref(), row.text) {
        (None, _) => None,
        (Some("null"), _) => Some(Value::Null),
        // `#>>` gives strings bare; everything else is JSON text.
        (Some("string"), Some(text)) => Some(Value::String(text)),
        (Some(_), Some(text)) => Some(serde_json::from_str(&text)?),
        (Some(_), None) => None,
    };
    Ok(Some((row.path, value)))
}

/// Segments strictly below a path whose own path is at least `from`, in tree order.
pub(super) async fn below(
    connection: &mut AsyncPgConnection,
    table: TableId,
    base: &str,
    from: &str,
    limit: i64,
) -> QueryResult<Vec<Found>> {
    let (low, high) = path::below(base);
    segment::table
        .filter(segment::table_id.eq(table.get()))
        .filter(segment::path.ge(low.as_str().max(from)).and(segment::path.lt(high)))
        .order(segment::path.asc())
        .limit(limit)
        .select((segment::path, segment::value))
        .load(connection)
        .await
}

/// Whether there are segments strictly below a path.
pub(super) async fn any_below(connection: &mut AsyncPgConnection, table: TableId, base: &str) -> QueryResult<bool> {
    let (low, high) = path::below(base);
    let some = segment::table
        .filter(segment::table_id.eq(table.get()))
        .filter(segment::path.ge(low).and(segment::path.lt(high)));
    diesel::select(diesel::dsl::exists(some)).get_result(connection).await
}

/// Writes one segment, whether or not it exists.
pub(super) async fn put(
    connection: &mut AsyncPgConnection,
    table: TableId,
    at: &str,
    value: &Value,
    task: Option<i64>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let changes = (segment::value.eq(value), segment::task_id.eq(task), segment::updated_at.eq(now));
    diesel::insert_into(segment::table)
        .values((segment::table_id.eq(table.get()), segment::path.eq(at), changes))
        .on_conflict((segment::table_id, segment::path))
        .do_update()
        .set(changes)
        .execute(connection)
        .await?;
    Ok(())
}

/// Replaces the value of a segment that exists, whoever's it is.
pub(super) async fn set_value(
    connection: &mut AsyncPgConnection,
    table: TableId,
    at: &str,
    value: &Value,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(segment::table.find((table.get(), at)))
        .set((segment::value.eq(value), segment::updated_at.eq(now)))
        .execute(connection)
        .await?;
    Ok(())
}

/// Removes the segment at a path; whether there was one.
pub(super) async fn remove_at(connection: &mut AsyncPgConnection, table: TableId, at: &str) -> QueryResult<bool> {
    Ok(diesel::delete(segment::table.find((table.get(), at))).execute(connection).await? > 0)
}

/// Removes everything strictly below a path; how many segments that was.
pub(super) async fn remove_below(connection: &mut AsyncPgConnection, table: TableId, base: &str) -> QueryResult<usize> {
    let (low, high) = path::below(base);
    diesel::delete(segment::table)
        .filter(segment::table_id.eq(table.get()))
        .filter(segment::path.ge(low).and(segment::path.lt(high)))
        .execute(connection)
        .await
}

fixed_query! {
    /// Writes segments given as JSON text. Those that exist meanwhile stay and are not returned.
    struct InsertSegments {
        tables: Array<BigInt> => Vec<i64>,
        paths: Array<Text> => Vec<String>,
        values: Array<Text> => Vec<String>,
        tasks: Array<BigInt> => Vec<i64>,
        now: diesel::sql_types::Timestamptz => DateTime<Utc>,
    }
    "insert into json_segment (table_id, path, value, task_id, updated_at)
     select i.table_id, i.path, i.value::jsonb, i.task_id, p.now
     from unnest({}, {}, {}, {}) as i(table_id, path, value, task_id), (select {} as now) as p
     on conflict do nothing
     returning table_id, path"
}

/// The primary key of a segment.
#[derive(QueryableByName, Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct SegmentKey {
    #[diesel(sql_type = BigInt)]
    pub(super) table_id: i64,
    #[diesel(sql_type = Text)]
    pub(super) path: String,
}

/// A segment to write.
pub(super) struct NewSegment {
    pub(super) key: SegmentKey,
    pub(super) value: String,
    pub(super) task: i64,
}

/// Writes new segments, in one statement; returns the keys of those written.
pub(super) async fn insert_new(
    connection: &mut AsyncPgConnection,
    new: Vec<NewSegment>,
    now: DateTime<Utc>,
) -> QueryResult<Vec<SegmentKey>> {
    let mut statement =
        InsertSegments { tables: Vec::new(), paths: Vec::new(), values: Vec::new(), tasks: Vec::new(), now };
    for NewSegment { key, value, task } in new {
        statement.tables.push(key.table_id);
        statement.paths.push(key.path);
        statement.values.push(value);
        statement.tasks.push(task);
    }
    statement.load(connection).await
}

/// Writes one segment given as JSON text, whether or not it exists.
pub(super) async fn put_raw(
    connection: &mut AsyncPgConnection,
    table: TableId,
    at: &str,
    value: &serde_json::value::RawValue,
    task: Option<i64>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::sql_query(
        "insert into json_segment (table_id, path, value, task_id, updated_at) values ($1, $2, $3::jsonb, $4, $5)
         on conflict (table_id, path) do update
         set value = excluded.value, task_id = excluded.task_id, updated_at = excluded.updated_at",
    )
    .bind::<BigInt, _>(table.get())
    .bind::<Text, _>(at)
    .bind::<Text, _>(value.get())
    .bind::<Nullable<BigInt>, _>(task)
    .bind::<diesel::sql_types::Timestamptz, _>(now)
    .execute(connection)
    .await?;
    Ok(())
}
