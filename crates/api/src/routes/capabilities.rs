//! `GET /api/v1/etl/capabilities`.

use actix_web::{HttpResponse, get, web};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::auth::Principal;
use crate::http::query::NoQuery;
use crate::http::respond;
use crate::problem::Problem;
use crate::state::Api;
use crate::wire::capabilities::CapabilitiesBody;

pub fn register(config: &mut ServiceConfig<'_>) {
    config.service(get_capabilities);
}

/// Get what this installation can do
///
/// Parsers in the order in which they are tried, with what they read and whether they can be used now; modes of rules;
/// language models; limits. Remote services are asked, so an answer may be up to ten seconds old.
#[utoipa::path(
    tag = "etl",
    responses((status = 200, description = "What can be done here.", body = CapabilitiesBody)),
)]
#[get("/api/v1/etl/capabilities")]
async fn get_capabilities(
    _principal: Principal,
    _query: NoQuery,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    respond::ok(&CapabilitiesBody::from(&*api.capabilities().await))
}
