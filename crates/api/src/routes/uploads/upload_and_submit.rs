//! `POST /api/v1/etl/upload_and_submit`: files in, tasks out, in one request.

use std::sync::Arc;

use actix_multipart::Multipart;
use actix_web::{HttpRequest, HttpResponse, post, web};
use millrace_domain::submission::Submission;
use millrace_domain::{Fault, Task};
use millrace_repository::StoredResponse;

use super::{check_length, receive_form, settle};
use crate::auth::Principal;
use crate::http::query::NoQuery;
use crate::http::respond;
use crate::idempotency::{Attempt, Outcome};
use crate::intake::{Checked, NamedFile, Storing, check, new_task};
use crate::problem::Problem;
use crate::state::Api;
use crate::wire::submit::{SubmitFields, Submitted};
use crate::wire::upload::UploadAndSubmitForm;

/// Most tasks whose ids go into the `Location`.
const MAX_LOCATION: usize = 100;

/// Upload files and submit them
///
/// One task for each file, whatever happens to it: a file that cannot be stored (too large, bad path, store failure)
/// gets a task that is `failed` with `error_stage` `upload`, and its neighbours go on. Parts may come in any order;
/// the n-th of `paths` belongs to the n-th of `files`. The answer comes after everything is durable.
#[utoipa::path(
    tag = "etl",
    request_body(content = UploadAndSubmitForm, content_type = "multipart/form-data",
        example = json!({"project_id": 7, "files": ["(bytes of report.txt)"], "paths": ["docs/report.txt"]})),
    responses((status = 202, description = "Accepted.", body = Submitted,
        headers(("Location" = String, description = "Where to ask for the tasks."),
            ("Retry-After" = i32, description = "Seconds after which to ask.")))),
    extensions(("x-error-codes" = json!([
        "invalid_multipart", "too_many_files", "invalid_pointer", "invalid_json", "unknown_parser", "invalid_id", "project_not_found", "table_not_found",
        "table_in_other_project", "rule_not_found", "invalid_rule", "rule_mode_unsupported", "unsupported", "queue_full", "not_accepting",
        "reference_gone"]))),
)]
#[post("/api/v1/etl/upload_and_submit")]
pub async fn upload_and_submit(
    principal: Principal,
    _query: NoQuery,
    api: web::Data<Api>,
    request: HttpRequest,
    body: Multipart,
) -> Result<HttpResponse, Problem> {
    check_length(&api, &request)?;
    let attempt = Attempt::begin(&api, principal.user, &request)?;
    api.queue().check_capacity(1)?;
    let mut storing = Storing::new(Arc::clone(api.objects()));
    let outcome = accept(&api, principal, &attempt, &mut storing, body).await;
    if outcome.is_err() {
        storing.remove_all().await;
    }
    Ok(outcome?.into_response())
}

async fn accept(
    api: &Api,
    principal: Principal,
    attempt: &Attempt,
    storing: &mut Storing,
    body: Multipart,
) -> Result<Outcome<Vec<Arc<Task>>>, Problem> {
    let form = receive_form(api, principal, attempt, storing, body).await?;
    let options = form.fields::<SubmitFields>()?.checked()?;
    let mut fingerprint = attempt.fingerprint();
    if attempt.has_key() {
        form.add_to(&mut fingerprint);
    }
    let files = form.into_files(storing, principal.user, options.project_id).await?;
    let warnings = options.warnings.clone();
    let handed_over = storing.hand_over();
    // What the request refers to is checked inside: a repeat gets its answer even if some of it is gone by now.
    let outcome = attempt
        .run::<[Arc<Task>], Vec<Arc<Task>>, _, _>(
            fingerprint.finish(),
            move |tasks| accepted(tasks, &warnings),
            async |receipt| {
                let checked = check(api, principal.user, options).await?;
                let submission = submission(api, &checked, files).await?;
                api.queue().submit(submission, receipt).await
            },
        )
        .await;
    settle(storing, handed_over, &outcome).await;
    outcome
}

async fn submission(api: &Api, checked: &Checked, files: Vec<NamedFile>) -> Result<Submission, Fault> {
    let ids = api.queue().next_task_ids(files.len()).await?;
    let mut submission = Submission::default();
    for (NamedFile { filename, path, outcome }, id) in files.into_iter().zip(ids) {
        let upload = outcome.map(|stored| checked.upload(api, &stored, &filename, path.as_deref()));
        submission.tasks.push(new_task(checked, id, &filename, path, upload.as_ref().map_err(Clone::clone)));
        submission.uploads.extend(upload.ok());
    }
    Ok(submission)
}

/// The answer to a submission.
pub fn accepted(tasks: &[Arc<Task>], warnings: &[String]) -> StoredResponse {
    let location = match tasks {
        [task] => format!("/api/v1/etl/tasks/{}", task.id),
        tasks if tasks.len() <= MAX_LOCATION => {
            let ids: Vec<_> = tasks.iter().map(|task| task.id.to_string()).collect();
            format!("/api/v1/etl/tasks/batch?task_ids={}", ids.join(","))
        }
        [first, ..] => format!("/api/v1/etl/tasks?project_id={}", first.project_id),
        [] => "/api/v1/etl/tasks".to_owned(),
    };
    StoredResponse { status: 202, body: respond::json_text(&Submitted::new(tasks, warnings)), location: Some(location) }
}
