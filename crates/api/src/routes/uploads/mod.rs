//! Files come in.

mod submit;
mod upload;
mod upload_and_submit;

use actix_multipart::Multipart;
use actix_web::HttpRequest;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::auth::Principal;
use crate::http::body::content_length;
use crate::idempotency::{Attempt, Outcome};
use crate::intake::{Form, Storing, receive};
use crate::problem::{Problem, ProblemKind};
use crate::state::Api;

pub fn register(config: &mut ServiceConfig<'_>) {
    config.service(upload_and_submit::upload_and_submit).service(submit::submit_upload).service(upload::upload_files);
}

/// Refuses a body by its declared length, before a byte of it is read.
fn check_length(api: &Api, request: &HttpRequest) -> Result<(), Problem> {
    let most = api.limits().max_request_bytes;
    match content_length(request.headers()) {
        Some(length) if length > most => {
            Err(Problem::new("request_too_large", format!("a request has at most {most} bytes")))
        }
        _ => Ok(()),
    }
}

/// Receives the files of a request; the project is checked as soon as it is known.
async fn receive_form(
    api: &Api,
    principal: Principal,
    attempt: &Attempt,
    storing: &mut Storing,
    body: Multipart,
) -> Result<Form, Problem> {
    let form = receive(api, principal.user, storing, attempt.has_key(), body, async |project| match project {
        Some(project) => Ok(api.lookups().project(principal.user, project).await?),
        None => Ok(()),
    })
    .await?;
    if form.is_empty() {
        return Err(Problem::new("missing_field", "there is no file").at("/files"));
    }
    Ok(form)
}

/// Ends the duty for stored bytes: kept if rows vouch for them now, removed if none ever will. When nobody knows (the
/// database went away during the commit), they stay and the sweeper decides later.
async fn settle<R>(storing: &mut Storing, handed_over: Vec<String>, outcome: &Result<Outcome<R>, Problem>) {
    match outcome {
        Ok(Outcome::Done(..)) => {}
        Err(problem) if problem.kind() == ProblemKind::Unavailable => {}
        Ok(Outcome::Replayed(_)) | Err(_) => {
            storing.take_back(handed_over);
            storing.remove_all().await;
        }
    }
}
