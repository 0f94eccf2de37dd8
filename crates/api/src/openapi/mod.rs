//! The OpenAPI document: collected from the registered handlers, then completed with what is common to all.

mod complete;
mod overview;

use actix_web::App;
use bytes::Bytes;
use utoipa::openapi::OpenApi;
use utoipa_actix_web::AppExt;

pub use complete::complete;

use crate::routes;

/// The document.
pub fn openapi() -> OpenApi {
    let (_, collected) = App::new().into_utoipa_app().configure(routes::register).split_for_parts();
    complete(collected)
}

/// The bytes of `openapi.yaml`; the same for the same code.
///
/// # Errors
/// When the document cannot be written as YAML, which is a defect.
pub fn openapi_yaml() -> anyhow::Result<String> {
    Ok(openapi().to_yaml()?)
}

/// The document as served.
#[derive(Debug)]
pub struct DocumentJson(pub Bytes);

impl DocumentJson {
    /// Writes it once.
    pub fn new(document: &OpenApi) -> Self {
        Self(document.to_json().unwrap_or_default().into())
    }
}
