//! What a mount would do, found out without changing anything.

use millrace_domain::mount::{MountIntent, MountRejection, MountState, MountTable};
use millrace_domain::mount_rules::{Decision, candidate_key, decide};
use millrace_domain::{JsonPointer, TableId};
use serde_json::Value;
use serde_json::value::RawValue;

use super::document::Document;
use super::state::State;
use crate::{Clash, RepositoryError, Result};

/// Keys that a rename tries before it gives up.
const MAX_RENAMES: u32 = 1000;

/// What becomes of the value.
#[derive(Debug)]
pub(super) enum Placement {
    /// It becomes a segment at this free pointer.
    Insert(JsonPointer),
    /// It becomes a segment at this pointer, after what is at and below it was removed.
    Replace(JsonPointer),
    /// It goes to the end of the array that is the container.
    Append,
    /// It goes nowhere, because this pointer is taken.
    Skip(JsonPointer),
}

/// A mount that can be applied, as long as nothing else happens in between.
#[derive(Debug)]
pub(super) struct MountPlan {
    /// The table; `None` when it is to be made.
    pub table: Option<TableId>,
    /// The key that was chosen.
    pub key: String,
    /// Where the value goes.
    pub placement: Placement,
}

impl State {
    /// Decides what a mount does, or why it cannot be.
    pub(super) fn plan_mount(&self, intent: &MountIntent) -> Result<MountPlan> {
        let task_is_there = self.tasks.get(&intent.task_id).is_some_and(|row| row.task.user_id == intent.user_id);
        if !task_is_there || !self.owns_project(intent.user_id, intent.project_id) {
            return Err(RepositoryError::Conflict(Clash::Reference));
        }
        let table = self.table_for(intent)?;
        let empty = Document::default();
        let document = table.and_then(|id| self.tables.get(&id)).map_or(&empty, |row| &row.document);
        let (key, placement) = choose(intent, self.key_from_before(intent, table), document)?;
        Ok(MountPlan { table, key, placement })
    }

    /// The same task mounted again is the same mount, under the key that it got then, as long as that is in place.
    fn key_from_before<'k>(&'k self, intent: &'k MountIntent, table: Option<TableId>) -> &'k str {
        let earlier = table.and_then(|table| self.mount_at(intent.task_id, table, &intent.json_path));
        let in_place = earlier.filter(|row| row.mount.state == MountState::Mounted);
        in_place.map_or(&intent.key, |row| &row.mount.key)
    }

    /// The table that is there already. A task that made its own table once goes back to it.
    fn table_for(&self, intent: &MountIntent) -> Result<Option<TableId>> {
        match &intent.table {
            MountTable::Existing(id) => {
                let owned = self.tables.get(id).filter(|row| row.info.user_id == intent.user_id);
                let table = &owned.ok_or(MountRejection::TableNotFound)?.info;
                if table.project_id == intent.project_id {
                    Ok(Some(*id))
                } else {
                    Err(MountRejection::TableInOtherProject.into())
                }
            }
            MountTable::New { .. } => {
                let earlier = self.mounts_of_task(intent.task_id).find(|row| row.mount.automatic);
                Ok(earlier.map(|row| row.mount.table_id))
            }
        }
    }
}

/// Decides for the first candidate key that will do.
fn choose(intent: &MountIntent, first: &str, document: &Document) -> Result<(String, Placement)> {
    let container = document.container(&intent.json_path);
    let mut taken = None;
    for try_number in 1..=MAX_RENAMES {
        let key = candidate_key(first, try_number);
        let pointer = intent
            .json_path
            .join(&key)
            .map_err(|error| RepositoryError::Mount(MountRejection::InvalidPointer(error.to_string())))?;
        let placement = match decide(intent, &key, &container, document.occupant(intent.task_id, &pointer)) {
            Decision::Insert(pointer) => Placement::Insert(pointer),
            Decision::Replace(pointer) => Placement::Replace(pointer),
            Decision::Append => Placement::Append,
            Decision::Skip(pointer) => Placement::Skip(pointer),
            Decision::Reject(rejection) => return Err(rejection.into()),
            Decision::TryNextKey => {
                taken = taken.or(Some(pointer));
                continue;
            }
        };
        return Ok((key, placement));
    }
    Err(MountRejection::KeyExists(taken.unwrap_or_default()).into())
}

/// Reads a value that is to be mounted.
pub(super) fn parse_value(raw: &RawValue) -> Result<Value> {
    serde_json::from_str(raw.get()).map_err(|error| RepositoryError::Corrupt(Box::new(error)))
}
