//! The routes. A handler extracts, calls one thing, converts.

mod api_keys;
mod listing;
mod projects;
mod system;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers every handler. The framework tries them in this order, so the hot ones come first.
pub fn register(config: &mut ServiceConfig<'_>) {
    projects::register(config);
    api_keys::register(config);
    system::register(config);
}
