//! `/api/v1/api-keys`.

use std::borrow::Borrow;

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use millrace_domain::ApiKeyId;
use millrace_domain::api_key::ApiKey;
use millrace_repository::{NewApiKey, StoredResponse};
use utoipa_actix_web::service_config::ServiceConfig;

use super::listing;
use crate::auth::{Principal, api_key};
use crate::http::body::JsonBody;
use crate::http::path::At;
use crate::http::query::{NoQuery, QueryOf};
use crate::http::{page, respond};
use crate::idempotency::{Attempt, Outcome};
use crate::problem::{Problem, all};
use crate::state::Api;
use crate::wire::api_key::{ApiKeyBody, ApiKeyInput, NewApiKeyBody};
use crate::wire::common::checked_name;
use crate::wire::{Listing, PageQuery};

pub fn register(config: &mut ServiceConfig<'_>) {
    config.service(create_api_key).service(list_api_keys).service(revoke_api_key);
}

/// Create an API key
///
/// The answer holds the secret, which is shown this once: only its hash is stored. A repeat with the same
/// `Idempotency-Key` makes no second key and answers with `key: null`; revoke that key if its secret was lost.
#[utoipa::path(
    tag = "api-keys",
    request_body(content = ApiKeyInput, content_type = "application/json"),
    responses((status = 201, description = "Created.", body = NewApiKeyBody)),
)]
#[post("/api/v1/api-keys")]
async fn create_api_key(
    principal: Principal,
    _query: NoQuery,
    api: web::Data<Api>,
    request: HttpRequest,
    body: JsonBody<ApiKeyInput>,
) -> Result<HttpResponse, Problem> {
    let attempt = Attempt::begin(&api, principal.user, &request)?;
    let fingerprint = attempt.json_fingerprint(&body.bytes)?;
    let now = api.clock().now();
    let end = match body.value.expires_at {
        Some(end) if end <= now => {
            Err(Problem::new("invalid_value", "the key would have expired already").at("/expires_at"))
        }
        end => Ok(end),
    };
    let (name, expires_at) = all((checked_name(&body.value.name, "/name"), end))?;
    let key = api_key::generate();
    let new = NewApiKey { user_id: principal.user, name, prefix: key.prefix, hash: key.hash, expires_at };
    let outcome = attempt
        .run(fingerprint, without_secret, async |receipt| {
            Ok(api.stores().api_keys.create(&new, now, receipt.as_ref()).await?)
        })
        .await?;
    match outcome {
        // What is stored for repeats must not hold the secret; the first answer must.
        Outcome::Done(stored, response) => {
            let stored: &ApiKey = stored.borrow();
            let body = NewApiKeyBody { api_key: stored.into(), key: Some(key.secret) };
            let mut answer = respond::json(StatusCode::CREATED, respond::json_text(&body));
            if let Some(location) = response.location.and_then(|location| location.try_into().ok()) {
                answer.headers_mut().insert(LOCATION, location);
            }
            Ok(answer)
        }
        replayed @ Outcome::Replayed(_) => Ok(replayed.into_response()),
    }
}

fn without_secret(key: &ApiKey) -> StoredResponse {
    StoredResponse {
        status: 201,
        body: respond::json_text(&NewApiKeyBody { api_key: key.into(), key: None }),
        location: Some(format!("/api/v1/api-keys/{}", key.id)),
    }
}

/// List API keys
///
/// The caller's keys without their secrets, revoked and expired ones included, newest first.
#[utoipa::path(
    tag = "api-keys",
    params(PageQuery),
    responses((status = 200, description = "A page of keys.", body = Listing<ApiKeyBody>,
        example = json!({"items": [{
            "api_key_id": 3, "name": "nightly import", "prefix": "mlr_live_a1B2c3",
            "created_at": "2026-11-22T08:00:00Z", "expires_at": null, "last_used_at": null, "revoked_at": null
        }], "next_page_token": null}))),
    extensions(("x-error-codes" = json!(["invalid_page_token"]))),
)]
#[get("/api/v1/api-keys")]
async fn list_api_keys(
    principal: Principal,
    query: QueryOf<PageQuery>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let plan = listing::plan::<ApiKeyId>(&query.0, page::filter_hash(&()), api.limits())?;
    let rows = api.stores().api_keys.list(principal.user, plan.page).await?;
    respond::ok(&plan.finish(rows, |row| row.id, |row| ApiKeyBody::from(row)))
}

/// Revoke an API key
///
/// The key opens nothing from now on. Revoking again changes nothing.
#[utoipa::path(
    tag = "api-keys",
    responses((status = 204, description = "Revoked.")),
    extensions(("x-error-codes" = json!(["api_key_not_found"]))),
)]
#[delete("/api/v1/api-keys/{api_key_id}")]
async fn revoke_api_key(
    principal: Principal,
    id: At<ApiKeyId>,
    _query: NoQuery,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let key = api.stores().api_keys.revoke(principal.user, id.0, api.clock().now()).await?;
    api.authenticator().forget(key.id);
    Ok(respond::no_content())
}
