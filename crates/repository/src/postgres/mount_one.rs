//! One mount, with every policy: the way for what the batch does not cover.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use millrace_domain::assembly;
use millrace_domain::mount::{MountIntent, MountRejection, MountState};
use millrace_domain::mount_rules::{Decision, candidate_key, decide, occupant};
use millrace_domain::{JsonPointer, TableId, TaskId};
use serde_json::Value;

use super::error::TxError;
use super::mounts::{MountRecord, MountRow, Placed};
use super::{mount_probe, mounts, path, segments, table_data};

/// Candidate keys that a rename looks at.
const MAX_RENAMES: u32 = 1000;

/// Places a mount into a table that exists and belongs to the task's owner.
///
/// The inner result is the refusal; the transaction goes on after one.
pub(super) async fn place(
    connection: &mut AsyncPgConnection,
    intent: &MountIntent,
    table: TableId,
    record: Option<&MountRow>,
    now: DateTime<Utc>,
) -> Result<Result<Placed, MountRejection>, TxError> {
    let in_place = record.filter(|record| record.state == MountState::Mounted.as_str());
    // The same task mounted again is the same mount, under the key that it got then.
    let first = in_place.map_or_else(|| intent.key.clone(), |record| record.key.clone());
    let placed = |pointer: JsonPointer, key: String, state| Placed { table, pointer, key, state, element: None };
    for number in 1..=MAX_RENAMES {
        let key = candidate_key(&first, number);
        let probe = mount_probe::container(connection, table, &intent.json_path, std::slice::from_ref(&key)).await?;
        let pointer = match intent.json_path.join(&key) {
            Ok(pointer) => pointer,
            Err(error) => return Ok(Err(MountRejection::InvalidPointer(error.to_string()))),
        };
        let target = [(table, path::encode(&pointer))];
        let found = mount_probe::targets(connection, &target).await?;
        let Some(found) = found.first() else { continue };
        let exact = found.exact.then_some(found.task_id.and_then(|id| TaskId::new(id).ok()));
        let written = !probe.written_keys.is_empty();
        let who = occupant(intent.task_id, exact, found.below, written);
        match decide(intent, &key, &probe.container, who) {
            Decision::Insert(pointer) => {
                write_segment(connection, intent, table, &pointer, now).await?;
                return Ok(Ok(placed(pointer, key, MountState::Mounted)));
            }
            Decision::Replace(pointer) => {
                let at = path::encode(&pointer);
                segments::remove_below(connection, table, &at).await?;
                segments::remove_at(connection, table, &at).await?;
                table_data::remove_from_covering(connection, table, &pointer, now).await?;
                table_data::end_mounts(connection, table, &at, MountState::Replaced, now).await?;
                write_segment(connection, intent, table, &pointer, now).await?;
                return Ok(Ok(placed(pointer, key, MountState::Mounted)));
            }
            Decision::Append => {
                let pointer = append(connection, intent, table, in_place, now).await?;
                let element = Some(intent.value.get().to_owned());
                return Ok(Ok(Placed { element, ..placed(pointer, key, MountState::Mounted) }));
            }
            Decision::Skip(pointer) => return Ok(Ok(placed(pointer, key, MountState::Skipped))),
            Decision::TryNextKey => {}
            Decision::Reject(rejection) => return Ok(Err(rejection)),
        }
    }
    Ok(Err(MountRejection::KeyExists(intent.json_path.clone())))
}

async fn write_segment(
    connection: &mut AsyncPgConnection,
    intent: &MountIntent,
    table: TableId,
    pointer: &JsonPointer,
    now: DateTime<Utc>,
) -> Result<(), TxError> {
    let task = Some(intent.task_id.get());
    Ok(segments::put_raw(connection, table, &path::encode(pointer), &intent.value, task, now).await?)
}

/// Appends to an array, or overwrites the element that the same mount appended before. Arrays live inside one
/// segment, so this rewrites that segment.
async fn append(
    connection: &mut AsyncPgConnection,
    intent: &MountIntent,
    table: TableId,
    in_place: Option<&MountRow>,
    now: DateTime<Utc>,
) -> Result<JsonPointer, TxError> {
    let value: Value = serde_json::from_str(intent.value.get())?;
    let Some((segment, mut document)) = segments::covering(connection, table, &intent.json_path).await? else {
        return Err(crate::RepositoryError::Corrupt("an array without a segment".into()).into());
    };
    let base = path::decode(&segment).unwrap_or_default();
    let array = intent.json_path.strip_prefix(&base).unwrap_or_default();
    let items = array.resolve(&document).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let before = in_place
        .and_then(|record| path::decode(&record.path))
        .and_then(|pointer| pointer.split_last())
        .and_then(|(_, index)| index.parse::<usize>().ok())
        // A member that was changed by hand is no longer the task's value.
        .filter(|index| items.get(*index) == in_place.and_then(|record| record.element.as_ref()));
    let index = before.unwrap_or(items.len()).to_string();
    let inside = array.join(&index).map_err(|error| MountRejection::InvalidPointer(error.to_string()))?;
    assembly::write_at(&mut document, &inside, value)?;
    segments::set_value(connection, table, &segment, &document, now).await?;
    Ok(intent.json_path.join(&index).map_err(|error| MountRejection::InvalidPointer(error.to_string()))?)
}

/// Places one mount and records it.
pub(super) async fn apply(
    connection: &mut AsyncPgConnection,
    intent: &MountIntent,
    table: TableId,
    record: Option<&MountRow>,
    now: DateTime<Utc>,
) -> Result<Result<MountRecord, MountRejection>, TxError> {
    match place(connection, intent, table, record, now).await? {
        Ok(placed) => {
            let recorded = mounts::record(connection, &[(intent, placed)], now).await?;
            recorded
                .into_iter()
                .next()
                .map(Ok)
                .ok_or_else(|| crate::RepositoryError::Corrupt("a mount was not recorded".into()).into())
        }
        Err(rejection) => Ok(Err(rejection)),
    }
}
