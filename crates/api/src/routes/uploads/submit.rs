//! `POST /api/v1/etl/submit`: a task for a file that was uploaded before.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, post, web};
use millrace_domain::submission::Submission;
use millrace_domain::upload::Upload;
use millrace_domain::{Fault, Task, UserId};

use super::upload_and_submit::accepted;
use crate::auth::Principal;
use crate::http::body::JsonBody;
use crate::http::query::NoQuery;
use crate::idempotency::Attempt;
use crate::intake::{check, new_task};
use crate::problem::Problem;
use crate::state::Api;
use crate::wire::submit::{SubmitInput, Submitted};

/// Submit an uploaded file
///
/// Exactly one of `upload_id`, `upload_key` and `filename` (the newest upload of the project with that name) says which.
#[utoipa::path(
    tag = "etl",
    request_body(content = SubmitInput, content_type = "application/json"),
    responses((status = 202, description = "Accepted.", body = Submitted,
        headers(("Location" = String, description = "Where to ask for the task."),
            ("Retry-After" = i32, description = "Seconds after which to ask.")))),
    extensions(("x-error-codes" = json!([
        "invalid_pointer", "unknown_parser", "unsupported", "project_not_found", "upload_not_found", "table_not_found", "table_in_other_project",
        "rule_not_found", "invalid_rule", "rule_mode_unsupported", "queue_full", "not_accepting", "reference_gone"]))),
)]
#[post("/api/v1/etl/submit")]
pub async fn submit_upload(
    principal: Principal,
    _query: NoQuery,
    api: web::Data<Api>,
    request: HttpRequest,
    body: JsonBody<SubmitInput>,
) -> Result<HttpResponse, Problem> {
    let attempt = Attempt::begin(&api, principal.user, &request)?;
    let fingerprint = attempt.json_fingerprint(&body.bytes)?;
    let options = body.value.checked()?;
    let warnings = options.warnings.clone();
    let input = &body.value;
    let outcome = attempt
        .run::<[Arc<Task>], Vec<Arc<Task>>, _, _>(
            fingerprint,
            move |tasks| accepted(tasks, &warnings),
            // Looked up inside: a repeat gets its answer whatever the newest upload of a name is by now.
            async |receipt| {
                let checked = check(&api, principal.user, options).await?;
                let upload = find(&api, principal.user, input).await?;
                let id = api.queue().next_task_ids(1).await?.pop();
                let id = id.ok_or_else(|| Fault::internal("the queue gave no task id"))?;
                let task = new_task(&checked, id, &upload.filename, upload.path.clone(), Ok(&upload));
                let submission = Submission { uploads: Vec::new(), tasks: vec![task] };
                api.queue().submit(submission, receipt).await
            },
        )
        .await?;
    Ok(outcome.into_response())
}

async fn find(api: &Api, user: UserId, input: &SubmitInput) -> Result<Upload, Fault> {
    let uploads = &api.stores().uploads;
    let (found, pointer) = match (input.upload_id, &input.upload_key, &input.filename) {
        (Some(id), None, None) => (uploads.get(user, id).await?, "/upload_id"),
        (None, Some(key), None) => (uploads.find_by_key(user, key).await?, "/upload_key"),
        (None, None, Some(name)) => (uploads.find_newest(user, input.project_id, name).await?, "/filename"),
        (None, None, None) => {
            let message = "one of upload_id, upload_key and filename must say which file";
            return Err(Fault::invalid("missing_field", message).at("/upload_id"));
        }
        _ => {
            let message = "only one of upload_id, upload_key and filename can say which file";
            return Err(Fault::invalid("invalid_value", message).at("/upload_id"));
        }
    };
    let found = found.filter(|upload| upload.project_id == input.project_id);
    found.ok_or_else(|| Fault::not_found("upload_not_found", "no such upload in this project").at(pointer))
}
