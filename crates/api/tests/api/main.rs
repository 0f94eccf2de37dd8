//! The API in process: real routes, real queue, memory stores.

#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod aborted;
mod app;
mod auth_routes;
mod contract;
mod executor;
mod head;
mod idempotency;
mod jwt;
mod jwt_keys;
mod openapi;
mod problems;
mod providers;
mod reply;
mod rules;
mod stranger;
mod stranger_requests;
mod tables;
mod task_routes;
mod tester;
mod upload_faults;
mod uploads;
mod usage;
