//! `POST /api/v1/etl/upload`: files without tasks.

use std::sync::Arc;

use actix_multipart::Multipart;
use actix_web::{HttpRequest, HttpResponse, post, web};
use millrace_domain::upload::Upload;
use millrace_repository::StoredResponse;

use super::{check_length, receive_form, settle};
use crate::auth::Principal;
use crate::http::query::NoQuery;
use crate::http::respond;
use crate::idempotency::{Attempt, Outcome};
use crate::intake::{Storing, upload_row};
use crate::problem::Problem;
use crate::state::Api;
use crate::wire::submit::UploadFields;
use crate::wire::upload::{UploadError, UploadForm, Uploaded, UploadedItem};

/// Upload files
///
/// Stores files for a later `submit`. One that cannot be stored has an `error` in its item and does not touch its
/// neighbours; when none can be stored, the answer is the problem of the first.
#[utoipa::path(
    tag = "etl",
    request_body(content = UploadForm, content_type = "multipart/form-data",
        example = json!({"project_id": 7, "file": ["(bytes of report.txt)"]})),
    responses((status = 201, description = "Stored.", body = Uploaded)),
    extensions(("x-error-codes" = json!([
        "invalid_multipart", "too_many_files", "invalid_name", "invalid_id", "file_too_large", "project_not_found",
        "reference_gone"]))),
)]
#[post("/api/v1/etl/upload")]
pub async fn upload_files(
    principal: Principal,
    _query: NoQuery,
    api: web::Data<Api>,
    request: HttpRequest,
    body: Multipart,
) -> Result<HttpResponse, Problem> {
    check_length(&api, &request)?;
    let attempt = Attempt::begin(&api, principal.user, &request)?;
    let mut storing = Storing::new(Arc::clone(api.objects()));
    let outcome = store(&api, principal, &attempt, &mut storing, body).await;
    if outcome.is_err() {
        storing.remove_all().await;
    }
    Ok(outcome?.into_response())
}

async fn store(
    api: &Api,
    principal: Principal,
    attempt: &Attempt,
    storing: &mut Storing,
    body: Multipart,
) -> Result<Outcome<Vec<Upload>>, Problem> {
    let form = receive_form(api, principal, attempt, storing, body).await?;
    let project = form.fields::<UploadFields>()?.project_id;
    api.lookups().project(principal.user, project).await?;
    let mut fingerprint = attempt.fingerprint();
    if attempt.has_key() {
        form.add_to(&mut fingerprint);
    }
    let mut uploads = Vec::new();
    let mut items = Vec::new();
    let mut first_failure = None;
    for file in form.into_files(storing, principal.user, project).await? {
        match file.outcome {
            Ok(stored) => {
                let row = upload_row(api, principal.user, project, &stored, &file.filename, file.path.as_deref());
                items.push(UploadedItem::from(&row));
                uploads.push(row);
            }
            Err(failure) => {
                let error = UploadError { code: failure.code, message: failure.message.clone() };
                items.push(UploadedItem::failed(file.filename, file.path, error));
                first_failure.get_or_insert(failure);
            }
        }
    }
    if let (true, Some(failure)) = (uploads.is_empty(), first_failure) {
        return Err(Problem::new(failure.code, failure.message).at("/file"));
    }
    // The rows are known before they are stored, and so is the answer.
    let answer = StoredResponse { status: 201, body: respond::json_text(&Uploaded::new(items)), location: None };
    let handed_over = storing.hand_over();
    let outcome = attempt
        .run::<[Upload], Vec<Upload>, _, _>(
            fingerprint.finish(),
            move |_| answer.clone(),
            async |receipt| {
                api.stores().uploads.create_many(&uploads, receipt.as_ref()).await?;
                Ok(uploads)
            },
        )
        .await;
    settle(storing, handed_over, &outcome).await;
    outcome
}
