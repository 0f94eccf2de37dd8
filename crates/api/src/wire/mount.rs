//! Mounts on the wire.

use chrono::{DateTime, Utc};
use millrace_domain::mount::{ConflictPolicy, Mount};
use millrace_domain::ports::ManualMount;
use millrace_domain::{MountId, TableId, TaskId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::common::{Id, checked_text, pointer};
use super::words::MountState;
use crate::problem::{Problem, all};

/// Longest key, in characters.
const MAX_KEY: usize = 500;

/// What happens when a mount's key is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ConflictPolicy)]
pub enum Conflict {
    /// Refuse.
    Error,
    /// Replace what is there.
    Overwrite,
    /// Leave what is there and mount nothing.
    Skip,
    /// Take the first free key of `key-2`, `key-3`, …
    Rename,
}

impl From<Conflict> for ConflictPolicy {
    fn from(conflict: Conflict) -> Self {
        match conflict {
            Conflict::Error => Self::Error,
            Conflict::Overwrite => Self::Overwrite,
            Conflict::Skip => Self::Skip,
            Conflict::Rename => Self::Rename,
        }
    }
}

/// A mount by hand.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"table_id": 31, "json_path": "/contracts", "conflict": "rename"}))]
pub struct MountInput {
    /// The table.
    #[serde(deserialize_with = "super::common::id")]
    #[schema(value_type = Id)]
    pub table_id: TableId,
    /// The container, a JSON Pointer; the root by default.
    #[serde(default)]
    pub json_path: Option<String>,
    /// The key inside the container; the file's name without its extension by default.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub key: Option<String>,
    /// What happens when the key is taken; `error` by default.
    #[serde(default)]
    pub conflict: Option<Conflict>,
    /// Whether missing containers are made, as objects; true by default.
    #[serde(default)]
    pub create_missing: Option<bool>,
}

impl MountInput {
    /// Checks it; with what the caller should know about it.
    ///
    /// # Errors
    /// `invalid_pointer`, `invalid_value`, `nul_character`.
    pub fn checked(self) -> Result<(ManualMount, Option<String>), Problem> {
        let ((json_path, warning), key) = all((
            pointer(self.json_path.as_deref().unwrap_or_default(), "/json_path"),
            self.key.map(|key| checked_text(&key, MAX_KEY, "/key")).transpose(),
        ))?;
        let mount = ManualMount {
            table_id: self.table_id,
            json_path,
            key,
            conflict: self.conflict.unwrap_or(Conflict::Error).into(),
            create_missing: self.create_missing.unwrap_or(true),
        };
        Ok((mount, warning))
    }
}

/// A recorded mount.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Mount, example = json!({
    "mount_id": 90, "task_id": 42, "table_id": 31, "json_path": "/contracts", "key": "report",
    "mounted_path": "/contracts/report", "conflict": "rename", "state": "mounted", "automatic": false,
    "success": true, "created_at": "2026-11-22T08:00:00Z", "updated_at": "2026-11-22T08:00:00Z", "warnings": []
}))]
pub struct MountBody {
    /// Its id.
    #[schema(value_type = Id)]
    pub mount_id: MountId,
    /// The task whose result it is.
    #[schema(value_type = Id)]
    pub task_id: TaskId,
    /// The table.
    #[schema(value_type = Id)]
    pub table_id: TableId,
    /// The container.
    pub json_path: String,
    /// The key inside the container, after a rename.
    pub key: String,
    /// The full pointer.
    pub mounted_path: String,
    /// What was to happen when the key was taken.
    #[schema(value_type = Conflict)]
    pub conflict: &'static str,
    /// Whether it is in place.
    #[schema(value_type = MountState)]
    pub state: &'static str,
    /// Whether the task mounted it by itself.
    pub automatic: bool,
    /// Whether the value is in the table.
    pub success: bool,
    /// Recorded at.
    pub created_at: DateTime<Utc>,
    /// Last change of state.
    pub updated_at: DateTime<Utc>,
    /// What the caller should know about the request.
    pub warnings: Vec<String>,
}

impl From<&Mount> for MountBody {
    fn from(mount: &Mount) -> Self {
        Self {
            mount_id: mount.id,
            task_id: mount.task_id,
            table_id: mount.table_id,
            json_path: mount.json_path.as_str().to_owned(),
            key: mount.key.clone(),
            mounted_path: mount.pointer.as_str().to_owned(),
            conflict: mount.conflict.as_str(),
            state: mount.state.as_str(),
            automatic: mount.automatic,
            success: mount.state == millrace_domain::mount::MountState::Mounted,
            created_at: mount.created_at,
            updated_at: mount.updated_at,
            warnings: Vec::new(),
        }
    }
}

/// What an unmount removed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"mount_id": 90, "table_id": 31, "mounted_path": "/contracts/report", "removed": true}))]
pub struct Unmounted {
    /// The mount.
    #[schema(value_type = Id)]
    pub mount_id: MountId,
    /// The table.
    #[schema(value_type = Id)]
    pub table_id: TableId,
    /// The pointer.
    pub mounted_path: String,
    /// Whether a value was there and is gone now; false when the mount was not in place, and when it was a member of an
    /// array that has been changed by hand since, which stays.
    pub removed: bool,
}
