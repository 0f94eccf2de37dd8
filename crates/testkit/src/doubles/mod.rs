//! Doubles at the ports of the domain: a mount service and an executor that do what a test says.
//!
//! The stores' doubles and the clock are in `millrace_repository::testing::faulty`.

mod executor;
mod mounts;

pub use executor::Scripted;
pub use mounts::FaultyMounts;
