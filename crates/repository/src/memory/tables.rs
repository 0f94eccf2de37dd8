//! JSON tables and their data.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use millrace_domain::event::NewEvent;
use millrace_domain::json_table::{DataPage, DataQuery, JsonTable, JsonTableDefinition, RemovedData};
use millrace_domain::mount::MountState;
use millrace_domain::{JsonPointer, MountId, ProjectId, TableId, UserId};
use serde_json::{Value, json};

use super::MemoryStore;
use super::document::{Document, Path};
use super::state::State;
use crate::{JsonTableRepository, Page, Receipt, RepositoryError, Result};

const NOT_FOUND: RepositoryError = RepositoryError::NotFound("table");

/// A table with its data and what is mounted in it.
#[derive(Debug)]
pub(super) struct TableRow {
    pub info: JsonTable,
    pub document: Document,
    /// All mounts on record.
    pub mounts: BTreeSet<MountId>,
    /// Those that are in place, by pointer.
    pub in_place: BTreeMap<Path, MountId>,
}

impl State {
    /// Stores a table.
    pub(super) fn make_table(
        &mut self,
        user: UserId,
        project: ProjectId,
        definition: &JsonTableDefinition,
        data: Option<&Value>,
        now: DateTime<Utc>,
    ) -> Result<JsonTable> {
        let info = JsonTable {
            id: self.sequences.tables.next()?,
            user_id: user,
            project_id: project,
            name: definition.name.clone(),
            description: definition.description.clone(),
            created_at: now,
            updated_at: now,
        };
        let row = TableRow {
            info: info.clone(),
            document: Document::new(data.cloned()),
            mounts: BTreeSet::new(),
            in_place: BTreeMap::new(),
        };
        self.tables.insert(info.id, row);
        Ok(info)
    }

    fn table(&self, user: UserId, id: TableId) -> Result<&TableRow> {
        self.tables.get(&id).filter(|row| row.info.user_id == user).ok_or(NOT_FOUND)
    }

    fn table_mut(&mut self, user: UserId, id: TableId) -> Result<&mut TableRow> {
        self.tables.get_mut(&id).filter(|row| row.info.user_id == user).ok_or(NOT_FOUND)
    }

    fn append_table_event(&mut self, id: TableId, name: &str, at: &JsonPointer, now: DateTime<Utc>) -> Result<()> {
        let Some(row) = self.tables.get(&id) else { return Ok(()) };
        let content = NewEvent {
            user_id: row.info.user_id,
            project_id: row.info.project_id,
            task_id: None,
            table_id: Some(id),
            name: name.to_owned(),
            payload: json!({"table_id": id, "pointer": at}),
        };
        self.append_event(content, now)
    }
}

#[async_trait]
impl JsonTableRepository for MemoryStore {
    async fn create(
        &self,
        user: UserId,
        project: ProjectId,
        definition: &JsonTableDefinition,
        data: Option<&Value>,
        now: DateTime<Utc>,
        receipt: Option<&Receipt<JsonTable>>,
    ) -> Result<JsonTable> {
        let mut state = self.lock();
        state.receipts.check(receipt, now)?;
        if !state.owns_project(user, project) {
            return Err(RepositoryError::NotFound("project"));
        }
        let table = state.make_table(user, project, definition, data, now)?;
        state.receipts.store(receipt, &table);
        Ok(table)
    }

    async fn get(&self, user: UserId, id: TableId) -> Result<Option<JsonTable>> {
        Ok(self.lock().table(user, id).ok().map(|row| row.info.clone()))
    }

    async fn list(&self, user: UserId, project: Option<ProjectId>, page: Page<TableId>) -> Result<Vec<JsonTable>> {
        let state = self.lock();
        let newest_first = state.tables.values().rev().map(|row| &row.info);
        let matching = newest_first.filter(|table| {
            table.user_id == user
                && project.is_none_or(|project| table.project_id == project)
                && page.before.is_none_or(|before| table.id < before)
        });
        Ok(matching.take(page.limit).cloned().collect())
    }

    async fn update(
        &self,
        user: UserId,
        id: TableId,
        definition: &JsonTableDefinition,
        now: DateTime<Utc>,
    ) -> Result<JsonTable> {
        let mut state = self.lock();
        let info = &mut state.table_mut(user, id)?.info;
        info.name.clone_from(&definition.name);
        info.description.clone_from(&definition.description);
        info.updated_at = now;
        Ok(info.clone())
    }

    async fn delete(&self, user: UserId, id: TableId) -> Result<()> {
        let now = self.clock.now();
        let mut state = self.lock();
        let mounts = std::mem::take(&mut state.table_mut(user, id)?.mounts);
        state.tables.remove(&id);
        for mount in mounts.iter().filter_map(|id| state.mounts.remove(id)).map(|row| row.mount).collect::<Vec<_>>() {
            if let Some(places) = state.mounts_by_task.get_mut(&mount.task_id) {
                places.remove(&(mount.table_id, mount.json_path));
            }
            state.forget_automatic(mount.task_id, mount.id, now);
        }
        Ok(())
    }

    async fn read(&self, user: UserId, id: TableId, query: &DataQuery) -> Result<Option<DataPage>> {
        Ok(self.lock().table(user, id)?.document.read(query))
    }

    async fn write(
        &self,
        user: UserId,
        id: TableId,
        pointer: &JsonPointer,
        value: &Value,
        now: DateTime<Utc>,
    ) -> Result<RemovedData> {
        let mut state = self.lock();
        state.table_mut(user, id)?.document.write(pointer, value.clone())?;
        let mounts = state.displace(id, pointer, None, MountState::Replaced, now);
        state.append_table_event(id, "table.written", pointer, now)?;
        Ok(RemovedData { mounts })
    }

    async fn remove(
        &self,
        user: UserId,
        id: TableId,
        pointer: &JsonPointer,
        now: DateTime<Utc>,
    ) -> Result<Option<RemovedData>> {
        let mut state = self.lock();
        let document = &mut state.table_mut(user, id)?.document;
        let index = document.element_index(pointer);
        if !document.clear(pointer) {
            return Ok(None);
        }
        let mounts = state.displace(id, pointer, None, MountState::Unmounted, now);
        if let (Some(index), Some((array, _))) = (index, pointer.split_last()) {
            state.move_up(id, &array, index);
        }
        state.append_table_event(id, "table.removed", pointer, now)?;
        Ok(Some(RemovedData { mounts }))
    }
}
