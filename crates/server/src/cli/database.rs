//! The database, opened by a command itself.

use std::time::Duration;

use anyhow::{Context, bail};
use millrace_repository::postgres::{PgOptions, PgStore};

use crate::compose;
use crate::config::{Config, StoreKind};
use crate::embedded_postgres::{EmbeddedPostgres, PostgresError, running_database_url};

/// A command asks one thing after another.
const CONNECTIONS: usize = 2;

/// An open database. Call [`close`](Self::close) in the end.
pub(super) struct Database {
    /// The store.
    pub(super) store: PgStore,
    /// The server, if we started it.
    pub(super) postgres: Option<EmbeddedPostgres>,
}

impl Database {
    /// Opens the configured database. The private one is started for it, or shared with the millrace that runs it.
    ///
    /// # Errors
    /// [`PostgresError::Locked`] inside when another millrace has the data folder but its Postgres does not serve (yet).
    pub(super) async fn open(config: &Config) -> anyhow::Result<Self> {
        if config.store == StoreKind::Memory {
            bail!("store=memory keeps nothing, so there is no database");
        }
        if let Some(url) = &config.database.url {
            return Self::connect(config, url.expose().to_owned(), None);
        }
        let folder = compose::data_dir(config)?;
        match EmbeddedPostgres::start(&folder, &config.database.embedded.postgres_options()).await {
            Ok(postgres) => Self::connect(config, postgres.database_url(), Some(postgres)),
            Err(held @ PostgresError::Locked { .. }) => match running_database_url(&folder) {
                Some(url) => Self::connect(config, url, None),
                None => Err(held.into()),
            },
            Err(error) => Err(error.into()),
        }
    }

    fn connect(config: &Config, url: String, postgres: Option<EmbeddedPostgres>) -> anyhow::Result<Self> {
        let acquire_timeout = Duration::from_secs(config.database.connect_timeout_seconds);
        let store = PgStore::connect(&PgOptions { url, max_connections: CONNECTIONS, acquire_timeout })?;
        Ok(Self { store, postgres })
    }

    /// Stops the private Postgres if we started it.
    ///
    /// # Errors
    /// When it does not stop.
    pub(super) async fn close(self) -> anyhow::Result<()> {
        let Self { store, postgres } = self;
        drop(store);
        match postgres {
            Some(postgres) => postgres.stop().await.context("the private Postgres did not stop"),
            None => Ok(()),
        }
    }
}
