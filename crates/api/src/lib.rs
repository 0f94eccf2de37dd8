//! The HTTP API: routes, wire types, problem+json, OpenAPI.
//!
//! Extracts, calls one thing, converts. Knows the storage traits, the queue and the ports of the domain; knows no SQL,
//! no parser and no executor. A handler that is registered with `.service(..)` is documented by that.

mod app;
mod auth;
mod http;
mod idempotency;
mod in_flight;
mod intake;
mod known_capabilities;
mod lookup;
mod openapi;
mod problem;
mod routes;
mod state;
mod wire;

pub use app::app;
pub use auth::{AuthConfig, Authenticator, HttpJwksSource, IssuerConfig, IssuerKeys, JwksSource, Principal, api_key};
pub use http::measure::REQUEST_DURATION;
pub use openapi::{openapi, openapi_yaml};
pub use problem::{CATALOGUE, CatalogueEntry, PROBLEM_JSON, Problem, ProblemKind, errors_markdown, status};
pub use state::{Api, ApiLimits, ApiState, MediaTypeSniffer, MetricsRenderer};
