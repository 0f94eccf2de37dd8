//! Submissions on the wire.

use std::sync::Arc;

use millrace_domain::mount::{ConflictPolicy, DEFAULT_JSON_PATH, MountTarget};
use millrace_domain::task::Task;
use millrace_domain::{JsonPointer, ProjectId, RuleId, TableId, TaskId, UploadId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::common::{Id, optional_id, pointer};
use super::failure::ErrorBody;
use super::mount::Conflict;
use super::parse::{AskedParse, ParseInput};
use super::task;
use super::words::TaskStatus;
use crate::http::query::QueryParameters;
use crate::problem::{Problem, all};

/// Submits a file that was uploaded before. Exactly one of `upload_id`, `upload_key` and `filename` names it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"project_id": 7, "upload_id": 9, "table_id": 31, "json_path": "/contracts"}))]
pub struct SubmitInput {
    /// Where the task belongs.
    #[serde(deserialize_with = "super::common::id")]
    #[schema(value_type = Id)]
    pub project_id: ProjectId,
    /// The upload.
    #[serde(default, deserialize_with = "optional_id")]
    #[schema(value_type = Option<Id>)]
    pub upload_id: Option<UploadId>,
    /// The upload's key in the object store.
    #[serde(default)]
    pub upload_key: Option<String>,
    /// The newest upload of the project with this name.
    #[serde(default)]
    pub filename: Option<String>,
    /// The rule to apply; the built-in one (`skip`) by default.
    #[serde(default, deserialize_with = "optional_id")]
    #[schema(value_type = Option<Id>)]
    pub rule_id: Option<RuleId>,
    /// The table to mount the result in; a new one is made by default.
    #[serde(default, deserialize_with = "optional_id")]
    #[schema(value_type = Option<Id>)]
    pub table_id: Option<TableId>,
    /// The container, a JSON Pointer; the root of a given table, `/data` of a new one by default.
    #[serde(default)]
    pub json_path: Option<String>,
    /// What happens when the mount's key is taken; `overwrite` by default.
    #[serde(default)]
    pub conflict: Option<Conflict>,
    /// Whether missing containers are made, as objects; true by default.
    #[serde(default)]
    pub create_missing: Option<bool>,
    /// Higher runs first within a project.
    #[serde(default)]
    #[schema(minimum = -100, maximum = 100)]
    pub priority: Option<i16>,
    /// How the file is to be parsed; as the installation has it by default.
    #[serde(default)]
    pub parse: Option<ParseInput>,
}

/// The fields of `upload_and_submit` beside its files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubmitFields {
    #[serde(deserialize_with = "super::common::id")]
    pub project_id: ProjectId,
    #[serde(default, deserialize_with = "optional_id")]
    pub rule_id: Option<RuleId>,
    #[serde(default, deserialize_with = "optional_id")]
    pub table_id: Option<TableId>,
    #[serde(default)]
    pub json_path: Option<String>,
    #[serde(default)]
    pub conflict: Option<Conflict>,
    #[serde(default)]
    pub create_missing: Option<bool>,
    #[serde(default)]
    pub priority: Option<i16>,
    #[serde(default)]
    pub parse_options: Option<String>,
}

impl QueryParameters for SubmitFields {}

/// The fields of `upload` beside its files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UploadFields {
    #[serde(deserialize_with = "super::common::id")]
    pub project_id: ProjectId,
}

impl QueryParameters for UploadFields {}

/// What is to be done with each file of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    pub project_id: ProjectId,
    pub rule_id: Option<RuleId>,
    pub table_id: Option<TableId>,
    pub json_path: JsonPointer,
    pub conflict: ConflictPolicy,
    pub create_missing: bool,
    pub priority: i16,
    pub parse: AskedParse,
    pub warnings: Vec<String>,
}

impl SubmitFields {
    /// Checks them.
    ///
    /// # Errors
    /// `invalid_pointer`, `invalid_value`, those of [`AskedParse`].
    pub fn checked(self) -> Result<Options, Problem> {
        let parse = AskedParse::of_form(self.parse_options.as_deref());
        self.checked_with(parse)
    }

    /// Checks the fields beside options of the parse that were read already, and says what is wrong with either.
    fn checked_with(self, parse: Result<AskedParse, Problem>) -> Result<Options, Problem> {
        let default = if self.table_id.is_some() { "" } else { DEFAULT_JSON_PATH };
        let ((json_path, warning), priority, parse) = all((
            pointer(self.json_path.as_deref().unwrap_or(default), "/json_path"),
            checked_priority(self.priority.unwrap_or(0)),
            parse,
        ))?;
        Ok(Options {
            project_id: self.project_id,
            rule_id: self.rule_id,
            table_id: self.table_id,
            json_path,
            conflict: self.conflict.map_or(ConflictPolicy::Overwrite, ConflictPolicy::from),
            create_missing: self.create_missing.unwrap_or(true),
            priority,
            parse,
            warnings: warning.into_iter().collect(),
        })
    }
}

fn checked_priority(priority: i16) -> Result<i16, Problem> {
    if (-100..=100).contains(&priority) {
        return Ok(priority);
    }
    Err(Problem::new("invalid_value", "a priority is between -100 and 100").at("/priority"))
}

impl SubmitInput {
    /// Checks everything but the name of the file.
    ///
    /// # Errors
    /// `invalid_pointer`, `invalid_value`.
    pub fn checked(&self) -> Result<Options, Problem> {
        self.fields().checked_with(AskedParse::of_json(self.parse.clone()))
    }

    /// The part that `upload_and_submit` has as well.
    fn fields(&self) -> SubmitFields {
        SubmitFields {
            project_id: self.project_id,
            rule_id: self.rule_id,
            table_id: self.table_id,
            json_path: self.json_path.clone(),
            conflict: self.conflict,
            create_missing: self.create_missing,
            priority: self.priority,
            parse_options: None,
        }
    }
}

impl Options {
    /// The target of one file.
    pub fn target(&self, key: String) -> MountTarget {
        MountTarget {
            table_id: self.table_id,
            json_path: self.json_path.clone(),
            key,
            conflict: self.conflict,
            create_missing: self.create_missing,
        }
    }
}

/// What became of a submission: one task per file, whatever happened to the file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "task_id": 42, "status": "pending", "task_ids": [42], "total": 1, "warnings": [],
    "items": [{"task_id": 42, "status": "pending", "filename": "report.txt", "path": "docs/report.txt",
        "upload_id": 9, "upload_key": "users/1/raw/7/9.txt", "mount_key": "report-1a2b3c4d", "error": null}]
}))]
pub struct Submitted<'a> {
    /// With one file: its task.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Id>)]
    task_id: Option<TaskId>,
    /// With one file: the status of its task.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<TaskStatus>)]
    status: Option<&'static str>,
    /// The tasks, in the order of the files.
    #[schema(value_type = Vec<Id>)]
    task_ids: Vec<TaskId>,
    /// One per file, in the order of the files.
    items: Vec<SubmittedItem<'a>>,
    /// How many files there were.
    total: usize,
    /// What the caller should know about the request.
    warnings: &'a [String],
}

/// One file of a submission.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubmittedItem<'a> {
    /// Its task.
    #[schema(value_type = Id)]
    task_id: TaskId,
    /// `pending`, or `failed` when the file could not be stored.
    #[schema(value_type = TaskStatus)]
    status: &'static str,
    /// The file's name.
    filename: &'a str,
    /// Relative path in the uploaded folder.
    path: Option<&'a str>,
    /// The upload.
    #[schema(value_type = Option<Id>)]
    upload_id: Option<UploadId>,
    /// Key of the file in the object store.
    upload_key: Option<&'a str>,
    /// The key that the result will have in its table.
    mount_key: Option<&'a str>,
    /// Why the file could not be stored.
    error: Option<ErrorBody<'a>>,
}

impl<'a> Submitted<'a> {
    /// From the stored tasks, in the order of the files.
    pub fn new(tasks: &'a [Arc<Task>], warnings: &'a [String]) -> Self {
        let only = if let [task] = tasks { Some(task) } else { None };
        Self {
            task_id: only.map(|task| task.id),
            status: only.map(|task| task.state.as_str()),
            task_ids: tasks.iter().map(|task| task.id).collect(),
            items: tasks.iter().map(|task| item(task)).collect(),
            total: tasks.len(),
            warnings,
        }
    }
}

fn item(task: &Task) -> SubmittedItem<'_> {
    let source = task.spec.source.as_ref();
    SubmittedItem {
        task_id: task.id,
        status: task.state.as_str(),
        filename: &task.filename,
        path: task.spec.path.as_deref(),
        upload_id: task.upload_id,
        upload_key: source.map(|source| source.key.as_str()),
        mount_key: task.spec.mount.as_ref().map(|target| target.key.as_str()),
        error: task::error(task),
    }
}
