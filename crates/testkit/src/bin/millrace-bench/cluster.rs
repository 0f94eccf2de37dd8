//! A durable Postgres for measurements below HTTP, set up as the server sets up its own.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use millrace_repository::postgres::{PgOptions, PgStore};
use millrace_server::embedded_postgres::{DataDir, EmbeddedPostgres, PostgresOptions};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};

/// The connections of a server's pool, as its configuration has them by default.
const CONNECTIONS: usize = 16;

/// A runtime like the server's.
///
/// # Errors
/// When threads cannot be made.
pub fn runtime() -> Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the async runtime cannot start")
}

/// A runtime on the calling thread alone, for load generators: cheap, and its processor time can be told apart.
///
/// # Errors
/// When it cannot be made.
pub fn generator_runtime() -> Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("the async runtime cannot start")
}

/// A connection that ends with its client.
///
/// # Errors
/// When the server does not answer.
pub async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.context("Postgres does not answer")?;
    tokio::spawn(connection);
    Ok(client)
}

/// A running cluster with the product's schema.
pub struct Cluster(EmbeddedPostgres);

impl Cluster {
    /// Starts one in a folder.
    ///
    /// # Errors
    /// When there is no Postgres on this machine, or it does not start.
    pub async fn start(folder: &Path) -> Result<Self> {
        let data = DataDir::open(&folder.join("cluster"))?;
        Ok(Self(EmbeddedPostgres::start(&data, &PostgresOptions::default()).await?))
    }

    /// The address of its database.
    pub fn url(&self) -> String {
        self.0.database_url()
    }

    /// Major version of the server.
    pub fn major_version(&self) -> u32 {
        self.0.major_version()
    }

    /// A connection beside the stores'.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn client(&self) -> Result<Client> {
        connect(&self.url()).await
    }

    /// The store on it, migrated.
    ///
    /// # Errors
    /// When the migrations fail.
    pub async fn store(&self) -> Result<PgStore> {
        let store = PgStore::connect(&PgOptions {
            url: self.url(),
            max_connections: CONNECTIONS,
            acquire_timeout: Duration::from_secs(20),
        })?;
        store.migrate().await?;
        Ok(store)
    }

    /// Stops it and removes its files.
    ///
    /// # Errors
    /// When it does not stop.
    pub async fn stop(self) -> Result<()> {
        Ok(self.0.destroy().await?)
    }
}
