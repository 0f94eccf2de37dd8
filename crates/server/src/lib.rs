//! Configuration, the private Postgres, and (later) the composition of every layer into one process.

pub mod embedded_postgres;
