//! The routes. A handler extracts, calls one thing, converts.

mod api_keys;
mod callbacks;
mod capabilities;
mod listing;
mod projects;
mod providers;
mod rules;
mod system;
mod table_data;
mod tables;
mod tasks;
mod uploads;
mod usage;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers every handler. The framework tries them in this order, so the hot ones come first.
pub fn register(config: &mut ServiceConfig<'_>) {
    tasks::register(config);
    uploads::register(config);
    table_data::register(config);
    tables::register(config);
    rules::register(config);
    capabilities::register(config);
    usage::register(config);
    projects::register(config);
    providers::register(config);
    api_keys::register(config);
    callbacks::register(config);
    system::register(config);
}
