//! A task's mounts.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use millrace_domain::mount::Mount;
use millrace_domain::{MountId, TaskId};
use millrace_repository::{MountFilter, Page, RepositoryError, StoredResponse};

use super::super::listing;
use crate::auth::Principal;
use crate::http::body::JsonBody;
use crate::http::path::At;
use crate::http::query::{NoQuery, QueryOf};
use crate::http::{page, respond};
use crate::idempotency::Attempt;
use crate::problem::Problem;
use crate::state::Api;
use crate::wire::mount::{MountBody, MountInput, Unmounted};
use crate::wire::{Listing, PageQuery};

/// Mounts of one task that are looked through for one of them, at a time.
const LOOK_UP_PAGE: usize = 200;

/// Mount a task's result
///
/// Places the result of a completed task in a table. The same task mounted again at the same place is the same mount.
#[utoipa::path(
    tag = "etl",
    request_body(content = MountInput, content_type = "application/json"),
    responses((status = 201, description = "Mounted, or skipped as the policy says.", body = MountBody)),
    extensions(("x-error-codes" = json!([
        "task_not_found", "table_not_found", "task_not_completed", "result_gone", "invalid_pointer", "nul_character",
        "mount_key_exists", "mount_parent_missing", "mount_parent_not_container", "table_in_other_project"]))),
)]
#[post("/api/v1/etl/tasks/{task_id}/mount")]
pub async fn mount_task(
    principal: Principal,
    id: At<TaskId>,
    _query: NoQuery,
    api: web::Data<Api>,
    request: HttpRequest,
    body: JsonBody<MountInput>,
) -> Result<HttpResponse, Problem> {
    let attempt = Attempt::begin(&api, principal.user, &request)?;
    let fingerprint = attempt.json_fingerprint(&body.bytes)?;
    let (mount, warning) = body.value.checked()?;
    let outcome = attempt
        .run::<Mount, Mount, _, _>(
            fingerprint,
            move |mount| mounted(mount, warning.clone()),
            async |receipt| api.queue().mount(principal.user, id.0, mount, receipt).await,
        )
        .await?;
    Ok(outcome.into_response())
}

fn mounted(mount: &Mount, warning: Option<String>) -> StoredResponse {
    let mut body = MountBody::from(mount);
    body.warnings.extend(warning);
    StoredResponse { status: 201, body: respond::json_text(&body), location: None }
}

/// List a task's mounts
///
/// Newest first, ended ones included.
#[utoipa::path(
    tag = "etl",
    params(PageQuery),
    responses((status = 200, description = "A page of mounts.", body = Listing<MountBody>,
        example = json!({"items": [{
            "mount_id": 90, "task_id": 42, "table_id": 31, "json_path": "/contracts", "key": "report",
            "mounted_path": "/contracts/report", "conflict": "rename", "state": "mounted", "automatic": false,
            "success": true, "created_at": "2026-11-22T08:00:00Z", "updated_at": "2026-11-22T08:00:00Z",
            "warnings": []
        }], "next_page_token": null}))),
    extensions(("x-error-codes" = json!(["task_not_found", "invalid_page_token"]))),
)]
#[get("/api/v1/etl/tasks/{task_id}/mounts")]
pub async fn list_task_mounts(
    principal: Principal,
    id: At<TaskId>,
    query: QueryOf<PageQuery>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let task = api.queue().get(principal.user, id.0).await?;
    let plan = listing::plan::<MountId>(&query.0, page::filter_hash(&("mounts", task.id)), api.limits())?;
    let rows = api.stores().mounts.list(principal.user, MountFilter::Task(task.id), plan.page).await?;
    respond::ok(&plan.finish(rows, |row| row.id, |row| MountBody::from(row)))
}

/// Unmount a task's result
///
/// Takes the value out of its table and says what it removed. Unmounting again changes nothing.
#[utoipa::path(
    tag = "etl",
    responses((status = 200, description = "What was removed.", body = Unmounted)),
    extensions(("x-error-codes" = json!(["task_not_found", "mount_not_found"]))),
)]
#[delete("/api/v1/etl/tasks/{task_id}/mounts/{mount_id}")]
pub async fn delete_task_mount(
    principal: Principal,
    id: At<TaskId>,
    mount_id: At<MountId>,
    _query: NoQuery,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let task = api.queue().get(principal.user, id.0).await?;
    if !belongs(&api, principal, task.id, mount_id.0).await? {
        return Err(RepositoryError::NotFound("mount").into());
    }
    let taken_out = api.stores().mounts.unmount(principal.user, mount_id.0, api.clock().now()).await?;
    let mount = taken_out.before;
    respond::ok(&Unmounted {
        mount_id: mount.id,
        table_id: mount.table_id,
        mounted_path: mount.pointer.as_str().to_owned(),
        removed: taken_out.removed,
    })
}

/// Whether the mount is the task's. Ids grow, so the page that begins right above the mount holds it first.
async fn belongs(api: &Api, principal: Principal, task: TaskId, mount: MountId) -> Result<bool, Problem> {
    let before = MountId::new(mount.get().saturating_add(1)).ok();
    let page = Page { before, limit: if before.is_some() { 1 } else { LOOK_UP_PAGE } };
    let rows = api.stores().mounts.list(principal.user, MountFilter::Task(task), page).await?;
    Ok(rows.iter().any(|row| row.id == mount))
}
