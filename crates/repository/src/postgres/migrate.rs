//! Schema migrations, embedded in the binary.

use diesel_async::{AsyncConnection, AsyncMigrationHarness, AsyncPgConnection, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::store::PgStore;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");
/// Key of the advisory lock under which migrations run; any fixed number.
const LOCK: i64 = 0x4d69_6c6c_7261_6365;

/// Why the schema could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// No connection.
    #[error("the database cannot be reached")]
    Connect(#[source] diesel::ConnectionError),
    /// A migration or the lock failed.
    #[error("a migration failed: {0}")]
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

impl PgStore {
    /// Applies pending migrations; several nodes may start at once. Returns the versions applied now.
    ///
    /// Needs a multi-threaded runtime.
    ///
    /// # Errors
    /// [`MigrateError`].
    pub async fn migrate(&self) -> Result<Vec<String>, MigrateError> {
        let mut connection = AsyncPgConnection::establish(&self.url).await.map_err(MigrateError::Connect)?;
        connection
            .batch_execute(&format!("select pg_advisory_lock({LOCK})"))
            .await
            .map_err(|error| MigrateError::Failed(Box::new(error)))?;
        let applied = tokio::task::spawn_blocking(move || {
            // The lock goes with the connection.
            let mut harness = AsyncMigrationHarness::new(connection);
            harness
                .run_pending_migrations(MIGRATIONS)
                .map(|versions| versions.into_iter().map(|version| version.to_string()).collect())
                .map_err(MigrateError::Failed)
        })
        .await;
        applied.unwrap_or_else(|panicked| Err(MigrateError::Failed(Box::new(panicked))))
    }

    /// Versions of the migrations that [`migrate`](Self::migrate) would apply.
    ///
    /// Needs a multi-threaded runtime.
    ///
    /// # Errors
    /// [`MigrateError`].
    pub async fn pending_migrations(&self) -> Result<Vec<String>, MigrateError> {
        let connection = AsyncPgConnection::establish(&self.url).await.map_err(MigrateError::Connect)?;
        let pending = tokio::task::spawn_blocking(move || {
            let mut harness = AsyncMigrationHarness::new(connection);
            let pending = harness.pending_migrations(MIGRATIONS).map_err(MigrateError::Failed)?;
            Ok(pending.into_iter().map(|migration| migration.name().version().to_string()).collect())
        })
        .await;
        pending.unwrap_or_else(|panicked| Err(MigrateError::Failed(Box::new(panicked))))
    }
}
