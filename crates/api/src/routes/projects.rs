//! `/api/v1/projects`.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};
use millrace_domain::ProjectId;
use millrace_domain::project::Project;
use millrace_repository::{RepositoryError, StoredResponse};
use utoipa_actix_web::service_config::ServiceConfig;

use super::listing;
use crate::auth::Principal;
use crate::http::body::JsonBody;
use crate::http::path::At;
use crate::http::query::{NoQuery, QueryOf};
use crate::http::{page, respond};
use crate::idempotency::Attempt;
use crate::problem::Problem;
use crate::state::Api;
use crate::wire::project::{ProjectBody, ProjectInput};
use crate::wire::{Listing, PageQuery};

pub fn register(config: &mut ServiceConfig<'_>) {
    config
        .service(create_project)
        .service(list_projects)
        .service(get_project)
        .service(update_project)
        .service(delete_project);
}

/// Create a project
///
/// Names need not be unique.
#[utoipa::path(
    tag = "projects",
    request_body(content = ProjectInput, content_type = "application/json"),
    responses((status = 201, description = "Created.", body = ProjectBody)),
    extensions(("x-error-codes" = json!(["nul_character"]))),
)]
#[post("/api/v1/projects")]
async fn create_project(
    principal: Principal,
    _query: NoQuery,
    api: web::Data<Api>,
    request: HttpRequest,
    body: JsonBody<ProjectInput>,
) -> Result<HttpResponse, Problem> {
    let attempt = Attempt::begin(&api, principal.user, &request)?;
    let fingerprint = attempt.json_fingerprint(&body.bytes)?;
    let definition = body.value.checked()?;
    let outcome = attempt
        .run(fingerprint, created, async |receipt| {
            let now = api.clock().now();
            Ok(api.stores().projects.create(principal.user, &definition, now, receipt.as_ref()).await?)
        })
        .await?;
    Ok(outcome.into_response())
}

fn created(project: &Project) -> StoredResponse {
    StoredResponse {
        status: 201,
        body: respond::json_text(&ProjectBody::from(project)),
        location: Some(format!("/api/v1/projects/{}", project.id)),
    }
}

/// List projects
///
/// The caller's projects, newest first.
#[utoipa::path(
    tag = "projects",
    params(PageQuery),
    responses((status = 200, description = "A page of projects.", body = Listing<ProjectBody>,
        example = json!({"items": [{
            "project_id": 7, "name": "Invoices", "description": "",
            "created_at": "2026-11-22T08:00:00Z", "updated_at": "2026-11-22T08:00:00Z"
        }], "next_page_token": null}))),
    extensions(("x-error-codes" = json!(["invalid_page_token"]))),
)]
#[get("/api/v1/projects")]
async fn list_projects(
    principal: Principal,
    query: QueryOf<PageQuery>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let plan = listing::plan::<ProjectId>(&query.0, page::filter_hash(&()), api.limits())?;
    let rows = api.stores().projects.list(principal.user, plan.page).await?;
    respond::ok(&plan.finish(rows, |row| row.id, |row| ProjectBody::from(row)))
}

/// Get a project
///
/// One project of the caller.
#[utoipa::path(
    tag = "projects",
    responses((status = 200, description = "The project.", body = ProjectBody)),
    extensions(("x-error-codes" = json!(["project_not_found"]))),
)]
#[get("/api/v1/projects/{project_id}")]
async fn get_project(
    principal: Principal,
    id: At<ProjectId>,
    _query: NoQuery,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let project = api.stores().projects.get(principal.user, id.0).await?;
    respond::ok(&ProjectBody::from(&project.ok_or(RepositoryError::NotFound("project"))?))
}

/// Update a project
///
/// Replaces name and description.
#[utoipa::path(
    tag = "projects",
    request_body(content = ProjectInput, content_type = "application/json"),
    responses((status = 200, description = "The project as it now is.", body = ProjectBody)),
    extensions(("x-error-codes" = json!(["project_not_found", "nul_character"]))),
)]
#[put("/api/v1/projects/{project_id}")]
async fn update_project(
    principal: Principal,
    id: At<ProjectId>,
    _query: NoQuery,
    api: web::Data<Api>,
    body: JsonBody<ProjectInput>,
) -> Result<HttpResponse, Problem> {
    let definition = body.value.checked()?;
    let now = api.clock().now();
    let project = api.stores().projects.update(principal.user, id.0, &definition, now).await?;
    respond::ok(&ProjectBody::from(&project))
}

/// Delete a project
///
/// Only an empty project can be deleted: one without uploads, tasks and tables.
#[utoipa::path(
    tag = "projects",
    responses((status = 204, description = "Deleted.")),
    extensions(("x-error-codes" = json!(["project_not_found", "in_use"]))),
)]
#[delete("/api/v1/projects/{project_id}")]
async fn delete_project(
    principal: Principal,
    id: At<ProjectId>,
    _query: NoQuery,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    api.stores().projects.delete(principal.user, id.0).await?;
    api.lookups().forget_project(principal.user, id.0);
    Ok(respond::no_content())
}
