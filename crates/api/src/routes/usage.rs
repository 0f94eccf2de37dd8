//! `GET /api/v1/etl/usage`.

use actix_web::{HttpResponse, get, web};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::auth::Principal;
use crate::http::query::QueryOf;
use crate::http::respond;
use crate::problem::Problem;
use crate::state::Api;
use crate::wire::usage::{UsageBody, UsageQuery};

pub fn register(config: &mut ServiceConfig<'_>) {
    config.service(get_usage);
}

/// Get what a project used of language models
///
/// Requests, tokens and costs by day and model, those of failed tasks, of other attempts and of trials included.
#[utoipa::path(
    tag = "etl",
    params(UsageQuery),
    responses((status = 200, description = "What was used.", body = UsageBody)),
    extensions(("x-error-codes" = json!(["project_not_found"]))),
)]
#[get("/api/v1/etl/usage")]
async fn get_usage(
    principal: Principal,
    query: QueryOf<UsageQuery>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let project = query.0.project_id;
    api.lookups().project(principal.user, project).await?;
    let (from, to) = query.0.days(api.clock().now().date_naive(), api.limits().max_usage_days)?;
    let usage = &api.stores().usage;
    let days = usage.by_model(principal.user, project, from, to).await?;
    let counted = usage.counted(principal.user, project, from, to).await?;
    respond::ok(&UsageBody::new(project, (from, to), days, &counted))
}
