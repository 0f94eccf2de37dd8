//! Configuration and the private Postgres: what the composition of the binary builds on.

pub mod config;
pub mod embedded_postgres;
