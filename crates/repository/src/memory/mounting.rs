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
        let earlier = self.mount_at(intent.task_id, table, &intent.json_path).map(|row| row.mount.clone());
        let id = match &earlier {
            Some(earlier) => earlier.id,
            None => self.sequences.mounts.next()?,
        };
        let placed = self.place(intent, table, id, plan, value, now);
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
        let place = (table, intent.json_path.clone());
        self.mounts_by_task.entry(intent.task_id).or_default().insert(place, id);
        if let Some(row) = self.tables.get_mut(&table) {
            row.mounts.insert(id);
            if mount.state == MountState::Mounted {
                row.in_place.insert(path_of(&mount.pointer), id);
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

    fn place(
        &mut self,
        intent: &MountIntent,
        table: TableId,
        id: MountId,
        plan: MountPlan,
        value: Value,
        now: DateTime<Utc>,
    ) -> Placed {
        let placed = |pointer| Placed { key: plan.key.clone(), pointer, state: MountState::Mounted, element: None };
        match plan.placement {
            Placement::Skip(pointer) => Placed { state: MountState::Skipped, ..placed(pointer) },
            Placement::Append => {
                let pointer = self.place_in_array(table, &intent.json_path, id, value.clone());
                Placed { element: Some(value), ..placed(pointer) }
            }
            Placement::Insert(pointer) | Placement::Replace(pointer) => {
                self.displace(table, &pointer, Some(id), MountState::Replaced, now);
                if let Some(row) = self.tables.get_mut(&table) {
                    row.document.clear(&pointer);
                    row.document.insert(&pointer, value, Some(intent.task_id));
                }
                placed(pointer)
            }
        }
    }

    /// Overwrites the mount's own element if it is still where it was, else appends one; its pointer.
    fn place_in_array(&mut self, table: TableId, container: &JsonPointer, id: MountId, value: Value) -> JsonPointer {
        let Some(row) = self.tables.get_mut(&table) else { return container.clone() };
        let own = self.mounts.get(&id).filter(|own| own.mount.state == MountState::Mounted);
        if let Some(own) = own {
            row.forget_place(&own.mount.pointer, id);
        }
        let Some(items) = row.document.array_mut(container) else { return container.clone() };
        let index = own.and_then(|own| own.index_in(items)).unwrap_or(items.len());
        if index == items.len() {
            items.push(value)
        } else {
            items[index] = value
        }
        container.join(&index.to_string()).unwrap_or_else(|_| container.clone())
    }

    /// Takes a mount's own value out of its table and marks it unmounted; deeper mounts stay. An element of an array
    /// is taken out only if nobody changed it. Whether the value was there.
    pub(super) fn take_out(&mut self, id: MountId, now: DateTime<Utc>) -> bool {
        let Some(row) = self.mounts.get_mut(&id) else { return false };
        row.mount.state = MountState::Unmounted;
        row.mount.updated_at = now;
        let table_id = row.mount.table_id;
        let Some(table) = self.tables.get_mut(&table_id) else { return false };
        table.forget_place(&row.mount.pointer, id);
        if row.element.is_some() {
            let array = row.mount.json_path.clone();
            let Some(items) = table.document.array_mut(&array) else { return false };
            let Some(index) = row.index_in(items) else { return false };
            items.remove(index);
            self.move_up(table_id, &array, index);
            return true;
        }
        let pointer = row.mount.pointer.clone();
        let removed = table.document.take_segment(&pointer);
        self.displace_elements(table_id, &pointer, now);
        removed
    }

    /// Moves the mounts behind a member that was taken out of an array one place up.
    pub(super) fn move_up(&mut self, table: TableId, array: &JsonPointer, removed: usize) {
        let Some(table) = self.tables.get_mut(&table) else { return };
        let mut behind: Vec<(usize, MountId)> = table
            .mounts_from(array)
            .into_iter()
            .filter_map(|id| Some((self.mounts.get(&id)?.index_of(array)?, id)))
            .filter(|(index, _)| *index > removed)
            .collect();
        // In their order, so that each place is free when the next mount comes to it.
        behind.sort_unstable();
        for (index, id) in behind {
            let Some(row) = self.mounts.get_mut(&id) else { continue };
            table.forget_place(&row.mount.pointer, id);
            row.mount.pointer = array.join(&(index - 1).to_string()).unwrap_or_else(|_| array.clone());
            table.in_place.insert(path_of(&row.mount.pointer), id);
        }
    }

    /// Ends every mount at or below a pointer but one; how many. Their values are the caller's to remove.
    pub(super) fn displace(
        &mut self,
        table: TableId,
        pointer: &JsonPointer,
        except: Option<MountId>,
        state: MountState,
        now: DateTime<Utc>,
    ) -> u64 {
        let mut ids = self.tables.get(&table).map(|row| row.mounts_from(pointer)).unwrap_or_default();
        ids.retain(|id| Some(*id) != except);
        for id in &ids {
            self.end_mount(*id, state, now);
        }
        ids.len() as u64
    }

    /// Ends the mounts that were elements of arrays inside a segment that was taken out.
    fn displace_elements(&mut self, table: TableId, pointer: &JsonPointer, now: DateTime<Utc>) {
        let Some(row) = self.tables.get(&table) else { return };
        let mut ids = row.mounts_from(pointer);
        ids.retain(|id| {
            let below = self.mounts.get(id).filter(|below| below.element.is_some());
            below.is_some_and(|below| !row.document.is_covered_from(pointer, &below.mount.json_path))
        });
        for id in ids {
            self.end_mount(id, MountState::Replaced, now);
        }
    }

    /// Records that a mount is no longer in place.
    fn end_mount(&mut self, id: MountId, state: MountState, now: DateTime<Utc>) {
        let Some(mount) = self.mounts.get_mut(&id).map(|row| &mut row.mount) else { return };
        mount.state = state;
        mount.updated_at = now;
        if let Some(row) = self.tables.get_mut(&mount.table_id) {
            row.forget_place(&mount.pointer, id);
        }
        let task = mount.task_id;
        self.forget_automatic(task, id, now);
    }
}

impl MountRow {
    /// The index of a mount that is a member of this array.
    fn index_of(&self, array: &JsonPointer) -> Option<usize> {
        let (container, token) = self.mount.pointer.split_last()?;
        (self.element.is_some() && container == *array).then(|| token.parse().ok()).flatten()
    }

    /// Where the mount's own element is in its array; `None` if it was changed by hand.
    fn index_in(&self, items: &[Value]) -> Option<usize> {
        let index = self.index_of(&self.mount.json_path)?;
        (items.get(index) == self.element.as_ref()).then_some(index)
    }
}

impl TableRow {
    /// Mounts that are in place at or below a pointer.
    fn mounts_from(&self, pointer: &JsonPointer) -> Vec<MountId> {
        let path = path_of(pointer);
        let from = self.in_place.range(path.clone()..).take_while(|(at, _)| at.starts_with(&path));
        from.map(|(_, id)| *id).collect()
    }

    fn forget_place(&mut self, pointer: &JsonPointer, id: MountId) {
        let path = path_of(pointer);
        if self.in_place.get(&path) == Some(&id) {
            self.in_place.remove(&path);
        }
    }
}
