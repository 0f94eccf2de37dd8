//! Successful answers.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue, LOCATION, RETRY_AFTER};
use millrace_repository::StoredResponse;
use serde::Serialize;

use crate::problem::Problem;

/// Says that an answer was given before; see `Idempotency-Key`.
pub const IDEMPOTENCY_REPLAYED: &str = "idempotency-replayed";

/// The JSON text of a wire type. Wire types hold nothing that cannot be written.
pub fn json_text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| {
        tracing::error!(error = %error, "a wire type could not be written");
        "null".to_owned()
    })
}

/// 200 with JSON.
pub fn ok(value: &impl Serialize) -> Result<HttpResponse, Problem> {
    let body = serde_json::to_vec(value).map_err(|error| Problem::from(millrace_domain::Fault::internal(error)))?;
    Ok(json(StatusCode::OK, body))
}

/// A status with JSON text.
pub fn json(status: StatusCode, body: impl Into<bytes::Bytes>) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((CONTENT_TYPE, HeaderValue::from_static("application/json")))
        .body(body.into())
}

/// 204.
pub fn no_content() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

/// An answer as a receipt holds it.
pub fn stored(response: StoredResponse, replayed: bool) -> HttpResponse {
    let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::OK);
    let mut builder = HttpResponse::build(status);
    if status == StatusCode::ACCEPTED {
        builder.insert_header((RETRY_AFTER, "1"));
    }
    if let Some(location) = response.location {
        builder.insert_header((LOCATION, location));
    }
    if replayed {
        builder.insert_header((IDEMPOTENCY_REPLAYED, "true"));
    }
    if response.body.is_empty() {
        return builder.finish();
    }
    builder.insert_header((CONTENT_TYPE, HeaderValue::from_static("application/json"))).body(response.body)
}
