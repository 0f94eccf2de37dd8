//! `/api/v1/tables/{table_id}/data`: one document, addressed by JSON Pointer.

use actix_web::{HttpResponse, delete, get, put, web};
use millrace_domain::TableId;
use millrace_domain::json_table::DataQuery;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::auth::Principal;
use crate::http::body::AnyJsonBody;
use crate::http::path::At;
use crate::http::query::QueryOf;
use crate::http::{page, respond};
use crate::problem::Problem;
use crate::state::Api;
use crate::wire::common::{contains_nul, pointer};
use crate::wire::table::{DataBody, DataChanged, PointerQuery, ReadQuery};

pub fn register(config: &mut ServiceConfig<'_>) {
    config.service(read_table_data).service(write_table_data).service(delete_table_data);
}

/// Read a table's data
///
/// The value at a pointer. An object is read in pages of members, in byte order of their keys; other values whole.
#[utoipa::path(
    tag = "tables",
    params(ReadQuery),
    responses((status = 200, description = "The value.", body = DataBody)),
    extensions(("x-error-codes" = json!(
        ["table_not_found", "data_not_found", "invalid_pointer", "invalid_page_token"]))),
)]
#[get("/api/v1/tables/{table_id}/data")]
async fn read_table_data(
    principal: Principal,
    id: At<TableId>,
    query: QueryOf<ReadQuery>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let ReadQuery { pointer: text, limit, page_token } = query.0;
    let (at, warning) = pointer(text.as_deref().unwrap_or_default(), "/pointer")?;
    let filter = page::filter_hash(&(id.0, &at));
    let token = page_token.filter(|token| !token.is_empty());
    let after_key = token.map(|token| page::read_token(&token, filter)).transpose()?;
    let query = DataQuery { pointer: at, limit: page::limit(limit, api.limits())?, after_key };
    let read = api.stores().tables.read(principal.user, id.0, &query).await?;
    let read = read.ok_or_else(|| Problem::new("data_not_found", "nothing is at this pointer").at("/pointer"))?;
    respond::ok(&DataBody {
        table_id: id.0,
        pointer: query.pointer.as_str().to_owned(),
        value: read.value,
        next_page_token: read.next_after_key.map(|key| page::token(&key, filter)),
        warnings: warning.into_iter().collect(),
    })
}

/// Write a table's data
///
/// Replaces whatever is at and below the pointer by the body, any JSON value. Missing objects on the way are made.
#[utoipa::path(
    tag = "tables",
    params(PointerQuery),
    request_body(content = serde_json::Value, content_type = "application/json", example = json!({"title": "Report"})),
    responses((status = 200, description = "What the change did.", body = DataChanged)),
    extensions(("x-error-codes" = json!(
        ["table_not_found", "not_a_container", "invalid_pointer", "nul_character"]))),
)]
#[put("/api/v1/tables/{table_id}/data")]
async fn write_table_data(
    principal: Principal,
    id: At<TableId>,
    query: QueryOf<PointerQuery>,
    api: web::Data<Api>,
    body: AnyJsonBody,
) -> Result<HttpResponse, Problem> {
    let (at, warning) = pointer(query.0.pointer.as_deref().unwrap_or_default(), "/pointer")?;
    if contains_nul(&body.0) {
        return Err(Problem::new("nul_character", "the data holds the character U+0000"));
    }
    let now = api.clock().now();
    let removed = api.stores().tables.write(principal.user, id.0, &at, &body.0, now).await?;
    respond::ok(&DataChanged {
        table_id: id.0,
        pointer: at.as_str().to_owned(),
        mounts_ended: removed.mounts,
        warnings: warning.into_iter().collect(),
    })
}

/// Delete a table's data
///
/// Removes what is at and below the pointer, and says what mounts ended with it. The root becomes an empty object.
#[utoipa::path(
    tag = "tables",
    params(PointerQuery),
    responses((status = 200, description = "What the change did.", body = DataChanged)),
    extensions(("x-error-codes" = json!(["table_not_found", "data_not_found", "invalid_pointer"]))),
)]
#[delete("/api/v1/tables/{table_id}/data")]
async fn delete_table_data(
    principal: Principal,
    id: At<TableId>,
    query: QueryOf<PointerQuery>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let (at, warning) = pointer(query.0.pointer.as_deref().unwrap_or_default(), "/pointer")?;
    let removed = api.stores().tables.remove(principal.user, id.0, &at, api.clock().now()).await?;
    let removed = removed.ok_or_else(|| Problem::new("data_not_found", "nothing is at this pointer").at("/pointer"))?;
    respond::ok(&DataChanged {
        table_id: id.0,
        pointer: at.as_str().to_owned(),
        mounts_ended: removed.mounts,
        warnings: warning.into_iter().collect(),
    })
}
