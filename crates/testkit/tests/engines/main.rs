//! The engines over remote services, over HTTP, against fakes that keep the protocols of the real ones.

#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod callbacks;
mod docling;
mod mineru;
mod mineru_cloud;
mod stopped;
mod support;
mod whole;
