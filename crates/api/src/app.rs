//! The application: every route, inside the layer at the edge.

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::{App, Error, web};
use utoipa_actix_web::AppExt;

use crate::http::edge::Edge;
use crate::http::unmatched::{self, RouteTable};
use crate::openapi::{self, DocumentJson};
use crate::routes;
use crate::state::Api;

/// The application of one worker. Call it once per worker with clones of one [`Api`]: what they share is inside.
pub fn app(
    api: Api,
) -> App<
    impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<BoxBody>, Error = Error, InitError = ()>,
> {
    let (app, collected) = App::new().into_utoipa_app().configure(routes::register).split_for_parts();
    let document = openapi::complete(collected);
    app.app_data(web::Data::new(api.clone()))
        .app_data(web::Data::new(RouteTable::new(&document)))
        .app_data(web::Data::new(DocumentJson::new(&document)))
        .default_service(web::to(unmatched::answer))
        .wrap(Edge::new(api))
}
