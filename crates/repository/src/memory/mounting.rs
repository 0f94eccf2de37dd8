//! What mounting and unmounting do to a table's data and to the mounts that it holds.

use chrono::{DateTime, Utc};
use millrace_domain::json_table::JsonTableDefinition;
use millrace_domain::mount::{AUTO_TABLE_DESCRIPTION, Mount, MountIntent, MountState, MountTable};
use millrace_domain::{JsonPointer, MountId, TableId};
use serde_json::Value;

use super::document::path_of;
use super::mounts::MountRow;
use super::placement::{MountPlan, Placement};
use super::state::State;
use super::tables::TableRow;
use crate::Result;

/// Where a value went.
struct Placed {
    key: String,
    pointer: JsonPointer,
    state: MountState,
    element: Option<Value>,
}

impl State {
    /// Does what was planned and records it. The task's own word on its automatic mount is left to the caller.
    pub(super) fn commit_mount(
        &mut self,
        intent: &MountIntent,
        plan: MountPlan,
        value: Value,
        now: DateTime<Utc>,
    ) -> Result<Mount> {
        let table = match plan.table {
            Some(table) => table,
            None => self.make_table_for(intent, now)?,
        };
        let place = (table, intent.json_path.clone());
        let earlier = self.mounts_by_task.get(&intent.task_id).and_then(|places| places.get(&place)).copied();
        if let (Placement::Skip(_), Some(mount)) = (&plan.placement, self.mount_in_place(earlier)) {
            // Nothing is mounted now, and what this task mounted here under another key stays.
            return Ok(mount.clone());
        }
        let id = match earlier {
            Some(id) => id,
            None => self.sequences.mounts.next()?,
        };
        let placed = self.place(intent, table, earlier, plan, value, now);
        let earlier = self.mounts.remove(&id).map(|row| row.mount);
        let mount = Mount {
            id,
            task_id: intent.task_id,
            user_id: intent.user_id,
            table_id: table,
            json_path: intent.json_path.clone(),
            key: placed.key,
            pointer: placed.pointer,
            conflict: intent.conflict,
            state: placed.state,
            automatic: intent.automatic || earlier.as_ref().is_some_and(|mount| mount.automatic),
            created_at: earlier.map_or(now, |mount| mount.created_at),
            updated_at: now,
        };
        self.mounts_by_task.entry(intent.task_id).or_default().insert(place, id);
        if let Some(row) = self.tables.get_mut(&table) {
            row.mounts.insert(id);
            if mount.state == MountState::Mounted {
                row.in_place.entry(path_of(&mount.pointer)).or_default().insert(id);
            }
        }
        self.mounts.insert(id, MountRow { mount: mount.clone(), element: placed.element });
        if mount.state == MountState::Mounted {
            self.append_mount_event(&mount, "table.mounted", now)?;
        }
        Ok(mount)
    }

    fn make_table_for(&mut self, intent: &MountIntent, now: DateTime<Utc>) -> Result<TableId> {
        let name = match &intent.table {
            MountTable::New { name } => name.clone(),
            MountTable::Existing(id) => id.to_string(),
        };
        let definition = JsonTableDefinition { name, description: AUTO_TABLE_DESCRIPTION.to_owned() };
        Ok(self.make_table(intent.user_id, intent.project_id, &definition, None, now)?.id)
    }

    fn mount_in_place(&self, id: Option<MountId>) -> Option<&Mount> {
        let mount = &self.mounts.get(&id?)?.mount;
        (mount.state == MountState::Mounted).then_some(mount)
    }

    fn place(
        &mut self,
        intent: &MountIntent,
        table: TableId,
        earlier: Option<MountId>,
        plan: MountPlan,
        value: Value,
        now: DateTime<Utc>,
    ) -> Placed {
        let segment = |pointer| Placed { key: plan.key.clone(), pointer, state: MountState::Mounted, element: None };
        match plan.placement {
            Placement::Skip(pointer) => Placed { state: MountState::Skipped, ..segment(pointer) },
            Placement::Append => self.place_in_array(table, &intent.json_path, earlier, value),
            Placement::Insert(pointer) | Placement::Replace(pointer) => {
                // The same task mounts here once: under another key than before, the mount moves.
                if let Some(earlier) = earlier.filter(|id| self.mount_in_place(Some(*id)).is_some()) {
                    self.take_out(earlier, now);
                }
                self.displace(table, &pointer, MountState::Replaced, now);
                if let Some(row) = self.tables.get_mut(&table) {
                    row.document.clear(&pointer);
                    row.document.insert(&pointer, value, Some(intent.task_id));
                }
                segment(pointer)
            }
        }
    }

    fn place_in_array(
        &mut self,
        table: TableId,
        container: &JsonPointer,
        earlier: Option<MountId>,
        value: Value,
    ) -> Placed {
        let own = earlier.and_then(|id| self.mounts.get(&id)).filter(|row| row.mount.state == MountState::Mounted);
        let own =
            own.and_then(|row| Some((row.mount.pointer.clone(), row.mount.id, index_of(row)?, row.element.clone()?)));
        let mut index = 0;
        if let Some(row) = self.tables.get_mut(&table) {
            if let Some((pointer, id, ..)) = &own {
                row.forget_place(pointer, *id);
            }
            if let Some(items) = row.document.array_mut(container) {
                index = own
                    .filter(|(_, _, index, before)| items.get(*index) == Some(before))
                    .map_or(items.len(), |(_, _, index, _)| index);
                if index == items.len() { items.push(value.clone()) } else { items[index] = value.clone() }
            }
        }
        let key = index.to_string();
        let pointer = container.join(&key).unwrap_or_else(|_| container.clone());
        Placed { key, pointer, state: MountState::Mounted, element: Some(value) }
    }

    /// Takes a mount's own value out of its table and marks it unmounted; deeper mounts stay. An element of an array
    /// is taken out only if the one at the recorded index is still the mount's.
    pub(super) fn take_out(&mut self, id: MountId, now: DateTime<Utc>) {
        let Some(row) = self.mounts.get_mut(&id) else { return };
        row.mount.state = MountState::Unmounted;
        row.mount.updated_at = now;
        let Some(table) = self.tables.get_mut(&row.mount.table_id) else { return };
        table.forget_place(&row.mount.pointer, id);
        let pointer = row.mount.pointer.clone();
        if let Some(element) = &row.element {
            let index = index_of(row);
            let items = table.document.array_mut(&row.mount.json_path);
            if let (Some(index), Some(items)) = (index, items)
                && items.get(index) == Some(element)
            {
                items.remove(index);
            }
            return;
        }
        table.document.take_segment(&pointer);
        let table_id = row.mount.table_id;
        self.displace_elements(table_id, &pointer, now);
    }

    /// Ends every mount at or below a pointer; which they were. Their values are the caller's to remove.
    pub(super) fn displace(
        &mut self,
        table: TableId,
        pointer: &JsonPointer,
        state: MountState,
        now: DateTime<Utc>,
    ) -> Vec<MountId> {
        let Some(row) = self.tables.get_mut(&table) else { return Vec::new() };
        let ids = row.mounts_from(pointer);
        for id in &ids {
            let Some(mount) = self.mounts.get_mut(id).map(|row| &mut row.mount) else { continue };
            row.forget_place(&mount.pointer, *id);
            mount.state = state;
            mount.updated_at = now;
        }
        ids
    }

    /// Ends the mounts that were elements of arrays inside a segment that was taken out.
    fn displace_elements(&mut self, table: TableId, pointer: &JsonPointer, now: DateTime<Utc>) {
        let Some(row) = self.tables.get_mut(&table) else { return };
        for id in row.mounts_from(pointer) {
            let Some(below) = self.mounts.get_mut(&id).filter(|row| row.element.is_some()) else { continue };
            if !row.document.is_covered_from(pointer, &below.mount.json_path) {
                row.forget_place(&below.mount.pointer, id);
                below.mount.state = MountState::Replaced;
                below.mount.updated_at = now;
            }
        }
    }
}

/// The index of a mount inside an array.
fn index_of(row: &MountRow) -> Option<usize> {
    row.mount.key.parse().ok()
}

impl TableRow {
    /// Mounts that are in place at or below a pointer.
    fn mounts_from(&self, pointer: &JsonPointer) -> Vec<MountId> {
        let path = path_of(pointer);
        let from = self.in_place.range(path.clone()..).take_while(|(at, _)| at.starts_with(&path));
        from.flat_map(|(_, ids)| ids.iter().copied()).collect()
    }

    fn forget_place(&mut self, pointer: &JsonPointer, id: MountId) {
        let path = path_of(pointer);
        if let Some(ids) = self.in_place.get_mut(&path) {
            ids.remove(&id);
            if ids.is_empty() {
                self.in_place.remove(&path);
            }
        }
    }
}
