//! Tasks on the wire. Written straight from the domain's task, without copies: this is the hot path.

use chrono::{DateTime, Utc};
use millrace_domain::citation::CitationCount;
use millrace_domain::task::Task;
use millrace_domain::{ProjectId, RuleId, Stage, TableId, TaskId, TaskState, UploadId, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use super::common::Id;
use super::failure::ErrorBody;
use super::parse::ParseBody;
use super::words::{ErrorStage, TaskKind, TaskStatus};

/// A task with everything that is known of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Task, example = json!({
    "task_id": 42, "user_id": 1, "project_id": 7, "kind": "document", "status": "completed", "progress": 100,
    "stage": null, "filename": "report.txt", "rule_id": 1, "rule_version": 1, "priority": 0, "parse": null, "attempt": 1,
    "created_at": "2026-11-22T08:00:00Z", "updated_at": "2026-11-22T08:00:01Z", "run_at": null,
    "started_at": "2026-11-22T08:00:00Z", "transforming_at": "2026-11-22T08:00:01Z", "cancel_requested_at": null,
    "finished_at": "2026-11-22T08:00:01Z", "tokens": null, "cost_usd": null,
    "result": {"output_path": "users/1/processed/7/42-1.json", "output_size": 72, "sha256": "9f86d081884c7d65",
        "processing_time": 0.012, "parser": "text", "pages": 1, "parse_reused": false, "warnings": []},
    "error": null,
    "metadata": {"upload_id": 9, "upload_key": "users/1/raw/7/9.txt", "path": "docs/report.txt",
        "sha256": "1a2b3c4d", "size": 11, "media_type": "text/plain", "mount_table_id": 31,
        "mount_json_path": "/data", "mount_key": "report-1a2b3c4d", "mount_processed": true}
}))]
pub struct TaskBody<'a> {
    /// Its id.
    #[schema(value_type = Id)]
    task_id: TaskId,
    /// Who owns it.
    #[schema(value_type = Id)]
    user_id: UserId,
    /// Where it belongs.
    #[schema(value_type = Id)]
    project_id: ProjectId,
    /// What kind of work it is.
    #[schema(value_type = TaskKind)]
    kind: &'static str,
    /// Where it stands.
    #[schema(value_type = TaskStatus)]
    status: &'static str,
    /// Percent.
    #[schema(minimum = 0, maximum = 100)]
    progress: u8,
    /// The running stage; null when none runs.
    stage: Option<StageBody>,
    /// Original name of the file, or a label.
    filename: &'a str,
    /// The rule it runs with.
    #[schema(value_type = Option<Id>)]
    rule_id: Option<RuleId>,
    /// The version of that rule.
    rule_version: Option<i32>,
    /// Higher runs first within a project; −100 to 100.
    priority: i16,
    /// How the file is to be parsed, where that was asked for.
    parse: Option<ParseBody<'a>>,
    /// Attempts begun, from 1 once started.
    attempt: i32,
    /// Stored at.
    #[serde(serialize_with = "super::time::time")]
    created_at: DateTime<Utc>,
    /// Last change.
    #[serde(serialize_with = "super::time::time")]
    updated_at: DateTime<Utc>,
    /// A waiting task does not start before this time.
    #[serde(serialize_with = "super::time::optional_time")]
    run_at: Option<DateTime<Utc>>,
    /// First stage of the latest attempt began.
    #[serde(serialize_with = "super::time::optional_time")]
    started_at: Option<DateTime<Utc>>,
    /// Transform stage of the latest attempt began.
    #[serde(serialize_with = "super::time::optional_time")]
    transforming_at: Option<DateTime<Utc>>,
    /// Somebody asked to cancel.
    #[serde(serialize_with = "super::time::optional_time")]
    cancel_requested_at: Option<DateTime<Utc>>,
    /// Became completed, failed or cancelled.
    #[serde(serialize_with = "super::time::optional_time")]
    finished_at: Option<DateTime<Utc>>,
    /// Model tokens that all its attempts used, whatever became of them; null while no model was asked.
    tokens: Option<u64>,
    /// What they cost, in US dollars, where the prices are known.
    cost_usd: Option<f64>,
    /// What came out; null until completed.
    result: Option<ResultBody<'a>>,
    /// Why it failed; also the last error while another attempt waits.
    error: Option<ErrorBody<'a>>,
    /// The file, the mount, and where an error arose.
    metadata: MetadataBody<'a>,
}

/// How far the running stage is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskStage, example = json!({"name": "parse", "done": 3, "total": 12}))]
pub struct StageBody {
    /// `parse`, `transform`, `mount` or `run`.
    name: &'static str,
    /// Pages, rows or chunks done.
    done: u32,
    /// Pages, rows or chunks in all; 0 when unknown.
    total: u32,
}

/// What a completed task reports.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskResult)]
pub struct ResultBody<'a> {
    /// Key of the result JSON in the object store; read it at `/tasks/{task_id}/result`.
    output_path: &'a str,
    /// Bytes of the result JSON.
    output_size: u64,
    /// Lowercase hex SHA-256 of the result JSON.
    sha256: &'a str,
    /// Seconds of execution of the attempt that succeeded.
    processing_time: f64,
    /// Name of the parser that read the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    parser: Option<&'a str>,
    /// Pages, sheets or slides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pages: Option<u32>,
    /// Task id at a remote MinerU, where one was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    mineru_task_id: Option<&'a str>,
    /// Model tokens that the attempt which succeeded used.
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<u64>,
    /// What they cost, in US dollars, where the prices are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_usd: Option<f64>,
    /// Whether an earlier parse of the same bytes was used instead of parsing again.
    parse_reused: bool,
    /// Values of the result and those whose quote was found in the document; for rules that cite.
    #[serde(skip_serializing_if = "Option::is_none")]
    citations: Option<CitationCountBody>,
    /// What the reader should know about this result.
    warnings: &'a [String],
}

/// How many values of a result are cited.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CitationCount)]
pub struct CitationCountBody {
    /// Leaf values of the result.
    values: u32,
    /// Those whose quote was found in the text.
    verified: u32,
}

/// Facts about a task under the names that clients know.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskMetadata)]
pub struct MetadataBody<'a> {
    /// The upload it reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Id>)]
    upload_id: Option<UploadId>,
    /// Key of the file in the object store.
    #[serde(skip_serializing_if = "Option::is_none")]
    upload_key: Option<&'a str>,
    /// Relative path in the uploaded folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    /// Lowercase hex SHA-256 of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<&'a str>,
    /// Bytes of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    /// Sniffed media type of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<&'a str>,
    /// The table of the automatic mount; absent until one is made for the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Id>)]
    mount_table_id: Option<TableId>,
    /// The container of the automatic mount.
    #[serde(skip_serializing_if = "Option::is_none")]
    mount_json_path: Option<&'a str>,
    /// The key of the automatic mount inside its container.
    #[serde(skip_serializing_if = "Option::is_none")]
    mount_key: Option<&'a str>,
    /// Whether the automatic mount is in place.
    mount_processed: bool,
    /// Where the error arose.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ErrorStage>)]
    error_stage: Option<&'static str>,
}

fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Parse => "parse",
        Stage::Transform => "transform",
        Stage::Mount => "mount",
        Stage::Run => "run",
    }
}

impl<'a> From<&'a Task> for TaskBody<'a> {
    fn from(task: &'a Task) -> Self {
        let stage = match task.state {
            TaskState::Active(stage) => {
                Some(StageBody { name: stage_name(stage), done: task.detail.done, total: task.detail.total })
            }
            _ => None,
        };
        Self {
            task_id: task.id,
            user_id: task.user_id,
            project_id: task.project_id,
            kind: task.kind.as_str(),
            status: task.state.as_str(),
            progress: task.progress,
            stage,
            filename: &task.filename,
            rule_id: task.rule.map(|(id, _)| id),
            rule_version: task.rule.map(|(_, version)| version),
            priority: task.priority,
            parse: ParseBody::of(&task.spec.parse),
            attempt: task.attempt,
            created_at: task.created_at,
            updated_at: task.updated_at,
            run_at: task.run_at,
            started_at: task.started_at,
            transforming_at: task.transforming_at,
            cancel_requested_at: task.cancel_requested_at,
            finished_at: task.finished_at,
            tokens: task.spent.map(|spent| spent.tokens),
            cost_usd: task.spent.and_then(|spent| spent.cost_usd),
            result: result(task),
            error: error(task),
            metadata: metadata(task),
        }
    }
}

fn result(task: &Task) -> Option<ResultBody<'_>> {
    let result = task.result.as_deref()?;
    Some(ResultBody {
        output_path: &result.output_path,
        output_size: result.output_size,
        sha256: &result.sha256,
        processing_time: result.processing_time,
        parser: result.parser.as_deref(),
        pages: result.pages,
        mineru_task_id: result.mineru_task_id.as_deref(),
        tokens: result.tokens,
        cost_usd: result.cost_usd,
        parse_reused: result.parse_reused,
        citations: result.citations.map(|CitationCount { values, verified }| CitationCountBody { values, verified }),
        warnings: &result.warnings,
    })
}

/// The error of a task, as it is written everywhere.
pub fn error(task: &Task) -> Option<ErrorBody<'_>> {
    task.error.as_deref().map(ErrorBody::from)
}

fn metadata(task: &Task) -> MetadataBody<'_> {
    let source = task.spec.source.as_ref();
    let target = task.spec.mount.as_ref();
    let mounted = task.mounted.as_deref();
    MetadataBody {
        upload_id: task.upload_id,
        upload_key: source.map(|source| source.key.as_str()),
        path: task.spec.path.as_deref(),
        sha256: source.map(|source| source.sha256.as_str()),
        size: source.map(|source| source.size),
        media_type: source.map(|source| source.media_type.as_str()),
        mount_table_id: mounted.map(|at| at.table_id).or_else(|| target?.table_id),
        mount_json_path: mounted.map(|at| at.json_path.as_str()).or_else(|| Some(target?.json_path.as_str())),
        mount_key: mounted.map(|at| at.key.as_str()).or_else(|| Some(target?.key.as_str())),
        mount_processed: mounted.is_some(),
        error_stage: task.error.as_ref().map(|error| error.stage.as_str()),
    }
}
