//! What a task left: its result, its artifacts, its events.

use actix_web::body::{BodyStream, BoxBody, MessageBody, SizedStream};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use actix_web::{HttpRequest, HttpResponse, get, web};
use futures::StreamExt;
use millrace_domain::artifact::{Artifact, ArtifactKind};
use millrace_domain::filename::stem;
use millrace_domain::ports::ObjectError;
use millrace_domain::{EventId, Fault, TaskId, TaskState};
use millrace_repository::EventFilter;

use crate::auth::Principal;
use crate::http::path::At;
use crate::http::query::{NoQuery, QueryOf};
use crate::http::{download, etag, member, page, respond};
use crate::problem::Problem;
use crate::state::Api;
use crate::wire::PageQuery;
use crate::wire::task_parts::{ArtifactBody, ArtifactList, EventBody, EventList};

/// Get a task's result
///
/// The result JSON of a completed task, as a download. The `ETag` is its SHA-256.
#[utoipa::path(
    tag = "etl",
    params(("If-None-Match" = Option<String>, Header, description = "Entity tags that the caller holds already.")),
    responses(
        (status = 200, description = "The result.", body = serde_json::Value, content_type = "application/json",
            headers(("ETag" = String, description = "SHA-256 of the result.")),
            example = json!({"filename": "report.txt", "content": "...", "pages": 1, "warnings": [], "parser": "text"})),
        (status = 304, description = "The caller holds this result already."),
    ),
    extensions(("x-error-codes" = json!(["task_not_found", "task_not_completed", "result_gone"]))),
)]
#[get("/api/v1/etl/tasks/{task_id}/result")]
pub async fn get_task_result(
    principal: Principal,
    id: At<TaskId>,
    _query: NoQuery,
    api: web::Data<Api>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let task = api.queue().get(principal.user, id.0).await?;
    let result = match (task.state, &task.result) {
        (TaskState::Completed, Some(result)) if !result.output_path.is_empty() => result,
        _ => return Err(Problem::new("task_not_completed", "the task has no result")),
    };
    let file = Download {
        key: &result.output_path,
        size: result.output_size,
        sha256: &result.sha256,
        filename: format!("{}.json", stem(&task.filename)),
        form: Form::Json,
    };
    file.send(&api, &request).await
}

/// List a task's artifacts
///
/// What its stages left, at most one of each kind.
#[utoipa::path(
    tag = "etl",
    responses((status = 200, description = "The artifacts.", body = ArtifactList)),
    extensions(("x-error-codes" = json!(["task_not_found"]))),
)]
#[get("/api/v1/etl/tasks/{task_id}/artifacts")]
pub async fn list_task_artifacts(
    principal: Principal,
    id: At<TaskId>,
    _query: NoQuery,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    // Artifacts are found by task alone, so the task is asked for its owner first.
    let task = api.queue().get(principal.user, id.0).await?;
    let artifacts = api.stores().artifacts.list(task.id).await?;
    respond::ok(&ArtifactList { items: artifacts.iter().map(ArtifactBody::from).collect() })
}

/// Download an artifact
///
/// `parsed` is the parsed document with its blocks, `markdown` its text alone, `result` the result JSON, `rows` the rows
/// of a large sheet, `citations` where the values of the result stand, `exchange` what was said to a language model and
/// what it answered. A task has those that its file and its rule gave.
#[utoipa::path(
    tag = "etl",
    params(
        ("kind" = String, Path, example = "parsed",
            description = "`parsed`, `markdown`, `result`, `rows`, `citations` or `exchange`."),
        ("If-None-Match" = Option<String>, Header, description = "Entity tags that the caller holds already."),
    ),
    responses(
        (status = 200, description = "The artifact.", headers(("ETag" = String, description = "Tag of its content.")),
            content(
                (serde_json::Value = "application/json",
                    example = json!({"markdown": "...", "blocks": [], "pages": 1, "warnings": [], "parser": "text"})),
                (String = "application/x-ndjson", example = json!("{\"sku\":\"A-1\"}\n{\"sku\":\"A-2\"}\n")),
                (String = "text/markdown", example = json!("# Report\n\n...")),
            )),
        (status = 304, description = "The caller holds this artifact already."),
    ),
    extensions(("x-error-codes" = json!(["task_not_found", "artifact_not_found", "result_gone"]))),
)]
#[get("/api/v1/etl/tasks/{task_id}/artifacts/{kind}")]
pub async fn get_task_artifact(
    principal: Principal,
    id: At<TaskId>,
    _query: NoQuery,
    api: web::Data<Api>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let task = api.queue().get(principal.user, id.0).await?;
    let (kind, form) = match request.match_info().get("kind").unwrap_or_default() {
        "markdown" => (Some(ArtifactKind::Parsed), Form::Markdown),
        "rows" => (Some(ArtifactKind::Rows), Form::Rows),
        other => (ArtifactKind::from_text(other), Form::Json),
    };
    let artifacts = api.stores().artifacts.list(task.id).await?;
    let found = artifacts.into_iter().find(|artifact| Some(artifact.content.kind) == kind);
    let found = found.ok_or_else(|| Problem::new("artifact_not_found", "the task has no artifact of this kind"))?;
    Download::of_artifact(&found, stem(&task.filename), form).send(&api, &request).await
}

/// What is made of a stored object on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// JSON as it is stored.
    Json,
    /// One JSON value a line, as it is stored.
    Rows,
    /// The Markdown inside a parsed document.
    Markdown,
}

impl Form {
    fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Rows => "application/x-ndjson",
            Self::Markdown => "text/markdown; charset=utf-8",
        }
    }
}

/// A stored object that is sent as a file.
struct Download<'a> {
    key: &'a str,
    size: u64,
    sha256: &'a str,
    filename: String,
    form: Form,
}

impl<'a> Download<'a> {
    fn of_artifact(artifact: &'a Artifact, stem: &str, form: Form) -> Self {
        let content = &artifact.content;
        let filename = match form {
            Form::Json => format!("{stem}.{}.json", content.kind.as_str()),
            Form::Rows => format!("{stem}.rows.ndjson"),
            Form::Markdown => format!("{stem}.md"),
        };
        Self { key: &content.key, size: content.size, sha256: &content.sha256, filename, form }
    }

    fn tag(&self) -> String {
        match self.form {
            Form::Json | Form::Rows => format!("\"{}\"", self.sha256),
            Form::Markdown => format!("\"{}-markdown\"", self.sha256),
        }
    }

    async fn send(&self, api: &Api, request: &HttpRequest) -> Result<HttpResponse, Problem> {
        let tag = self.tag();
        if etag::matches(request.headers(), &tag) {
            return Ok(HttpResponse::NotModified().insert_header((ETAG, tag)).finish());
        }
        let bytes = api.objects().stream(self.key).await.map_err(|error| match error {
            ObjectError::NotFound(_) => Fault::conflict("result_gone", "the file is not stored any more"),
            ObjectError::Unavailable(cause) => Fault::unavailable("the object store does not answer", cause),
            ObjectError::InvalidKey(_) => Fault::internal(error),
        })?;
        // An error in mid-stream ends the connection before the declared length or the last chunk: the client cannot
        // take it for whole.
        let body: BoxBody = match self.form {
            Form::Json | Form::Rows => SizedStream::new(self.size, bytes.boxed()).boxed(),
            Form::Markdown => BodyStream::new(member::text(bytes, "markdown")).boxed(),
        };
        let mut answer = HttpResponse::Ok();
        answer
            .insert_header((CONTENT_TYPE, self.form.media_type()))
            .insert_header((ETAG, tag))
            .insert_header((CACHE_CONTROL, "private, no-cache"));
        for (name, value) in download::headers(&self.filename) {
            answer.insert_header((name, value));
        }
        Ok(answer.body(body))
    }
}

/// List a task's events
///
/// What happened to it, oldest first.
#[utoipa::path(
    tag = "etl",
    params(PageQuery),
    responses((status = 200, description = "A page of events.", body = EventList)),
    extensions(("x-error-codes" = json!(["task_not_found", "invalid_page_token"]))),
)]
#[get("/api/v1/etl/tasks/{task_id}/events")]
pub async fn list_task_events(
    principal: Principal,
    id: At<TaskId>,
    query: QueryOf<PageQuery>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let task = api.queue().get(principal.user, id.0).await?;
    let limit = page::limit(query.0.limit, api.limits())?;
    let hash = page::filter_hash(&("events", task.id));
    let after = page::read_id_token::<EventId>(query.0.page_token.as_deref(), hash)?;
    let filter = EventFilter { project: None, task: Some(task.id) };
    let mut rows = api.stores().events.list(principal.user, filter, after, limit + 1).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| more);
    respond::ok(&EventList {
        next_page_token: last.map(|event| page::token(&event.id.to_string(), hash)),
        items: rows.iter().map(EventBody::from).collect(),
    })
}
