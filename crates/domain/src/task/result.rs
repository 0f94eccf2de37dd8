//! What a task made, and where that went.

use serde::{Deserialize, Serialize};

use crate::citation::CitationCount;
use crate::ids::{MountId, TableId};
use crate::pointer::JsonPointer;

/// What a completed task reports (`task.result`).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TaskResult {
    /// Key of the result JSON in the object store; empty for kinds without one.
    pub output_path: String,
    /// Bytes of the result JSON.
    pub output_size: u64,
    /// Lowercase hex SHA-256 of the result JSON.
    pub sha256: String,
    /// Seconds of execution of the attempt that succeeded.
    pub processing_time: f64,
    /// Name of the parser that read the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parser: Option<String>,
    /// Pages, sheets or slides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<u32>,
    /// Task id at a remote MinerU, where one was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mineru_task_id: Option<String>,
    /// Model tokens used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// What the model calls cost, in US dollars at the configured prices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// Whether the parsed document was one that another task had made.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub parse_reused: bool,
    /// Values of the result with a citation, and how many of them were found in the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub citations: Option<CitationCount>,
    /// What the reader should know about this result.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Where the automatic mount went (`task.mounted`); cleared by an unmount. The full pointer is in the mount's record
/// alone: a member of an array moves when one before it is taken out, and a task need not be written for that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MountedAt {
    /// The mount.
    pub mount_id: MountId,
    /// The table, which was made for the task if none was named.
    pub table_id: TableId,
    /// The container.
    pub json_path: JsonPointer,
    /// The key inside the container.
    pub key: String,
}
