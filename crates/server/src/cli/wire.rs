//! What the client commands read of the API's answers. Unknown fields are ignored, so an older client reads a newer server.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A page of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Listing<T> {
    pub(super) items: Vec<T>,
    pub(super) next_page_token: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Project {
    pub(super) project_id: i64,
    pub(super) name: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Table {
    pub(super) table_id: i64,
    pub(super) project_id: i64,
    pub(super) name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct TableData {
    pub(super) value: Value,
    pub(super) next_page_token: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Submitted {
    pub(super) items: Vec<SubmittedItem>,
    #[serde(default)]
    pub(super) warnings: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct SubmittedItem {
    pub(super) task_id: i64,
    pub(super) status: String,
    pub(super) filename: String,
    pub(super) path: Option<String>,
    pub(super) error: Option<TaskError>,
}

#[derive(Debug, Deserialize)]
pub(super) struct TaskPage {
    pub(super) tasks: Vec<Task>,
    pub(super) next_page_token: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct TaskBatch {
    pub(super) tasks: Vec<Task>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Task {
    pub(super) task_id: i64,
    pub(super) project_id: i64,
    pub(super) kind: String,
    pub(super) status: String,
    pub(super) progress: u8,
    pub(super) filename: String,
    pub(super) attempt: i32,
    pub(super) created_at: DateTime<Utc>,
    pub(super) started_at: Option<DateTime<Utc>>,
    pub(super) finished_at: Option<DateTime<Utc>>,
    pub(super) result: Option<TaskResult>,
    pub(super) error: Option<TaskError>,
    pub(super) metadata: TaskMetadata,
}

impl Task {
    /// Whether nothing more will happen to it by itself.
    pub(super) fn has_ended(&self) -> bool {
        matches!(self.status.as_str(), "completed" | "failed" | "cancelled")
    }

    /// Its path in the uploaded folder, else its name.
    pub(super) fn label(&self) -> &str {
        self.metadata.path.as_deref().unwrap_or(&self.filename)
    }
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct TaskResult {
    pub(super) output_size: u64,
    pub(super) processing_time: f64,
    pub(super) parser: Option<String>,
    pub(super) pages: Option<u32>,
    #[serde(default)]
    pub(super) warnings: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct TaskError {
    pub(super) code: String,
    pub(super) message: String,
    pub(super) stage: String,
    pub(super) retryable: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct TaskMetadata {
    pub(super) path: Option<String>,
    pub(super) size: Option<u64>,
    pub(super) media_type: Option<String>,
    pub(super) mount_table_id: Option<i64>,
    pub(super) mount_json_path: Option<String>,
    pub(super) mount_key: Option<String>,
    #[serde(default)]
    pub(super) mount_processed: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Key {
    pub(super) api_key_id: i64,
    pub(super) name: String,
    pub(super) prefix: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) expires_at: Option<DateTime<Utc>>,
    pub(super) last_used_at: Option<DateTime<Utc>>,
    pub(super) revoked_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct NewKey {
    #[serde(flatten)]
    pub(super) key: Key,
    #[serde(rename = "key")]
    pub(super) secret: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Rule {
    pub(super) rule_id: i64,
    pub(super) name: String,
    pub(super) postprocess_mode: String,
    pub(super) version: i32,
    pub(super) updated_at: DateTime<Utc>,
}

/// What came of a trial; printed as it came.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Trial {
    pub(super) value: Value,
    #[serde(default)]
    pub(super) warnings: Vec<String>,
    #[serde(flatten)]
    pub(super) more: serde_json::Map<String, Value>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Readiness {
    pub(super) pending: u64,
    pub(super) running: u64,
    pub(super) accepting: bool,
}

/// RFC 9457, with our members.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Problem {
    pub(super) title: String,
    pub(super) detail: String,
    pub(super) code: String,
    pub(super) request_id: String,
    pub(super) errors: Vec<ProblemPlace>,
    pub(super) failure: Option<ProblemFailure>,
}

/// What a task would have failed with, in answers to trials of rules.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ProblemFailure {
    pub(super) code: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ProblemPlace {
    pub(super) pointer: String,
    pub(super) detail: String,
}
