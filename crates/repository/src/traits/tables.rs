//! JSON tables with their data, mounts, events.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use millrace_domain::event::{Event, NewEvent};
use millrace_domain::json_table::{DataPage, DataQuery, JsonTable, JsonTableDefinition, RemovedData};
use millrace_domain::mount::{Mount, MountIntent, Unmounted};
use millrace_domain::{EventId, JsonPointer, MountId, ProjectId, TableId, TaskId, UserId};
use serde_json::Value;

use crate::receipt::Receipt;
use crate::{Page, Result};

/// JSON tables.
#[async_trait]
pub trait JsonTableRepository: Send + Sync + 'static {
    /// Stores a table, with `data` as its root segment if given. Names need not be unique.
    ///
    /// # Errors
    /// `NotFound("project")`.
    async fn create(
        &self,
        user: UserId,
        project: ProjectId,
        definition: &JsonTableDefinition,
        data: Option<&Value>,
        now: DateTime<Utc>,
        receipt: Option<&Receipt<JsonTable>>,
    ) -> Result<JsonTable>;
    /// One table.
    async fn get(&self, user: UserId, id: TableId) -> Result<Option<JsonTable>>;
    /// A user's tables, of one project if given.
    async fn list(&self, user: UserId, project: Option<ProjectId>, page: Page<TableId>) -> Result<Vec<JsonTable>>;
    /// Replaces name and description.
    ///
    /// # Errors
    /// `NotFound("table")`.
    async fn update(
        &self,
        user: UserId,
        id: TableId,
        definition: &JsonTableDefinition,
        now: DateTime<Utc>,
    ) -> Result<JsonTable>;
    /// Removes a table with its data and its mounts' records.
    ///
    /// # Errors
    /// `NotFound("table")`.
    async fn delete(&self, user: UserId, id: TableId) -> Result<()>;
    /// Reads at a pointer: the covering segment with deeper ones laid over it. `None` when nothing is there; the root
    /// of an empty table reads as `{}`.
    ///
    /// # Errors
    /// `NotFound("table")`.
    async fn read(&self, user: UserId, id: TableId, query: &DataQuery) -> Result<Option<DataPage>>;
    /// Writes at a pointer: into the deepest covering segment, replacing whatever was at and below it. Missing objects
    /// on the way are made. Mounts that end with it become `replaced`.
    ///
    /// # Errors
    /// `NotFound("table")`; `Write` when a scalar stands in the way or an index is wrong.
    async fn write(
        &self,
        user: UserId,
        id: TableId,
        pointer: &JsonPointer,
        value: &Value,
        now: DateTime<Utc>,
    ) -> Result<RemovedData>;
    /// Removes what is at and below a pointer. Mounts that end with it become `unmounted`. `None` when nothing was
    /// there.
    ///
    /// # Errors
    /// `NotFound("table")`.
    async fn remove(
        &self,
        user: UserId,
        id: TableId,
        pointer: &JsonPointer,
        now: DateTime<Utc>,
    ) -> Result<Option<RemovedData>>;
}

/// Which mounts to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MountFilter {
    /// Of one task.
    Task(TaskId),
    /// Of one table.
    Table(TableId),
}

/// Mounts.
#[async_trait]
pub trait MountRepository: Send + Sync + 'static {
    /// Applies one mount. The same task mounted again at the same `(table, json_path)` is the same mount.
    ///
    /// # Errors
    /// `Mount` with the reason.
    async fn apply(&self, intent: &MountIntent, now: DateTime<Utc>, receipt: Option<&Receipt<Mount>>) -> Result<Mount>;
    /// A user's mounts.
    async fn list(&self, user: UserId, filter: MountFilter, page: Page<MountId>) -> Result<Vec<Mount>>;
    /// Takes a mount's value out of its table; a mount that is not in place changes nothing. If it was the task's
    /// automatic mount, the task's `mounted` is cleared with it. The mounts behind a member of an array move one place
    /// up. A member that was changed by hand stays where it is.
    ///
    /// # Errors
    /// `NotFound("mount")`.
    async fn unmount(&self, user: UserId, id: MountId, now: DateTime<Utc>) -> Result<Unmounted>;
}

/// Which events to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EventFilter {
    /// Only of this project.
    pub project: Option<ProjectId>,
    /// Only of this task.
    pub task: Option<TaskId>,
}

/// The event log.
#[async_trait]
pub trait EventRepository: Send + Sync + 'static {
    /// Appends. Other stores append in their own transactions; this is for what has none.
    async fn append(&self, events: &[NewEvent], now: DateTime<Utc>) -> Result<()>;
    /// Events after an id, oldest first.
    async fn list(&self, user: UserId, filter: EventFilter, after: Option<EventId>, limit: usize)
    -> Result<Vec<Event>>;
}
