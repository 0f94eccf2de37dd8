//! The integration harness: the real application on memory or on Postgres, with parts swapped where a test needs it.
//!
//! For tests, the crash loop and the benchmarks only; nothing that ships depends on it.

pub mod app;
pub mod client;
pub mod contract;
pub mod crash;
pub mod database;
pub mod doubles;
pub mod fakes;
pub mod files;
pub mod programs;
pub mod world;

pub use app::{TestApp, TestAppBuilder};
pub use client::{Client, Form, Reply};
pub use world::World;
