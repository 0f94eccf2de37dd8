//! Mounts: a task's result placed in a JSON table.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::filename::stem;
use crate::ids::{MountId, ProjectId, TableId, TaskId, UserId};
use crate::pointer::JsonPointer;

/// What happens when the key is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictPolicy {
    /// Refuse; the default of a mount by hand.
    Error,
    /// Replace what is there; the default of automatic mounts.
    Overwrite,
    /// Leave what is there and mount nothing.
    Skip,
    /// Take the first free key of `key-2`, `key-3`, …
    Rename,
}

impl ConflictPolicy {
    /// All policies.
    pub const ALL: [Self; 4] = [Self::Error, Self::Overwrite, Self::Skip, Self::Rename];

    /// The text of the API and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Overwrite => "overwrite",
            Self::Skip => "skip",
            Self::Rename => "rename",
        }
    }

    /// Reads [`as_str`](Self::as_str).
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == text)
    }
}

/// Where a task's result is to go, as declared at submit and stored in the task's spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MountTarget {
    /// The table; `None` makes a new one for this file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table_id: Option<TableId>,
    /// The container inside the table.
    pub json_path: JsonPointer,
    /// The key inside the container.
    pub key: String,
    /// What happens when the key is taken.
    pub conflict: ConflictPolicy,
    /// Whether missing containers are made (as objects).
    pub create_missing: bool,
}

/// The default container of a table that is made for one file.
pub const DEFAULT_JSON_PATH: &str = "/data";
/// Description of a table that is made for one file.
pub const AUTO_TABLE_DESCRIPTION: &str = "made for one file";

/// Key of an automatic mount: file stem, `-`, 8 hex digits of the upload's hash.
pub fn automatic_key(filename: &str, sha256: &str) -> String {
    format!("{}-{}", stem(filename), &sha256[..sha256.len().min(8)])
}

/// Key of a mount by hand: the file stem.
pub fn manual_key(filename: &str) -> String {
    stem(filename).to_owned()
}

/// The table a mount goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MountTable {
    /// One that exists and belongs to the task's owner.
    Existing(TableId),
    /// One to be made in the same transaction.
    New {
        /// Its name.
        name: String,
    },
}

/// A mount that is ready to be applied in a transaction.
#[derive(Debug, Clone)]
pub struct MountIntent {
    /// The task whose result it is.
    pub task_id: TaskId,
    /// Who owns the task and must own the table.
    pub user_id: UserId,
    /// The task's project; the table must belong to it, and a new one is made there.
    pub project_id: ProjectId,
    /// The table.
    pub table: MountTable,
    /// The container.
    pub json_path: JsonPointer,
    /// The key inside the container.
    pub key: String,
    /// What happens when the key is taken.
    pub conflict: ConflictPolicy,
    /// Whether missing containers are made.
    pub create_missing: bool,
    /// The value; holds no `\u0000`, which `jsonb` cannot store.
    pub value: Arc<RawValue>,
    /// Whether this is the task's automatic mount.
    pub automatic: bool,
}

/// Whether a mount is in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MountState {
    /// The value is in the table.
    Mounted,
    /// The key was taken and the policy was `skip`.
    Skipped,
    /// Somebody unmounted it.
    Unmounted,
    /// Something else was written over it.
    Replaced,
}

impl MountState {
    /// The text of the API and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mounted => "mounted",
            Self::Skipped => "skipped",
            Self::Unmounted => "unmounted",
            Self::Replaced => "replaced",
        }
    }

    /// Reads [`as_str`](Self::as_str).
    pub fn from_text(text: &str) -> Option<Self> {
        [Self::Mounted, Self::Skipped, Self::Unmounted, Self::Replaced].into_iter().find(|state| state.as_str() == text)
    }
}

/// A recorded mount. A task has at most one per `(table, json_path)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Its id.
    pub id: MountId,
    /// The task whose result it is.
    pub task_id: TaskId,
    /// Who owns it.
    pub user_id: UserId,
    /// The table.
    pub table_id: TableId,
    /// The container.
    pub json_path: JsonPointer,
    /// The key inside the container, after a rename.
    pub key: String,
    /// The full pointer.
    pub pointer: JsonPointer,
    /// What was to happen when the key was taken.
    pub conflict: ConflictPolicy,
    /// Whether it is in place.
    pub state: MountState,
    /// Whether the task mounted it by itself.
    pub automatic: bool,
    /// Recorded at.
    pub created_at: DateTime<Utc>,
    /// Last change of state.
    pub updated_at: DateTime<Utc>,
}

/// What taking a mount out did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmounted {
    /// The mount as it was before.
    pub before: Mount,
    /// Whether its value was there and is gone now. False when the mount was not in place, and when it was a member of
    /// an array that has been changed by hand: that one stays.
    pub removed: bool,
}

/// Why a mount cannot be applied. None of these is mended by waiting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MountRejection {
    /// No such table, or it belongs to somebody else.
    #[error("the table to mount into does not exist")]
    TableNotFound,
    /// The table belongs to another project than the task.
    #[error("the table belongs to another project than the task")]
    TableInOtherProject,
    /// The container is missing and `create_missing` is false.
    #[error("nothing exists at '{0}' and create_missing is false")]
    ParentMissing(JsonPointer),
    /// The parent, or something above it, is a scalar.
    #[error("the value at '{0}' is not a container")]
    ParentNotContainer(JsonPointer),
    /// The key is taken and the policy is `error`.
    #[error("the key at '{0}' exists already")]
    KeyExists(JsonPointer),
    /// The container's pointer and the key together are no valid pointer.
    #[error("the mount pointer is not valid: {0}")]
    InvalidPointer(String),
}

impl MountRejection {
    /// Stable machine code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TableNotFound => "table_not_found",
            Self::TableInOtherProject => "table_in_other_project",
            Self::ParentMissing(_) => "mount_parent_missing",
            Self::ParentNotContainer(_) => "mount_parent_not_container",
            Self::KeyExists(_) => "mount_key_exists",
            Self::InvalidPointer(_) => "invalid_pointer",
        }
    }
}
