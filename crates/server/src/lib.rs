//! The millrace binary: configuration, composition root, private Postgres, HTTP listener, command line.
//!
//! The only crate that knows all others. [`compose`] puts the application together; [`cli`] is what people type.

pub mod cli;
pub mod compose;
pub mod config;
pub mod embedded_postgres;
pub mod housekeeping;
pub mod http;
pub mod telemetry;
