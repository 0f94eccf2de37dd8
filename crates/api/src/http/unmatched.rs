//! What happens to requests that match no route: 404, or 405 with `Allow`.

use actix_web::dev::ResourceDef;
use actix_web::{HttpRequest, web};
use utoipa::openapi::OpenApi;

use crate::problem::Problem;

/// The patterns of all routes with their methods, for telling 405 from 404.
#[derive(Debug)]
pub struct RouteTable(Vec<(ResourceDef, Vec<&'static str>)>);

impl RouteTable {
    /// Reads the routes from the OpenAPI document, which is made of the registered handlers.
    pub fn new(document: &OpenApi) -> Self {
        let methods = |item: &utoipa::openapi::PathItem| {
            // Whatever takes GET takes HEAD, see `head`.
            let all = [
                ("GET", &item.get),
                ("HEAD", &item.get),
                ("POST", &item.post),
                ("PUT", &item.put),
                ("DELETE", &item.delete),
            ];
            all.into_iter().filter(|(_, operation)| operation.is_some()).map(|(name, _)| name).collect()
        };
        Self(document.paths.paths.iter().map(|(path, item)| (ResourceDef::new(path.as_str()), methods(item))).collect())
    }

    fn allowed(&self, path: &str) -> Vec<&'static str> {
        let mut methods: Vec<_> = self
            .0
            .iter()
            .filter(|(pattern, _)| pattern.is_match(path))
            .flat_map(|(_, methods)| methods.iter().copied())
            .collect();
        methods.sort_unstable();
        methods.dedup();
        methods
    }
}

/// The default service.
pub async fn answer(request: HttpRequest, routes: web::Data<RouteTable>) -> Result<actix_web::HttpResponse, Problem> {
    let allowed = routes.allowed(request.path());
    if allowed.is_empty() {
        return Err(Problem::new("route_not_found", "nothing is served at this path"));
    }
    let methods = allowed.join(", ");
    Err(Problem::new("method_not_allowed", format!("this path takes {methods}")).allow(methods))
}
