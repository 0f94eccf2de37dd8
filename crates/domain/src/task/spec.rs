//! What a task is to do.

use serde::{Deserialize, Serialize};

use crate::mount::MountTarget;
use crate::parse_options::ParseOptions;
use crate::state_machine::Stage;

/// The stored bytes a task works on: what is needed to read them without asking the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Key in the object store.
    pub key: String,
    /// Lowercase hex SHA-256 of the bytes.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    /// Sniffed media type.
    pub media_type: String,
}

/// What to do, as stored with the task (`task.spec`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TaskSpec {
    /// The file; `None` when storing it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceFile>,
    /// Relative path in the uploaded folder, as given; display only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// How the file is to be parsed; the defaults are not stored.
    #[serde(default, skip_serializing_if = "ParseOptions::is_default")]
    pub parse: ParseOptions,
    /// Where the result goes by itself; `None` mounts nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mount: Option<MountTarget>,
    /// The first stage of the next attempt; later than the kind's first after `retry {from_stage}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_stage: Option<Stage>,
}
