//! One task: the hot path of everybody who waits for something.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, ETAG, HeaderMap, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, get, web};
use millrace_domain::{Task, TaskId};

use crate::auth::Principal;
use crate::http::path::At;
use crate::http::query::QueryOf;
use crate::http::{etag, respond};
use crate::problem::Problem;
use crate::state::Api;
use crate::wire::task::TaskBody;
use crate::wire::task_parts::TaskQuery;

/// Bytes of a typical task, so that its text is written without growing.
const TYPICAL_BYTES: usize = 1536;

/// Get a task
///
/// With `wait`, the answer comes when the task has ended, or with `If-None-Match` when it has changed, or when the time
/// is over. The `ETag` changes with everything that the answer shows.
#[utoipa::path(
    tag = "etl",
    params(TaskQuery,
        ("If-None-Match" = Option<String>, Header, description = "Entity tags that the caller holds already.")),
    responses(
        (status = 200, description = "The task.", body = TaskBody,
            headers(("ETag" = String, description = "Tag of this state of the task."))),
        (status = 304, description = "The task is as the caller knows it."),
    ),
    extensions(("x-error-codes" = json!(["task_not_found"]))),
)]
#[get("/api/v1/etl/tasks/{task_id}")]
pub async fn get_task(
    principal: Principal,
    id: At<TaskId>,
    query: QueryOf<TaskQuery>,
    api: web::Data<Api>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let task = match wait(query.0.wait, &api)? {
        None => api.queue().get(principal.user, id.0).await?,
        Some(timeout) => {
            let known = HeldTags::of(request.headers());
            api.queue().wait(principal.user, id.0, timeout, &|task| known.is_news(task)).await?
        }
    };
    let tag = etag::weak(tag_bits(&task));
    let mut answer = if etag::matches(request.headers(), &tag) {
        HttpResponse::NotModified().finish()
    } else {
        let mut text = Vec::with_capacity(TYPICAL_BYTES);
        serde_json::to_writer(&mut text, &TaskBody::from(&*task)).map_err(millrace_domain::Fault::internal)?;
        respond::json(StatusCode::OK, text)
    };
    let headers = answer.headers_mut();
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(ETAG, tag);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    Ok(answer)
}

fn wait(seconds: Option<u64>, api: &Api) -> Result<Option<Duration>, Problem> {
    let most = api.limits().max_wait;
    match seconds {
        None | Some(0) => Ok(None),
        Some(seconds) if seconds <= most.as_secs() => Ok(Some(Duration::from_secs(seconds))),
        Some(_) => {
            let detail = format!("the time to wait is between 0 and {} seconds", most.as_secs());
            Err(Problem::new("invalid_value", detail).at("/wait"))
        }
    }
}

/// What ends a wait: the end of the task, or any change if the caller holds a state of it. The queue asks this from any
/// thread, and header maps stay on theirs, so the tags are copied out.
struct HeldTags(Vec<String>);

impl HeldTags {
    fn of(headers: &HeaderMap) -> Self {
        Self(etag::held(headers).collect())
    }

    fn is_news(&self, task: &Task) -> bool {
        if self.0.is_empty() {
            return task.state.is_terminal();
        }
        !etag::any_matches(self.0.iter().map(String::as_str), &etag::weak(tag_bits(task)))
    }
}

/// A hash of all that changes in the life of a task.
fn tag_bits(task: &Task) -> u64 {
    let mut hasher = DefaultHasher::new();
    task.id.hash(&mut hasher);
    task.attempt_epoch.hash(&mut hasher);
    task.attempt.hash(&mut hasher);
    task.state.hash(&mut hasher);
    task.progress.hash(&mut hasher);
    (task.detail.done, task.detail.total).hash(&mut hasher);
    task.updated_at.hash(&mut hasher);
    task.mounted.is_some().hash(&mut hasher);
    hasher.finish()
}
