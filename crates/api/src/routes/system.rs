//! Health, metrics, the OpenAPI document. No credentials needed: nothing here is anybody's.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::http::query::NoQuery;
use crate::http::respond;
use crate::openapi::DocumentJson;
use crate::problem::Problem;
use crate::state::Api;

pub fn register(config: &mut ServiceConfig<'_>) {
    config.service(get_livez).service(get_readyz).service(get_metrics).service(get_openapi);
}

/// Health of the process.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"status": "ok"}))]
struct Liveness {
    /// Always `ok`.
    status: &'static str,
}

/// Health of the parts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "status": "ok", "pending": 12, "running": 2, "accepting": true, "database": "ok", "objects": "ok", "lease": "held"
}))]
struct Readiness {
    /// Always `ok`; otherwise the answer is a problem.
    status: &'static str,
    /// Tasks that wait on this node.
    pending: usize,
    /// Tasks that run on this node.
    running: usize,
    /// Whether the queue takes tasks now.
    accepting: bool,
    /// The database.
    database: &'static str,
    /// The object store.
    objects: &'static str,
    /// This node's lease on its tasks.
    lease: &'static str,
}

/// Check that the process lives
///
/// Answers as long as the process serves requests, whatever its dependencies do. For restarting what hangs.
#[utoipa::path(tag = "system", responses((status = 200, description = "It lives.", body = Liveness)))]
#[get("/livez")]
async fn get_livez(_query: NoQuery) -> Result<HttpResponse, Problem> {
    respond::ok(&Liveness { status: "ok" })
}

/// Check that requests can be served
///
/// Asks the database whether it takes writes and the object store whether it does, and looks at the queue. For taking a node out of a load balancer.
#[utoipa::path(
    tag = "system",
    responses((status = 200, description = "All parts work.", body = Readiness)),
    extensions(("x-error-codes" = json!(["not_ready"]))),
)]
#[get("/readyz")]
async fn get_readyz(_query: NoQuery, api: web::Data<Api>) -> Result<HttpResponse, Problem> {
    let health = api.queue().health();
    let (database, objects) = futures::join!(api.stores().health.ping(), api.objects().check());
    let mut failed = Vec::new();
    if let Err(error) = &database {
        tracing::warn!(error = %error, "the database is not ready");
        failed.push("/database");
    }
    if let Err(error) = &objects {
        tracing::warn!(error = %error, "the object store is not ready");
        failed.push("/objects");
    }
    if !health.lease_held {
        failed.push("/lease");
    }
    if failed.is_empty() {
        return respond::ok(&Readiness {
            status: "ok",
            pending: health.pending,
            running: health.running,
            accepting: health.accepting,
            database: "ok",
            objects: "ok",
            lease: "held",
        });
    }
    let problem = Problem::new("not_ready", "a part that is needed does not work");
    Err(failed.into_iter().fold(problem, Problem::at))
}

/// Read the metrics
///
/// Prometheus text format.
#[utoipa::path(
    tag = "system",
    responses((status = 200, description = "Metrics.", body = String, content_type = "text/plain",
        example = json!("# TYPE queue_pending_tasks gauge\nqueue_pending_tasks 12\n"))),
)]
#[get("/metrics")]
async fn get_metrics(_query: NoQuery, api: web::Data<Api>) -> HttpResponse {
    HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")).body(api.metrics())
}

/// Read this document
///
/// The OpenAPI 3.1 document of this version.
#[utoipa::path(
    tag = "system",
    responses((status = 200, description = "The document.", body = serde_json::Value,
        content_type = "application/json", example = json!({"openapi": "3.1.0"}))),
)]
#[get("/openapi.json")]
async fn get_openapi(_query: NoQuery, document: web::Data<DocumentJson>) -> HttpResponse {
    HttpResponse::Ok().insert_header((CONTENT_TYPE, "application/json")).body(document.0.clone())
}
