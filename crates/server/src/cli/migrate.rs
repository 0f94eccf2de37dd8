//! `migrate`: the database schema.

use std::process::ExitCode;

use anyhow::Context;

use super::database::Database;
use super::terminal;
use crate::config::Config;

/// Applies what is pending and says what that was.
///
/// # Errors
/// When the database cannot be opened or a migration fails.
pub(super) async fn run(config: Config) -> anyhow::Result<ExitCode> {
    let database = Database::open(&config).await?;
    let applied = database.store.migrate().await.context("the database schema cannot be brought up to date");
    database.close().await?;
    match applied?.as_slice() {
        [] => terminal::print("the database schema is up to date")?,
        versions => terminal::print(&format!("applied {} migrations: {}", versions.len(), versions.join(", ")))?,
    }
    Ok(ExitCode::SUCCESS)
}
