//! `/api/v1/etl/rules`.

mod transfer;
mod trial;
mod versions;

use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};
use millrace_domain::RuleId;
use millrace_domain::rule::Rule;
use millrace_repository::StoredResponse;
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
use crate::wire::rule::{RuleBody, RuleInput};
use crate::wire::{Listing, PageQuery};

pub fn register(config: &mut ServiceConfig<'_>) {
    config.service(create_rule).service(list_rules).service(versions::get_rule).service(update_rule);
    config.service(delete_rule).service(versions::list_rule_versions);
    config.service(trial::test_new_rule).service(trial::test_rule);
    config.service(transfer::export_rule).service(transfer::import_rules);
}

/// Create a rule
///
/// The rule is checked against what this installation can do and the providers that are there, so that no task fails for
/// it later unless one of them goes away.
#[utoipa::path(
    tag = "rules",
    request_body(content = RuleInput, content_type = "application/json"),
    responses((status = 201, description = "Created, at version 1.", body = RuleBody)),
    extensions(("x-error-codes" = json!([
        "invalid_rule", "rule_mode_unsupported", "unknown_provider", "unknown_model", "vision_not_supported", "unsupported",
        "nul_character"]))),
)]
#[post("/api/v1/etl/rules")]
async fn create_rule(
    principal: Principal,
    _query: NoQuery,
    api: web::Data<Api>,
    request: HttpRequest,
    body: JsonBody<RuleInput>,
) -> Result<HttpResponse, Problem> {
    let attempt = Attempt::begin(&api, principal.user, &request)?;
    let fingerprint = attempt.json_fingerprint(&body.bytes)?;
    let definition = body.value.checked()?;
    api.catalog().check_rule(&definition)?;
    api.catalog().check_references(principal.user, &definition).await?;
    let outcome = attempt
        .run(fingerprint, created, async |receipt| {
            let now = api.clock().now();
            Ok(api.stores().rules.create(principal.user, &definition, now, receipt.as_ref()).await?)
        })
        .await?;
    Ok(outcome.into_response())
}

fn created(rule: &Rule) -> StoredResponse {
    StoredResponse {
        status: 201,
        body: respond::json_text(&RuleBody::from(rule)),
        location: Some(format!("/api/v1/etl/rules/{}", rule.id)),
    }
}

/// List rules
///
/// The caller's rules at their latest versions, newest first, and the built-in one.
#[utoipa::path(
    tag = "rules",
    params(PageQuery),
    responses((status = 200, description = "A page of rules.", body = Listing<RuleBody>,
        example = json!({"items": [{
            "rule_id": 1, "version": 1, "name": "default", "description": "Keeps the parsed text as it is.",
            "postprocess_mode": "skip", "json_schema": {"type": "object"}, "system_prompt": null, "model": null,
            "options": {}, "builtin": true, "created_at": "2026-11-22T08:00:00Z", "updated_at": "2026-11-22T08:00:00Z"
        }], "next_page_token": null}))),
    extensions(("x-error-codes" = json!(["invalid_page_token"]))),
)]
#[get("/api/v1/etl/rules")]
async fn list_rules(
    principal: Principal,
    query: QueryOf<PageQuery>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let plan = listing::plan::<RuleId>(&query.0, page::filter_hash(&()), api.limits())?;
    let rows = api.stores().rules.list(principal.user, plan.page).await?;
    respond::ok(&plan.finish(rows, |row| row.id, |row| RuleBody::from(row)))
}

/// Update a rule
///
/// Makes a new version. Tasks that were submitted before keep the version they were submitted with.
#[utoipa::path(
    tag = "rules",
    request_body(content = RuleInput, content_type = "application/json"),
    responses((status = 200, description = "The new version.", body = RuleBody)),
    extensions(("x-error-codes" = json!([
        "rule_not_found", "invalid_rule", "rule_mode_unsupported", "unknown_provider", "unknown_model",
        "vision_not_supported", "unsupported", "nul_character"]))),
)]
#[put("/api/v1/etl/rules/{rule_id}")]
async fn update_rule(
    principal: Principal,
    id: At<RuleId>,
    _query: NoQuery,
    api: web::Data<Api>,
    body: JsonBody<RuleInput>,
) -> Result<HttpResponse, Problem> {
    let definition = body.value.checked()?;
    api.catalog().check_rule(&definition)?;
    api.catalog().check_references(principal.user, &definition).await?;
    let rule = api.stores().rules.update(principal.user, id.0, &definition, api.clock().now()).await?;
    api.lookups().forget_rule(principal.user, id.0);
    respond::ok(&RuleBody::from(&rule))
}

/// Delete a rule
///
/// No new task can use it; tasks that were submitted with it keep their version.
#[utoipa::path(
    tag = "rules",
    responses((status = 204, description = "Deleted.")),
    extensions(("x-error-codes" = json!(["rule_not_found"]))),
)]
#[delete("/api/v1/etl/rules/{rule_id}")]
async fn delete_rule(
    principal: Principal,
    id: At<RuleId>,
    _query: NoQuery,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    api.stores().rules.delete(principal.user, id.0, api.clock().now()).await?;
    api.lookups().forget_rule(principal.user, id.0);
    Ok(respond::no_content())
}
