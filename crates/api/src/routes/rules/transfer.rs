//! Rules as files.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use millrace_domain::rule::{Rule, RuleDefinition};
use millrace_domain::{RuleId, UserId};
use millrace_repository::{RepositoryError, StoredResponse};

use crate::auth::Principal;
use crate::http::body::JsonBody;
use crate::http::path::At;
use crate::http::query::NoQuery;
use crate::http::{download, respond};
use crate::idempotency::Attempt;
use crate::problem::Problem;
use crate::state::Api;
use crate::wire::rule_file::{ImportedRules, RuleFile, RuleFileInput};

/// Export a rule
///
/// The latest version as a file that `import_rules` reads, here or elsewhere. It holds no ids and no secrets: a rule
/// names its provider, whose key is the installation's.
#[utoipa::path(
    tag = "rules",
    responses((status = 200, description = "The file.", body = RuleFile)),
    extensions(("x-error-codes" = json!(["rule_not_found"]))),
)]
#[get("/api/v1/etl/rules/{rule_id}/export")]
pub async fn export_rule(
    principal: Principal,
    id: At<RuleId>,
    _query: NoQuery,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let rule = api.stores().rules.get(principal.user, id.0).await?.ok_or(RepositoryError::NotFound("rule"))?;
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CONTENT_TYPE, "application/json"));
    for header in download::headers(&format!("{}.rule.json", rule.definition.name)) {
        answer.insert_header(header);
    }
    Ok(answer.body(respond::json_text(&RuleFile::of(&rule))))
}

/// Import rules
///
/// Stores every rule of a file as a new rule, or none: when one cannot work here, `errors` points at all that is wrong
/// in all of them.
#[utoipa::path(
    tag = "rules",
    request_body(content = RuleFileInput, content_type = "application/json"),
    responses((status = 201, description = "All stored, at version 1.", body = ImportedRules)),
    extensions(("x-error-codes" = json!([
        "invalid_rule", "rule_mode_unsupported", "unknown_provider", "unknown_model", "vision_not_supported", "unsupported",
        "nul_character"]))),
)]
#[post("/api/v1/etl/rules/import")]
pub async fn import_rules(
    principal: Principal,
    _query: NoQuery,
    api: web::Data<Api>,
    request: HttpRequest,
    body: JsonBody<RuleFileInput>,
) -> Result<HttpResponse, Problem> {
    let attempt = Attempt::begin(&api, principal.user, &request)?;
    let fingerprint = attempt.json_fingerprint(&body.bytes)?;
    let most = api.limits().max_rules_per_import;
    let definitions =
        body.value.checked(most, |definition| api.catalog().check_rule(definition).map_err(Problem::from))?;
    check_references(&api, principal.user, &definitions).await?;
    let outcome = attempt
        .run::<[Rule], Vec<Rule>, _, _>(fingerprint, imported, async |receipt| {
            let now = api.clock().now();
            Ok(api.stores().rules.create_many(principal.user, &definitions, now, receipt.as_ref()).await?)
        })
        .await?;
    Ok(outcome.into_response())
}

/// Whether everything that the rules name is there: the first problem, with the places of all.
async fn check_references(api: &Api, user: UserId, definitions: &[RuleDefinition]) -> Result<(), Problem> {
    let mut refused: Option<Problem> = None;
    for (index, definition) in definitions.iter().enumerate() {
        if let Err(fault) = api.catalog().check_references(user, definition).await {
            let problem = Problem::from(fault).below(&format!("/rules/{index}"));
            refused = Some(match refused {
                Some(first) => first.with_places_of(problem),
                None => problem,
            });
        }
    }
    refused.map_or(Ok(()), Err)
}

fn imported(rules: &[Rule]) -> StoredResponse {
    let location = match rules {
        [rule] => format!("/api/v1/etl/rules/{}", rule.id),
        _ => "/api/v1/etl/rules".to_owned(),
    };
    StoredResponse { status: 201, body: respond::json_text(&ImportedRules::of(rules)), location: Some(location) }
}
