//! The whole application over HTTP, each test on memory and on Postgres.

#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod bad_input;
mod contract;
mod durability;
mod lifecycle;
mod main_path;
mod mounts;
mod reuse;
mod stranger;
#[path = "../../../api/tests/api/stranger_requests.rs"]
mod stranger_requests;
mod support;
mod trials;
mod writes;
