//! Reading and writing a table's document at a pointer.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use millrace_domain::assembly::{self, WriteRefused};
use millrace_domain::json_table::{DataPage, DataQuery, RemovedData};
use millrace_domain::mount::MountState;
use millrace_domain::{JsonPointer, TableId};
use serde_json::{Map, Value};

use super::error::TxError;
use super::schema::mount;
use super::{elements, path, segments};
use crate::RepositoryError;

/// Segments fetched at a time.
const CHUNK: i64 = 1000;

fn bad_path(at: &str) -> TxError {
    RepositoryError::Corrupt(format!("segment path {at:?}").into()).into()
}

/// The pointer of a stored path, relative to a path above it.
fn relative(base: &str, at: &str) -> Result<JsonPointer, TxError> {
    at.strip_prefix(base).and_then(path::decode).ok_or_else(|| bad_path(at))
}

/// A refusal in terms of the whole document.
fn rebase(refused: WriteRefused, segment: &str) -> WriteRefused {
    let base = path::decode(segment).unwrap_or_default();
    let whole = |at: JsonPointer| JsonPointer::parse(&format!("{base}{at}")).unwrap_or(at);
    match refused {
        WriteRefused::NotContainer { at } => WriteRefused::NotContainer { at: whole(at) },
        WriteRefused::BadIndex { at, index } => WriteRefused::BadIndex { at: whole(at), index },
    }
}

/// A member of an object: the value that a covering segment holds, and the deeper segments to lay over it.
#[derive(Default)]
struct Member {
    written: Option<Value>,
    over: Vec<(JsonPointer, Value)>,
}

/// Reads one page.
pub(super) async fn read(
    connection: &mut AsyncPgConnection,
    table: TableId,
    query: &DataQuery,
) -> Result<Option<DataPage>, TxError> {
    let at = path::encode(&query.pointer);
    let base = segments::covering_value(connection, table, &query.pointer).await?.and_then(|(_, value)| value);
    let mut from = at.clone();
    if let Some(after) = &query.after_key {
        path::push_key(&mut from, after);
        from = path::past(&from);
    }
    let mut members: BTreeMap<String, Member> = BTreeMap::new();
    let mut complete = false;
    while !complete && members.len() <= query.limit {
        let found = segments::below(connection, table, &at, &from, CHUNK).await?;
        complete = i64::try_from(found.len()).unwrap_or(i64::MAX) < CHUNK;
        if let Some((last, _)) = found.last() {
            from = format!("{last}\u{1}");
        }
        for (segment, value) in found {
            let pointer = relative(&at, &segment)?;
            let key = pointer.tokens().next().ok_or_else(|| bad_path(&segment))?;
            let below_key = pointer.as_str()[1..].find('/').map_or("", |cut| &pointer.as_str()[cut + 1..]);
            let rest = JsonPointer::parse(below_key).map_err(|_invalid| bad_path(&segment))?;
            members.entry(key).or_default().over.push((rest, value));
        }
    }
    let base = match base {
        Some(Value::Object(written)) => {
            for (key, value) in written {
                if query.after_key.as_ref().is_none_or(|after| key > *after) {
                    members.entry(key).or_default().written = Some(value);
                }
            }
            Some(Value::Object(Map::new()))
        }
        other => other,
    };
    if members.is_empty() {
        let value = match base {
            Some(value) => Some(value),
            // An empty table reads as an object; so does the rest of one that only deeper segments imply.
            None if query.pointer.is_root() || segments::any_below(connection, table, &at).await? => {
                Some(Value::Object(Map::new()))
            }
            None => None,
        };
        return Ok(value.map(|value| DataPage { value, next_after_key: None }));
    }
    let more = members.len() > query.limit || !complete;
    let mut page = Map::new();
    for (key, Member { written, over }) in members.into_iter().take(query.limit) {
        if let Some(value) = assembly::assemble(written, over) {
            page.insert(key, value);
        }
    }
    let next_after_key = if more { page.keys().next_back().cloned() } else { None };
    Ok(Some(DataPage { value: Value::Object(page), next_after_key }))
}

/// Writes at a pointer. The caller holds the table's row lock.
pub(super) async fn write(
    connection: &mut AsyncPgConnection,
    table: TableId,
    pointer: &JsonPointer,
    value: &Value,
    now: DateTime<Utc>,
) -> Result<RemovedData, TxError> {
    let at = path::encode(pointer);
    match segments::covering(connection, table, pointer).await? {
        Some((segment, mut document)) => {
            let rest = relative(&segment, &at)?;
            assembly::write_at(&mut document, &rest, value.clone()).map_err(|refused| rebase(refused, &segment))?;
            if rest.is_root() {
                // What is written by hand over a mount is no longer the task's.
                segments::put(connection, table, &segment, &document, None, now).await?;
            } else {
                segments::set_value(connection, table, &segment, &document, now).await?;
            }
        }
        None => {
            let mut document = Value::Object(Map::new());
            assembly::write_at(&mut document, pointer, value.clone())?;
            segments::put(connection, table, "", &document, None, now).await?;
        }
    }
    segments::remove_below(connection, table, &at).await?;
    let mounts = end_mounts(connection, table, &at, MountState::Replaced, now).await?;
    Ok(RemovedData { mounts })
}

/// Removes what is at and below a pointer. The caller holds the table's row lock.
pub(super) async fn remove(
    connection: &mut AsyncPgConnection,
    table: TableId,
    pointer: &JsonPointer,
    now: DateTime<Utc>,
) -> Result<Option<RemovedData>, TxError> {
    let at = path::encode(pointer);
    // Before anything goes: afterwards a later member of an array may stand at this pointer.
    let mounts = end_mounts(connection, table, &at, MountState::Unmounted, now).await?;
    let mut removed = segments::remove_below(connection, table, &at).await? > 0;
    removed |= segments::remove_at(connection, table, &at).await?;
    // What a segment further up holds at this place was hidden until now; it goes as well.
    removed |= remove_from_covering(connection, table, pointer, now).await?;
    Ok((removed || mounts > 0).then_some(RemovedData { mounts }))
}

/// Takes the value at a pointer out of the segment that covers it, if it is there. When that was a member of an array,
/// the mounts behind it move up.
pub(super) async fn remove_from_covering(
    connection: &mut AsyncPgConnection,
    table: TableId,
    pointer: &JsonPointer,
    now: DateTime<Utc>,
) -> Result<bool, TxError> {
    let Some((segment, mut document)) = segments::covering(connection, table, pointer).await? else {
        return Ok(false);
    };
    let rest = relative(&segment, &path::encode(pointer))?;
    let index = assembly::element_index(&document, &rest);
    if rest.is_root() || assembly::remove_at(&mut document, &rest).is_none() {
        return Ok(false);
    }
    segments::set_value(connection, table, &segment, &document, now).await?;
    if let (Some(index), Some((array, _))) = (index, pointer.split_last()) {
        elements::move_up(connection, table, &array, index).await?;
    }
    Ok(true)
}

/// Marks the mounts at and below a path as ended; how many that was.
pub(super) async fn end_mounts(
    connection: &mut AsyncPgConnection,
    table: TableId,
    at: &str,
    state: MountState,
    now: DateTime<Utc>,
) -> Result<u64, TxError> {
    let (low, high) = path::below(at);
    let in_place = mount::state.eq(MountState::Mounted.as_str());
    let here = mount::path.eq(at).or(mount::path.ge(low).and(mount::path.lt(high)));
    let ended: Vec<(i64, i64)> = diesel::update(mount::table)
        .filter(mount::table_id.eq(table.get()).and(in_place).and(here))
        .set((mount::state.eq(state.as_str()), mount::updated_at.eq(now)))
        .returning((mount::id, mount::task_id))
        .get_results(connection)
        .await?;
    super::mounts::clear_mounted(connection, &ended, now).await?;
    Ok(ended.len() as u64)
}
