//! `/api/v1/providers`: language models that rules may call.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};
use millrace_domain::ProviderId;
use millrace_domain::stored_provider::{KeyChange, StoredProvider};
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
use crate::wire::provider::{AskedKey, ProviderBody, ProviderInput};
use crate::wire::{Listing, PageQuery};

pub fn register(config: &mut ServiceConfig<'_>) {
    config.service(create_provider).service(list_providers).service(get_provider).service(update_provider);
    config.service(delete_provider);
}

/// Create a provider
///
/// An endpoint that serves models by the OpenAI protocol, for the caller's own rules. Its key is stored sealed and never
/// shown; nothing is sent to the endpoint before a rule needs it.
#[utoipa::path(
    tag = "providers",
    request_body(content = ProviderInput, content_type = "application/json"),
    responses((status = 201, description = "Created.", body = ProviderBody)),
    extensions(("x-error-codes" = json!(["name_taken", "nul_character", "unsupported"]))),
)]
#[post("/api/v1/providers")]
async fn create_provider(
    principal: Principal,
    _query: NoQuery,
    api: web::Data<Api>,
    request: HttpRequest,
    body: JsonBody<ProviderInput>,
) -> Result<HttpResponse, Problem> {
    let attempt = Attempt::begin(&api, principal.user, &request)?;
    let fingerprint = attempt.json_fingerprint(&body.bytes)?;
    let (definition, key) = body.value.checked()?;
    let sealed = match key {
        AskedKey::Given(key) => Some(api.vault().seal(principal.user, &key)?),
        AskedKey::Absent | AskedKey::Null => None,
    };
    let outcome = attempt
        .run(fingerprint, created, async |receipt| {
            let (user, now) = (principal.user, api.clock().now());
            Ok(api.stores().providers.create(user, &definition, sealed.as_ref(), now, receipt.as_ref()).await?)
        })
        .await?;
    Ok(outcome.into_response())
}

fn created(provider: &StoredProvider) -> StoredResponse {
    StoredResponse {
        status: 201,
        body: respond::json_text(&ProviderBody::from(provider)),
        location: Some(format!("/api/v1/providers/{}", provider.id)),
    }
}

/// List providers
///
/// The caller's, newest first. Those of the installation are in `/api/v1/etl/capabilities`.
#[utoipa::path(
    tag = "providers",
    params(PageQuery),
    responses((status = 200, description = "A page of providers.", body = Listing<ProviderBody>,
        example = json!({"items": [{
            "provider_id": 3, "name": "ollama", "base_url": "http://models.example:11434/v1", "has_api_key": false,
            "profile": "relaxed", "default_model": "qwen3", "context_tokens": 16384, "max_output_tokens": 4096,
            "max_concurrency": 4, "timeout_seconds": 120, "vision": false, "prices": {},
            "created_at": "2026-11-22T08:00:00Z", "updated_at": "2026-11-22T08:00:00Z"
        }], "next_page_token": null}))),
    extensions(("x-error-codes" = json!(["invalid_page_token"]))),
)]
#[get("/api/v1/providers")]
async fn list_providers(
    principal: Principal,
    query: QueryOf<PageQuery>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let plan = listing::plan::<ProviderId>(&query.0, page::filter_hash(&"providers"), api.limits())?;
    let rows = api.stores().providers.list(principal.user, plan.page).await?;
    respond::ok(&plan.finish(rows, |row| row.id, |row| ProviderBody::from(row)))
}

/// Get a provider
///
/// Without its key.
#[utoipa::path(
    tag = "providers",
    responses((status = 200, description = "The provider.", body = ProviderBody)),
    extensions(("x-error-codes" = json!(["provider_not_found"]))),
)]
#[get("/api/v1/providers/{provider_id}")]
async fn get_provider(
    principal: Principal,
    id: At<ProviderId>,
    _query: NoQuery,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let provider = api.stores().providers.get(principal.user, id.0).await?;
    respond::ok(&ProviderBody::from(&provider.ok_or(RepositoryError::NotFound("provider"))?))
}

/// Update a provider
///
/// Replaces everything but the key, which stays unless `api_key` is given: null removes it.
#[utoipa::path(
    tag = "providers",
    request_body(content = ProviderInput, content_type = "application/json"),
    responses((status = 200, description = "Changed.", body = ProviderBody)),
    extensions(("x-error-codes" = json!(["provider_not_found", "name_taken", "nul_character", "unsupported"]))),
)]
#[put("/api/v1/providers/{provider_id}")]
async fn update_provider(
    principal: Principal,
    id: At<ProviderId>,
    _query: NoQuery,
    api: web::Data<Api>,
    body: JsonBody<ProviderInput>,
) -> Result<HttpResponse, Problem> {
    let (definition, key) = body.value.checked()?;
    let change = match key {
        AskedKey::Absent => KeyChange::Keep,
        AskedKey::Null => KeyChange::Remove,
        AskedKey::Given(key) => KeyChange::Replace(api.vault().seal(principal.user, &key)?),
    };
    let now = api.clock().now();
    let provider = api.stores().providers.update(principal.user, id.0, &definition, &change, now).await?;
    respond::ok(&ProviderBody::from(&provider))
}

/// Delete a provider
///
/// With its key. Rules that name it fail from then on.
#[utoipa::path(
    tag = "providers",
    responses((status = 204, description = "Deleted.")),
    extensions(("x-error-codes" = json!(["provider_not_found"]))),
)]
#[delete("/api/v1/providers/{provider_id}")]
async fn delete_provider(
    principal: Principal,
    id: At<ProviderId>,
    _query: NoQuery,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    api.stores().providers.delete(principal.user, id.0).await?;
    Ok(respond::no_content())
}
