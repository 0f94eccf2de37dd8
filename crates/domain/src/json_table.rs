//! JSON tables: documents addressed by JSON Pointer, stored in segments.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::ids::{ProjectId, TableId, TaskId, UserId};
use crate::pointer::JsonPointer;

/// A JSON table without its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonTable {
    /// Its id.
    pub id: TableId,
    /// Who owns it.
    pub user_id: UserId,
    /// Where it belongs.
    pub project_id: ProjectId,
    /// Name for people.
    pub name: String,
    /// Description for people.
    pub description: String,
    /// Stored at.
    pub created_at: DateTime<Utc>,
    /// Last change of name or description; changes of data do not count.
    pub updated_at: DateTime<Utc>,
}

/// What a caller chooses about a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonTableDefinition {
    /// Name for people.
    pub name: String,
    /// Description for people.
    pub description: String,
}

/// A piece of a table's document. The root segment (`""`) holds what was written directly, each mount is one more.
/// Where segments overlap, the deeper one wins.
#[derive(Debug, Clone)]
pub struct Segment {
    /// Where it sits.
    pub pointer: JsonPointer,
    /// Its value.
    pub value: Arc<RawValue>,
    /// The task whose mount it is; `None` for the root segment.
    pub task_id: Option<TaskId>,
}

/// Which part of a table's data to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataQuery {
    /// Where to read.
    pub pointer: JsonPointer,
    /// For an object: at most so many members. For other values: no effect.
    pub limit: usize,
    /// For an object: only members whose key is greater (in byte order) than this plain key.
    pub after_key: Option<String>,
}

/// What was read.
#[derive(Debug, Clone, PartialEq)]
pub struct DataPage {
    /// The value at the pointer. An object cut by `limit` holds only the members of this page, in byte order of keys.
    pub value: Value,
    /// The last key of this page when there are more.
    pub next_after_key: Option<String>,
}

/// What a delete removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RemovedData {
    /// Mounts that ended with it.
    pub mounts: u64,
}
