//! `/api/v1/tables`, without their data.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};
use millrace_domain::TableId;
use millrace_domain::json_table::JsonTable;
use millrace_repository::{RepositoryError, StoredResponse};
use utoipa_actix_web::service_config::ServiceConfig;

use super::listing;
use crate::auth::Principal;
use crate::http::body::JsonBody;
use crate::http::path::At;
use crate::http::query::{NoQuery, QueryOf};
use crate::http::{page, respond};
use crate::idempotency::Attempt;
use crate::problem::{Problem, all};
use crate::state::Api;
use crate::wire::common::contains_nul;
use crate::wire::table::{NewTable, TableBody, TableInput, TablesQuery};
use crate::wire::{Listing, PageQuery};

pub fn register(config: &mut ServiceConfig<'_>) {
    config.service(create_table).service(list_tables).service(get_table).service(update_table).service(delete_table);
}

/// Create a table
///
/// A JSON document in a project. Names need not be unique.
#[utoipa::path(
    tag = "tables",
    request_body(content = NewTable, content_type = "application/json"),
    responses((status = 201, description = "Created.", body = TableBody)),
    extensions(("x-error-codes" = json!(["project_not_found", "nul_character"]))),
)]
#[post("/api/v1/tables")]
async fn create_table(
    principal: Principal,
    _query: NoQuery,
    api: web::Data<Api>,
    request: HttpRequest,
    body: JsonBody<NewTable>,
) -> Result<HttpResponse, Problem> {
    let attempt = Attempt::begin(&api, principal.user, &request)?;
    let fingerprint = attempt.json_fingerprint(&body.bytes)?;
    let NewTable { project_id, name, description, data } = body.value;
    let data = match data {
        Some(data) if contains_nul(&data) => {
            Err(Problem::new("nul_character", "the data holds the character U+0000").at("/data"))
        }
        data => Ok(data),
    };
    let (definition, data) = all((TableInput { name, description }.checked(), data))?;
    let outcome = attempt
        .run(fingerprint, created, async |receipt| {
            let now = api.clock().now();
            let tables = &api.stores().tables;
            Ok(tables.create(principal.user, project_id, &definition, data.as_ref(), now, receipt.as_ref()).await?)
        })
        .await?;
    Ok(outcome.into_response())
}

fn created(table: &JsonTable) -> StoredResponse {
    StoredResponse {
        status: 201,
        body: respond::json_text(&TableBody::from(table)),
        location: Some(format!("/api/v1/tables/{}", table.id)),
    }
}

/// List tables
///
/// The caller's tables without their data, newest first.
#[utoipa::path(
    tag = "tables",
    params(TablesQuery),
    responses((status = 200, description = "A page of tables.", body = Listing<TableBody>,
        example = json!({"items": [{
            "table_id": 31, "project_id": 7, "name": "Contracts", "description": "",
            "created_at": "2026-11-22T08:00:00Z", "updated_at": "2026-11-22T08:00:00Z"
        }], "next_page_token": null}))),
    extensions(("x-error-codes" = json!(["invalid_page_token", "project_not_found"]))),
)]
#[get("/api/v1/tables")]
async fn list_tables(
    principal: Principal,
    query: QueryOf<TablesQuery>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let TablesQuery { project_id, limit, page_token } = query.0;
    if let Some(project) = project_id {
        api.lookups().project(principal.user, project).await?;
    }
    let filter = page::filter_hash(&project_id);
    let plan = listing::plan::<TableId>(&PageQuery { limit, page_token }, filter, api.limits())?;
    let rows = api.stores().tables.list(principal.user, project_id, plan.page).await?;
    respond::ok(&plan.finish(rows, |row| row.id, |row| TableBody::from(row)))
}

/// Get a table
///
/// One table of the caller, without its data.
#[utoipa::path(
    tag = "tables",
    responses((status = 200, description = "The table.", body = TableBody)),
    extensions(("x-error-codes" = json!(["table_not_found"]))),
)]
#[get("/api/v1/tables/{table_id}")]
async fn get_table(
    principal: Principal,
    id: At<TableId>,
    _query: NoQuery,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let table = api.stores().tables.get(principal.user, id.0).await?;
    respond::ok(&TableBody::from(&table.ok_or(RepositoryError::NotFound("table"))?))
}

/// Update a table
///
/// Replaces name and description; the data stays as it is.
#[utoipa::path(
    tag = "tables",
    request_body(content = TableInput, content_type = "application/json"),
    responses((status = 200, description = "The table as it now is.", body = TableBody)),
    extensions(("x-error-codes" = json!(["table_not_found", "nul_character"]))),
)]
#[put("/api/v1/tables/{table_id}")]
async fn update_table(
    principal: Principal,
    id: At<TableId>,
    _query: NoQuery,
    api: web::Data<Api>,
    body: JsonBody<TableInput>,
) -> Result<HttpResponse, Problem> {
    let definition = body.value.checked()?;
    let table = api.stores().tables.update(principal.user, id.0, &definition, api.clock().now()).await?;
    respond::ok(&TableBody::from(&table))
}

/// Delete a table
///
/// With its data and the records of its mounts. The tasks and their results stay.
#[utoipa::path(
    tag = "tables",
    responses((status = 204, description = "Deleted.")),
    extensions(("x-error-codes" = json!(["table_not_found"]))),
)]
#[delete("/api/v1/tables/{table_id}")]
async fn delete_table(
    principal: Principal,
    id: At<TableId>,
    _query: NoQuery,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    api.stores().tables.delete(principal.user, id.0).await?;
    api.lookups().forget_table(principal.user, id.0);
    Ok(respond::no_content())
}
