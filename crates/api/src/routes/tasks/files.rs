//! What a task left: its result, its artifacts, its events.

use actix_web::body::SizedStream;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use actix_web::{HttpRequest, HttpResponse, get, web};
use futures::StreamExt;
use millrace_domain::artifact::ArtifactKind;
use millrace_domain::filename::stem;
use millrace_domain::ports::ObjectError;
use millrace_domain::{EventId, Fault, TaskId, TaskState};
use millrace_repository::EventFilter;

use crate::auth::Principal;
use crate::http::path::At;
use crate::http::query::{NoQuery, QueryOf};
use crate::http::{download, etag, page, respond};
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
/// `parsed` is the parsed document with its blocks, `result` the result JSON.
#[utoipa::path(
    tag = "etl",
    params(
        ("kind" = String, Path, description = "`parsed` or `result`.", example = "parsed"),
        ("If-None-Match" = Option<String>, Header, description = "Entity tags that the caller holds already."),
    ),
    responses(
        (status = 200, description = "The artifact.", body = serde_json::Value, content_type = "application/json",
            headers(("ETag" = String, description = "SHA-256 of the artifact.")),
            example = json!({"markdown": "...", "blocks": [], "pages": 1, "warnings": [], "parser": "text"})),
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
    let kind = ArtifactKind::from_text(request.match_info().get("kind").unwrap_or_default());
    let artifacts = api.stores().artifacts.list(task.id).await?;
    let found = artifacts.into_iter().find(|artifact| Some(artifact.content.kind) == kind);
    let found = found.ok_or_else(|| Problem::new("artifact_not_found", "the task has no artifact of this kind"))?;
    let file = Download {
        key: &found.content.key,
        size: found.content.size,
        sha256: &found.content.sha256,
        filename: format!("{}.{}.json", stem(&task.filename), found.content.kind.as_str()),
    };
    file.send(&api, &request).await
}

/// JSON in the object store that is sent as a file.
struct Download<'a> {
    key: &'a str,
    size: u64,
    sha256: &'a str,
    filename: String,
}

impl Download<'_> {
    async fn send(&self, api: &Api, request: &HttpRequest) -> Result<HttpResponse, Problem> {
        let tag = format!("\"{}\"", self.sha256);
        if etag::matches(request.headers(), &tag) {
            return Ok(HttpResponse::NotModified().insert_header((ETAG, tag)).finish());
        }
        let bytes = api.objects().stream(self.key).await.map_err(|error| match error {
            ObjectError::NotFound(_) => Fault::conflict("result_gone", "the file is not stored any more"),
            ObjectError::Unavailable(cause) => Fault::unavailable("the object store does not answer", cause),
            ObjectError::InvalidKey(_) => Fault::internal(error),
        })?;
        // An error in mid-stream ends the connection before the declared length: the client cannot take it for whole.
        let mut answer = HttpResponse::Ok();
        answer
            .insert_header((CONTENT_TYPE, "application/json"))
            .insert_header((ETAG, tag))
            .insert_header((CACHE_CONTROL, "private, no-cache"));
        for (name, value) in download::headers(&self.filename) {
            answer.insert_header((name, value));
        }
        Ok(answer.body(SizedStream::new(self.size, bytes.boxed())))
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
