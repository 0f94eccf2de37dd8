//! The role and the database that Millrace uses; made at the first start, checked at each.

use std::path::Path;

use super::cluster::SUPERUSER;
use super::error::PostgresError;
use super::postmaster::connect;
use super::{DATABASE, ROLE};

/// Makes what is missing. Each step may have been done by a start that died after it.
pub(super) async fn prepare(socket_dir: &Path) -> Result<(), PostgresError> {
    prepare_with(socket_dir).await.map_err(PostgresError::Bootstrap)
}

async fn prepare_with(socket_dir: &Path) -> Result<(), tokio_postgres::Error> {
    let client = connect(socket_dir, SUPERUSER, "postgres").await?;
    if client.query_opt("SELECT 1 FROM pg_roles WHERE rolname = $1", &[&ROLE]).await?.is_none() {
        // CREATEDB for tests, which copy a template; pg_monitor for `doctor` and the metrics.
        client.batch_execute(&format!("CREATE ROLE {ROLE} LOGIN CREATEDB IN ROLE pg_monitor")).await?;
    }
    if client.query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&DATABASE]).await?.is_none() {
        client.batch_execute(&format!("CREATE DATABASE {DATABASE} OWNER {ROLE}")).await?;
    }
    Ok(())
}
