//! Versions of rules.

use actix_web::{HttpResponse, get, web};
use millrace_domain::{Fault, RuleId};
use millrace_repository::RepositoryError;

use super::super::listing;
use crate::auth::Principal;
use crate::http::path::At;
use crate::http::query::QueryOf;
use crate::http::{page, respond};
use crate::problem::Problem;
use crate::state::Api;
use crate::wire::rule::{RuleBody, RuleQuery};
use crate::wire::{Listing, PageQuery};

/// Get a rule
///
/// The latest version of a rule of the caller, or the built-in one; with `version`, that one.
#[utoipa::path(
    tag = "rules",
    params(RuleQuery),
    responses((status = 200, description = "The rule.", body = RuleBody)),
    extensions(("x-error-codes" = json!(["rule_not_found", "rule_version_not_found"]))),
)]
#[get("/api/v1/etl/rules/{rule_id}")]
pub async fn get_rule(
    principal: Principal,
    id: At<RuleId>,
    query: QueryOf<RuleQuery>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let rules = &api.stores().rules;
    let latest = rules.get(principal.user, id.0).await?.ok_or(RepositoryError::NotFound("rule"))?;
    let rule = match query.0.version {
        Some(version) if version != latest.version => {
            // Versions are found by rule alone; that the rule is the caller's was seen above.
            let found = rules.get_version(id.0, version).await?;
            found.ok_or_else(|| Fault::not_found("rule_version_not_found", "the rule has no such version"))?
        }
        _ => latest,
    };
    respond::ok(&RuleBody::from(&rule))
}

/// List a rule's versions
///
/// Newest first. A task names the version that it ran with.
#[utoipa::path(
    tag = "rules",
    params(PageQuery),
    responses((status = 200, description = "A page of versions.", body = Listing<RuleBody>,
        example = json!({"items": [{
            "rule_id": 12, "version": 2, "name": "Invoices", "description": "", "postprocess_mode": "skip",
            "json_schema": {"type": "object"}, "system_prompt": null, "model": null, "options": {}, "builtin": false,
            "created_at": "2026-11-22T08:00:00Z", "updated_at": "2026-11-22T09:00:00Z"
        }], "next_page_token": null}))),
    extensions(("x-error-codes" = json!(["rule_not_found", "invalid_page_token"]))),
)]
#[get("/api/v1/etl/rules/{rule_id}/versions")]
pub async fn list_rule_versions(
    principal: Principal,
    id: At<RuleId>,
    query: QueryOf<PageQuery>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let plan = listing::plan::<i32>(&query.0, page::filter_hash(&("versions", id.0)), api.limits())?;
    let rows = api.stores().rules.versions(principal.user, id.0, plan.page).await?;
    // There is no rule without a version, but there are pages behind the last.
    if rows.is_empty() && api.stores().rules.get(principal.user, id.0).await?.is_none() {
        return Err(RepositoryError::NotFound("rule").into());
    }
    respond::ok(&plan.finish(rows, |row| row.version, |row| RuleBody::from(row)))
}
