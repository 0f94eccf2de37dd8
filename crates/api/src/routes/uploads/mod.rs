//! Files come in.

use utoipa_actix_web::service_config::ServiceConfig;

pub fn register(_config: &mut ServiceConfig<'_>) {
}
