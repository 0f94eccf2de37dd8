//! A fresh database for each test, copied from a template that is migrated once.
//!
//! `scripts/test.sh` starts one throwaway server for all test processes and names it in `MILLRACE_TEST_POSTGRES_URL`;
//! without that, each process starts one of its own. Both run without fsync: they survive any process, not a power cut.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use millrace_repository::Stores;
use millrace_repository::postgres::{PgOptions, PgStore};
use millrace_server::embedded_postgres::{DataDir, Durability, EmbeddedPostgres, PostgresOptions};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;
use tokio_postgres::NoTls;

/// Names the server of a test run; a role that may create databases, and the database `postgres` or any other.
pub const SERVER_VARIABLE: &str = "MILLRACE_TEST_POSTGRES_URL";
/// Where the migrations are.
const MIGRATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");
/// Key of the advisory lock under which the template is made; any fixed number.
const LOCK: i64 = 0x7465_7374;

static SERVER: OnceCell<Server> = OnceCell::const_new();
static SERIAL: AtomicU32 = AtomicU32::new(0);

/// The server of this process's tests.
struct Server {
    url: String,
    /// The migrated database that the others are copied from.
    template: String,
    /// Stopped when the process ends: its supervisor goes with the process's runtime, Postgres with its own parent.
    _own: Option<(EmbeddedPostgres, tempfile::TempDir)>,
}

impl Server {
    async fn find() -> Result<Self> {
        let template = template_name()?;
        let server = match std::env::var(SERVER_VARIABLE) {
            Ok(url) => Self { url, template, _own: None },
            Err(_) => {
                let folder = tempfile::tempdir()?;
                let options = PostgresOptions { durability: Durability::Disposable, ..PostgresOptions::default() };
                let postgres = EmbeddedPostgres::start(&DataDir::open(&folder.path().join("data"))?, &options).await?;
                Self { url: postgres.database_url(), template, _own: Some((postgres, folder)) }
            }
        };
        make_template(&server.url, &server.template).await.context("the template database could not be made")?;
        Ok(server)
    }
}

/// The address of another database on the same server.
fn on_database(url: &str, database: &str) -> String {
    let (address, query) = url.split_once('?').map_or((url, None), |(address, query)| (address, Some(query)));
    let server = address.rsplit_once('/').map_or(address, |(server, _)| server);
    match query {
        Some(query) => format!("{server}/{database}?{query}"),
        None => format!("{server}/{database}"),
    }
}

/// A name that changes with the migrations, so that a server which outlives a change is not taken for fresh.
fn template_name() -> Result<String> {
    let mut scripts: Vec<_> = std::fs::read_dir(MIGRATIONS)?.collect::<std::io::Result<_>>()?;
    scripts.sort_by_key(std::fs::DirEntry::file_name);
    let mut digest = Sha256::new();
    for folder in scripts {
        digest.update(std::fs::read(folder.path().join("up.sql")).unwrap_or_default());
    }
    let digest: String = digest.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("millrace_template_{digest}"))
}

async fn connect(url: &str) -> Result<tokio_postgres::Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn make_template(url: &str, template: &str) -> Result<()> {
    let admin = connect(url).await?;
    admin.execute("select pg_advisory_lock($1)", &[&LOCK]).await?;
    let exists = admin.query_opt("select 1 from pg_database where datname = $1", &[&template]).await?;
    if exists.is_none() {
        let raw = format!("{template}_raw");
        admin.batch_execute(&format!("drop database if exists {raw}")).await?;
        admin.batch_execute(&format!("create database {raw}")).await?;
        let store = store(&on_database(url, &raw), 2)?;
        store.migrate().await?;
        drop(store);
        // The name appears only when the template is whole.
        admin.batch_execute(&format!("alter database {raw} rename to {template}")).await?;
    }
    Ok(())
}

fn store(url: &str, connections: usize) -> Result<PgStore> {
    let options =
        PgOptions { url: url.to_owned(), max_connections: connections, acquire_timeout: Duration::from_secs(20) };
    Ok(PgStore::connect(&options)?)
}

/// A migrated, otherwise empty database, removed when dropped.
#[derive(Debug)]
pub struct TestDatabase {
    /// Its address.
    pub url: String,
    name: String,
    server: String,
}

impl TestDatabase {
    /// Makes one.
    ///
    /// # Errors
    /// When there is no Postgres on this machine, or it does not start.
    pub async fn fresh() -> Result<Self> {
        let server = SERVER.get_or_try_init(Server::find).await?;
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let name = format!("millrace_test_{}_{serial}", std::process::id());
        let admin = connect(&server.url).await?;
        // Copying needs the template for itself; those who come at the same time take turns.
        admin.execute("select pg_advisory_lock($1)", &[&LOCK]).await?;
        admin.batch_execute(&format!("drop database if exists {name} with (force)")).await?;
        admin.batch_execute(&format!("create database {name} template {} strategy file_copy", server.template)).await?;
        Ok(Self { url: on_database(&server.url, &name), name, server: server.url.clone() })
    }

    /// The stores on it, straight.
    ///
    /// # Errors
    /// When the pool cannot be made.
    pub fn stores(&self) -> Result<Stores> {
        Ok(store(&self.url, 10)?.stores())
    }

    /// A connection of its own, to look behind the stores.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn client(&self) -> Result<tokio_postgres::Client> {
        connect(&self.url).await
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (name, server) = (std::mem::take(&mut self.name), std::mem::take(&mut self.server));
        // A thread of its own, since a test's runtime may be ending.
        let removing = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let admin = connect(&server).await?;
                admin.batch_execute(&format!("drop database if exists {name} with (force)")).await?;
                anyhow::Ok(())
            })
        });
        // What is not removed here goes with the throwaway server.
        let _ = removing.join();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_keep_their_server() {
        assert_eq!(on_database("postgres://u@h:1/a", "b"), "postgres://u@h:1/b");
        assert_eq!(on_database("postgres://u@/a?host=/s", "b"), "postgres://u@/b?host=/s");
    }
}
