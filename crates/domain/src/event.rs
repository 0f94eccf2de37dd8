//! The append-only log of what happened to tasks and tables.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::ids::{EventId, ProjectId, TableId, TaskId, UserId};

/// An event that is not stored yet.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// Who may see it.
    pub user_id: UserId,
    /// Where it belongs.
    pub project_id: ProjectId,
    /// The task it is about.
    pub task_id: Option<TaskId>,
    /// The table it is about.
    pub table_id: Option<TableId>,
    /// Dotted name, for instance `task.completed` or `table.mounted`.
    pub name: String,
    /// Details; small.
    pub payload: Value,
}

/// A stored event; ids grow in the order of storing.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// What happened.
    pub content: NewEvent,
    /// Stored at.
    pub created_at: DateTime<Utc>,
}
