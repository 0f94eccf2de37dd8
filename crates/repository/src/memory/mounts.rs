//! The records of mounts, and the trait that callers use. What happens to a table's data is in
//! [`mounting`](super::mounting).

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use millrace_domain::event::NewEvent;
use millrace_domain::mount::{Mount, MountIntent, MountState, Unmounted};
use millrace_domain::task::MountedAt;
use millrace_domain::{JsonPointer, MountId, TableId, Task, TaskId, UserId};
use serde_json::{Value, json};

use super::MemoryStore;
use super::placement::parse_value;
use super::state::State;
use crate::{MountFilter, MountRepository, Page, Receipt, RepositoryError, Result};

/// A mount and what only the store knows of it.
#[derive(Debug)]
pub(super) struct MountRow {
    pub mount: Mount,
    /// The value of a mount inside an array, as it was appended: tells whether the one at the recorded index was changed
    /// by hand. `None` for a mount that is a segment.
    pub element: Option<Value>,
}

/// What a task says of its automatic mount.
pub(super) fn mounted_at(mount: &Mount) -> MountedAt {
    MountedAt {
        mount_id: mount.id,
        table_id: mount.table_id,
        json_path: mount.json_path.clone(),
        key: mount.key.clone(),
    }
}

impl State {
    /// The mounts of a task, by table and container.
    pub(super) fn mounts_of_task(&self, task: TaskId) -> impl Iterator<Item = &MountRow> {
        let ids = self.mounts_by_task.get(&task).into_iter().flat_map(|places| places.values());
        ids.filter_map(|id| self.mounts.get(id))
    }

    /// The mount of a task in one container, whatever its state.
    pub(super) fn mount_at(&self, task: TaskId, table: TableId, json_path: &JsonPointer) -> Option<&MountRow> {
        let id = self.mounts_by_task.get(&task)?.get(&(table, json_path.clone()))?;
        self.mounts.get(id)
    }

    /// Makes the task say where its automatic mount is, if this is one.
    fn note_automatic(&mut self, mount: &Mount, now: DateTime<Utc>) {
        let Some(row) = self.tasks.get_mut(&mount.task_id) else { return };
        if mount.automatic && mount.state == MountState::Mounted {
            let mounted = Some(Arc::new(mounted_at(mount)));
            row.task = Arc::new(Task { mounted, updated_at: now, ..Task::clone(&row.task) });
        }
    }

    /// Makes the task forget its automatic mount, if this is the one.
    pub(super) fn forget_automatic(&mut self, task: TaskId, mount: MountId, now: DateTime<Utc>) {
        let Some(row) = self.tasks.get_mut(&task) else { return };
        if row.task.mounted.as_ref().is_some_and(|mounted| mounted.mount_id == mount) {
            row.task = Arc::new(Task { mounted: None, updated_at: now, ..Task::clone(&row.task) });
        }
    }

    /// Appends an event about a mount.
    pub(super) fn append_mount_event(&mut self, mount: &Mount, name: &str, now: DateTime<Utc>) -> Result<()> {
        let Some(project_id) = self.tasks.get(&mount.task_id).map(|row| row.task.project_id) else { return Ok(()) };
        let content = NewEvent {
            user_id: mount.user_id,
            project_id,
            task_id: Some(mount.task_id),
            table_id: Some(mount.table_id),
            name: name.to_owned(),
            payload: json!({"table_id": mount.table_id, "pointer": mount.pointer}),
        };
        self.append_event(content, now)
    }
}

#[async_trait]
impl MountRepository for MemoryStore {
    async fn apply(&self, intent: &MountIntent, now: DateTime<Utc>, receipt: Option<&Receipt<Mount>>) -> Result<Mount> {
        let value = parse_value(&intent.value)?;
        let mut state = self.lock();
        state.receipts.check(receipt, now)?;
        let plan = state.plan_mount(intent)?;
        let mount = state.commit_mount(intent, plan, value, now)?;
        state.note_automatic(&mount, now);
        state.receipts.store(receipt, &mount);
        Ok(mount)
    }

    async fn list(&self, user: UserId, filter: MountFilter, page: Page<MountId>) -> Result<Vec<Mount>> {
        let state = self.lock();
        let mut ids: Vec<MountId> = match filter {
            MountFilter::Task(task) => state.mounts_of_task(task).map(|row| row.mount.id).collect(),
            MountFilter::Table(table) => {
                let row = state.tables.get(&table);
                row.map(|row| row.mounts.iter().copied().collect()).unwrap_or_default()
            }
        };
        ids.sort_unstable_by(|left, right| right.cmp(left));
        let older = ids.into_iter().filter(|id| page.before.is_none_or(|before| *id < before));
        let mounts = older.filter_map(|id| state.mounts.get(&id)).map(|row| &row.mount);
        Ok(mounts.filter(|mount| mount.user_id == user).take(page.limit).cloned().collect())
    }

    async fn unmount(&self, user: UserId, id: MountId, now: DateTime<Utc>) -> Result<Unmounted> {
        let mut state = self.lock();
        let row = state.mounts.get(&id).filter(|row| row.mount.user_id == user);
        let before = row.ok_or(RepositoryError::NotFound("mount"))?.mount.clone();
        if before.state != MountState::Mounted {
            return Ok(Unmounted { before, removed: false });
        }
        let removed = state.take_out(id, now);
        state.forget_automatic(before.task_id, id, now);
        state.append_mount_event(&before, "table.unmounted", now)?;
        Ok(Unmounted { before, removed })
    }
}
