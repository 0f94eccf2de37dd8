//! The outermost layer: request id, authentication, panics, problems, security headers, metrics.
//!
//! One layer rather than six, because each would cost a boxed future per request.

use std::future::{Ready, ready};
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::time::Instant;

use actix_web::body::BoxBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use actix_web::{Error, HttpMessage, HttpResponse};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use tracing::{Instrument, Span};

use super::{head, measure, request_id};
use crate::problem::{PROBLEM_JSON, Problem};
use crate::state::Api;

/// Paths under this prefix need a principal.
const PROTECTED: &str = "/api/";

/// Makes [`EdgeService`].
pub struct Edge {
    api: Api,
}

impl Edge {
    /// The layer for an application.
    pub fn new(api: Api) -> Self {
        Self { api }
    }
}

impl<S> Transform<S, ServiceRequest> for Edge
where
    S: Service<ServiceRequest, Response = ServiceResponse<BoxBody>, Error = Error> + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Transform = EdgeService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(EdgeService { service: Rc::new(service), api: self.api.clone() }))
    }
}

/// The layer around one worker's routes.
pub struct EdgeService<S> {
    service: Rc<S>,
    api: Api,
}

impl<S> Service<ServiceRequest> for EdgeService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<BoxBody>, Error = Error> + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Error>>;

    forward_ready!(service);

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        let started = Instant::now();
        let id = request_id::of(request.headers());
        let span = span(&request, &id);
        let method = request.method().clone();
        let is_head = head::as_get(&mut request);
        let service = Rc::clone(&self.service);
        let api = self.api.clone();
        let answer = async move {
            // A panic leaves no request to answer with, so that answer is made by the server from the error.
            let answer = AssertUnwindSafe(serve(service, &api, request)).catch_unwind().await;
            match answer {
                Ok(Ok(response)) => {
                    let response = finish(response, id, &method, started);
                    Ok(if is_head { head::without_content(response) } else { response })
                }
                Ok(Err(error)) => Err(named(error, id)),
                Err(_panic) => {
                    tracing::error!("a request handler panicked");
                    metrics::counter!("http_server_panics_total").increment(1);
                    Err(Problem::new("internal", "internal error").with_request_id(id).into())
                }
            }
        };
        answer.instrument(span).boxed_local()
    }
}

/// Reads are the hot path and log nothing of their own, so their span is for debugging alone; a problem names the
/// request id in any case.
fn span(request: &ServiceRequest, id: &HeaderValue) -> Span {
    let (id, method, path) = (id.to_str().unwrap_or_default(), request.method().as_str(), request.path());
    if request.method() == Method::GET || request.method() == Method::HEAD {
        return tracing::debug_span!("request", request.id = id, http.method = method, http.path = path);
    }
    tracing::info_span!("request", request.id = id, http.method = method, http.path = path)
}

async fn serve<S>(service: Rc<S>, api: &Api, request: ServiceRequest) -> Result<ServiceResponse<BoxBody>, Error>
where
    S: Service<ServiceRequest, Response = ServiceResponse<BoxBody>, Error = Error> + 'static,
{
    if request.path().starts_with(PROTECTED) {
        match api.authenticator().authenticate(request.headers()).await {
            Ok(principal) => {
                request.extensions_mut().insert(principal);
            }
            Err(fault) => return Ok(request.error_response(Problem::from(fault))),
        }
    }
    service.call(request).await
}

fn named(error: Error, id: HeaderValue) -> Error {
    match error.as_error::<Problem>() {
        Some(_) => error,
        None => {
            let status = error.as_response_error().status_code();
            Problem::of_status(status, &error.to_string()).with_request_id(id).into()
        }
    }
}

fn finish(
    mut response: ServiceResponse<BoxBody>,
    id: HeaderValue,
    method: &Method,
    started: Instant,
) -> ServiceResponse<BoxBody> {
    let code = response.status();
    if code.is_client_error() || code.is_server_error() {
        response = as_problem(response, &id);
    }
    measure::record(response.request(), method, response.status(), started.elapsed());
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(HeaderName::from_static(request_id::REQUEST_ID), id);
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// Renders the problem with the request id; what is no problem yet (an error of the framework) becomes one.
fn as_problem(response: ServiceResponse<BoxBody>, id: &HeaderValue) -> ServiceResponse<BoxBody> {
    let code = response.status();
    let rendered: HttpResponse = match response.response().error().and_then(|error| error.as_error::<Problem>()) {
        Some(problem) => {
            problem.log(id);
            problem.render(id)
        }
        None if is_problem(&response) => return response,
        None => {
            let text = response.response().error().map(ToString::to_string).unwrap_or_default();
            Problem::of_status(code, &text).render(id)
        }
    };
    response.into_response(rendered)
}

fn is_problem(response: &ServiceResponse<BoxBody>) -> bool {
    response.headers().get(CONTENT_TYPE).is_some_and(|value| value == PROBLEM_JSON)
}
