//! What surrounds a task on the wire: lists, artifacts, events, actions.

use chrono::{DateTime, Utc};
use millrace_domain::artifact::Artifact;
use millrace_domain::event::Event;
use millrace_domain::{EventId, ProjectId, Stage, TaskId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::common::{Id, optional_id};
use super::task::TaskBody;
use crate::http::query::QueryParameters;
use crate::problem::Problem;

/// Whether to wait for a task.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TaskQuery {
    /// Seconds to wait, at most 60: until the task has ended, or with `If-None-Match` until its next change.
    #[param(minimum = 0, maximum = 60, example = 30)]
    pub wait: Option<u64>,
}

impl QueryParameters for TaskQuery {}

/// Which tasks.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TasksQuery {
    /// Only with these statuses; comma-separated or repeated.
    #[param(example = "failed,cancelled")]
    pub status: Option<String>,
    /// Only of this project.
    #[serde(default, deserialize_with = "optional_id")]
    #[param(value_type = Option<i64>, minimum = 1)]
    pub project_id: Option<ProjectId>,
    /// Only of these kinds; comma-separated or repeated.
    #[param(example = "document")]
    pub kind: Option<String>,
    /// Only file names that contain this text, whatever the case.
    pub filename: Option<String>,
    /// Created at or after this time.
    pub created_after: Option<DateTime<Utc>>,
    /// Created before this time.
    pub created_before: Option<DateTime<Utc>>,
    /// Continues a list: `next_page_token` of the page before. Not together with `offset`.
    pub page_token: Option<String>,
    /// Most tasks to return; 50 by default, larger values are cut to 200.
    #[param(minimum = 1, example = 50)]
    pub limit: Option<u32>,
    /// Skips so many tasks. Costs what it skips; prefer `page_token`.
    pub offset: Option<u32>,
    /// Whether to count all that match; true by default with `offset`, else false. Costs what it counts.
    pub include_total: Option<bool>,
}

impl QueryParameters for TasksQuery {
    const LISTS: &'static [&'static str] = &["status", "kind"];
}

/// Which tasks, by id.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BatchQuery {
    /// At most 100 ids; comma-separated or repeated.
    #[param(example = "41,42,43")]
    pub task_ids: String,
}

impl QueryParameters for BatchQuery {
    const LISTS: &'static [&'static str] = &["task_ids"];
}

/// Accepted from older clients.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CancelQuery {
    /// Has no effect: a running task is always stopped.
    #[expect(dead_code, reason = "accepted and of no effect")]
    pub force: Option<bool>,
}

impl QueryParameters for CancelQuery {}

/// A page of tasks.
#[derive(Debug, Serialize, ToSchema)]
pub struct TaskList<'a> {
    /// The tasks of this page, newest first.
    pub tasks: Vec<TaskBody<'a>>,
    /// Continues the list; null at its end.
    pub next_page_token: Option<String>,
    /// The page size that was used.
    pub limit: usize,
    /// The offset that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u32>,
    /// How many tasks match, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
}

/// Tasks by id.
#[derive(Debug, Serialize, ToSchema)]
pub struct TaskBatch<'a> {
    /// Those of the asked tasks that exist, in the order of the request.
    pub tasks: Vec<TaskBody<'a>>,
    /// How many they are.
    pub total: usize,
}

/// Where to begin again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"from_stage": "mount"}))]
pub struct RetryInput {
    /// `mineru` (or `parse`), `postprocess` (or `transform`), `mount`, `run`; by default the stage that failed, if what
    /// it needs is stored.
    #[serde(default)]
    pub from_stage: Option<String>,
}

impl RetryInput {
    /// The stage.
    ///
    /// # Errors
    /// `invalid_stage`.
    pub fn stage(&self) -> Result<Option<Stage>, Problem> {
        let Some(text) = self.from_stage.as_deref() else { return Ok(None) };
        match text {
            "mineru" | "parse" => Ok(Some(Stage::Parse)),
            "postprocess" | "transform" => Ok(Some(Stage::Transform)),
            "mount" => Ok(Some(Stage::Mount)),
            "run" => Ok(Some(Stage::Run)),
            _ => Err(Problem::new("invalid_stage", "a stage is mineru, postprocess, mount or run").at("/from_stage")),
        }
    }
}

/// What a stage left.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Artifact, example = json!({
    "kind": "result", "size": 72, "sha256": "9f86d081884c7d65", "created_at": "2026-11-22T08:00:01Z"
}))]
pub struct ArtifactBody {
    /// `parsed`, `result`, `rows`, `citations` or `exchange`; with `parsed` there is `markdown` as well.
    pub kind: &'static str,
    /// Bytes.
    pub size: u64,
    /// Lowercase hex SHA-256.
    pub sha256: String,
    /// Recorded at.
    pub created_at: DateTime<Utc>,
}

impl From<&Artifact> for ArtifactBody {
    fn from(artifact: &Artifact) -> Self {
        Self {
            kind: artifact.content.kind.as_str(),
            size: artifact.content.size,
            sha256: artifact.content.sha256.clone(),
            created_at: artifact.created_at,
        }
    }
}

/// A task's artifacts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"items": [{
    "kind": "result", "size": 72, "sha256": "9f86d081884c7d65", "created_at": "2026-11-22T08:00:01Z"
}]}))]
pub struct ArtifactList {
    /// At most one of each kind.
    pub items: Vec<ArtifactBody>,
}

/// Something that happened to a task.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event, example = json!({
    "event_id": 1001, "name": "task.completed", "task_id": 42, "payload": {}, "created_at": "2026-11-22T08:00:01Z"
}))]
pub struct EventBody {
    /// Its id; grows in the order of storing.
    #[schema(value_type = Id)]
    pub event_id: EventId,
    /// Dotted name.
    pub name: String,
    /// The task.
    #[schema(value_type = Option<Id>)]
    pub task_id: Option<TaskId>,
    /// Details.
    #[schema(value_type = Object)]
    pub payload: Value,
    /// Stored at.
    pub created_at: DateTime<Utc>,
}

impl From<&Event> for EventBody {
    fn from(event: &Event) -> Self {
        Self {
            event_id: event.id,
            name: event.content.name.clone(),
            task_id: event.content.task_id,
            payload: event.content.payload.clone(),
            created_at: event.created_at,
        }
    }
}

/// A page of events, oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"items": [{
    "event_id": 1001, "name": "task.completed", "task_id": 42, "payload": {}, "created_at": "2026-11-22T08:00:01Z"
}], "next_page_token": null}))]
pub struct EventList {
    /// The events of this page.
    pub items: Vec<EventBody>,
    /// Continues the list; null when there are no more yet.
    pub next_page_token: Option<String>,
}
