//! What can be done to a task.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, post, web};
use millrace_domain::{Task, TaskId};
use millrace_repository::StoredResponse;

use crate::auth::Principal;
use crate::http::body::OptionalJsonBody;
use crate::http::path::At;
use crate::http::query::{NoQuery, QueryOf};
use crate::http::respond;
use crate::idempotency::Attempt;
use crate::problem::Problem;
use crate::state::Api;
use crate::wire::task::TaskBody;
use crate::wire::task_parts::{CancelQuery, RetryInput};

/// Cancel a task
///
/// A waiting task is cancelled at once (200). A running one becomes `cancelling` (202) and is `cancelled` as soon as its
/// work has stopped.
#[utoipa::path(
    tag = "etl",
    params(CancelQuery),
    responses(
        (status = 200, description = "Cancelled.", body = TaskBody),
        (status = 202, description = "Being cancelled.", body = TaskBody),
    ),
    extensions(("x-error-codes" = json!(["task_not_found", "illegal_transition"]))),
)]
#[post("/api/v1/etl/tasks/{task_id}/cancel")]
pub async fn cancel_task(
    principal: Principal,
    id: At<TaskId>,
    _query: QueryOf<CancelQuery>,
    api: web::Data<Api>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let attempt = Attempt::begin(&api, principal.user, &request)?;
    let fingerprint = attempt.json_fingerprint(&[])?;
    let outcome = attempt
        .run::<Task, Arc<Task>, _, _>(fingerprint, cancelled, async |receipt| {
            api.queue().cancel(principal.user, id.0, receipt).await
        })
        .await?;
    Ok(outcome.into_response())
}

fn cancelled(task: &Task) -> StoredResponse {
    let status = if task.state.is_terminal() { 200 } else { 202 };
    StoredResponse { status, body: respond::json_text(&TaskBody::from(task)), location: Some(location(task.id)) }
}

fn location(id: TaskId) -> String {
    format!("/api/v1/etl/tasks/{id}")
}

/// Retry a task
///
/// Runs an ended task again, from the stage given or the one that failed. What earlier stages left is used again. The
/// body may be empty.
#[utoipa::path(
    tag = "etl",
    request_body(content = RetryInput, content_type = "application/json"),
    responses((status = 202, description = "Waiting to run again.", body = TaskBody)),
    extensions(("x-error-codes" = json!([
        "task_not_found", "illegal_transition", "invalid_stage", "artifact_missing", "no_source", "queue_full",
        "not_accepting"]))),
)]
#[post("/api/v1/etl/tasks/{task_id}/retry")]
pub async fn retry_task(
    principal: Principal,
    id: At<TaskId>,
    _query: NoQuery,
    api: web::Data<Api>,
    request: HttpRequest,
    body: OptionalJsonBody<RetryInput>,
) -> Result<HttpResponse, Problem> {
    let attempt = Attempt::begin(&api, principal.user, &request)?;
    let fingerprint = attempt.json_fingerprint(&body.0.bytes)?;
    let stage = body.0.value.stage()?;
    let outcome = attempt
        .run::<Task, Arc<Task>, _, _>(fingerprint, reopened, async |receipt| {
            api.queue().retry(principal.user, id.0, stage, receipt).await
        })
        .await?;
    Ok(outcome.into_response())
}

fn reopened(task: &Task) -> StoredResponse {
    StoredResponse { status: 202, body: respond::json_text(&TaskBody::from(task)), location: Some(location(task.id)) }
}
