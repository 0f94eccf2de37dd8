//! What remote services send of their own accord. No credentials: each callback proves itself by its checksum.

use actix_web::{HttpRequest, HttpResponse, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::http::body::JsonBody;
use crate::http::query::NoQuery;
use crate::http::respond;
use crate::problem::Problem;
use crate::state::Api;
use crate::wire::callback::{CallbackTaken, MineruCallback};

pub fn register(config: &mut ServiceConfig<'_>) {
    config.service(take_mineru_callback);
}

/// Take a callback of mineru.net
///
/// Sent by mineru.net when a task is done that was given to it with this address (`parsers.mineru_cloud.callback_url`). The task is asked after at once; nothing else of the content is used. A repeat is answered like the first. The task ends without a callback too, somewhat later.
#[utoipa::path(
    tag = "system",
    params(("ticket" = String, Path, description = "Stands for the task, as long as it waits.", example = "9f2c4e6a8b0d1f3e5c7a9b1d3f5e7c9a")),
    request_body = MineruCallback,
    responses((status = 200, description = "It was taken.", body = CallbackTaken)),
    extensions(("x-error-codes" = json!(["callback_unknown", "callback_checksum"]))),
)]
#[post("/callbacks/mineru/{ticket}")]
async fn take_mineru_callback(
    request: HttpRequest,
    _query: NoQuery,
    body: JsonBody<MineruCallback>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let MineruCallback { checksum, content } = body.value;
    api.take_callback(request.match_info().query("ticket"), &checksum, &content)?;
    // The service repeats what is not answered with exactly 200.
    respond::ok(&CallbackTaken { status: "taken" })
}
