//! A private Postgres under the data folder, started and stopped by this process from the programs found on the machine.
//!
//! It listens on a unix socket only and admits only the users that run it. Postgres refuses to run as root, so under root an
//! unprivileged user runs it. Whatever way the last run ended, the next start finds a way back: see `leftovers`.

mod account;
mod bootstrap;
mod cluster;
mod data_dir;
mod error;
mod installation;
mod layout;
mod leftovers;
mod log_file;
mod options;
mod postmaster;
mod running;
mod supervisor;

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;

pub use data_dir::{DataDir, DataDirLock};
pub use error::PostgresError;
pub use installation::MIN_MAJOR;
pub use options::{Durability, PostgresOptions};
pub use running::running_database_url;

use error::io_error;
use installation::Installation;
use layout::Layout;
use supervisor::Supervisor;

/// The role Millrace connects as: it may log in, make databases and read statistics; it is no superuser.
pub const ROLE: &str = "millrace";

/// The database, which belongs to [`ROLE`].
pub const DATABASE: &str = "millrace";

/// A running private Postgres, restarted when it dies. Dropping it stops the server and waits for that.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    socket_dir: PathBuf,
    cluster: PathBuf,
    entry: PathBuf,
    own_home: Option<PathBuf>,
    major: u32,
    pid: watch::Receiver<u32>,
    ending: CancellationToken,
    supervisor: Option<JoinHandle<()>>,
    // Last: given back only after the server has stopped.
    _lock: DataDirLock,
}

impl EmbeddedPostgres {
    /// Starts the server, making the cluster, the role and the database at the first time, and waits until it serves.
    ///
    /// What an earlier run left behind is cleared first: a server still running is stopped, a stale pid file dealt with.
    ///
    /// # Errors
    /// A [`PostgresError`] that says what to do: no installation, the folder in use by another process, a foreign owner, …
    pub async fn start(data: &DataDir, options: &PostgresOptions) -> Result<Self, PostgresError> {
        let lock = data.lock()?;
        let layout = Layout::of(data).await?;
        let existing = if layout.exists { Some(cluster::major_version(&layout.cluster)?) } else { None };
        let wanted = existing.map(|major| (layout.cluster.as_path(), major));
        let installation = Installation::find(options.bin_dir.as_deref(), &layout.account, wanted).await?;
        if !layout.exists {
            tracing::info!(postgres.path = %layout.cluster.display(), postgres.major = installation.major, "making a new Postgres cluster");
            cluster::create(&layout, &installation).await?;
        }
        let socket_dir = layout.socket_dir()?;
        let (pid_sender, pid) = watch::channel(0);
        let ending = CancellationToken::new();
        let (started, outcome) = oneshot::channel();
        let (cluster, entry, own_home) = (layout.cluster.clone(), layout.entry.clone(), layout.own_home());
        let major = installation.major;
        let supervisor = Supervisor {
            layout,
            installation,
            socket_dir: socket_dir.clone(),
            options: options.clone(),
            pid: pid_sender,
            ending: ending.clone(),
        };
        let supervisor = Some(supervisor.spawn(started)?);
        let server = Self { socket_dir, cluster, entry, own_home, major, pid, ending, supervisor, _lock: lock };
        outcome.await.unwrap_or(Err(PostgresError::SupervisorGone))?;
        tracing::info!(
            postgres.path = %server.cluster.display(), postgres.major = server.major, postgres.pid = server.pid(),
            postgres.socket = %server.socket_dir.display(), "Postgres runs"
        );
        Ok(server)
    }

    /// Connection URL of the role and database `millrace`; for `psql` and every driver that knows unix sockets.
    pub fn database_url(&self) -> String {
        url(&self.socket_dir, ROLE, DATABASE)
    }

    /// Connection URL of another database on the same server, such as a test's own.
    pub fn url_of(&self, database: &str) -> String {
        url(&self.socket_dir, ROLE, database)
    }

    /// Connection URL of the superuser, for maintenance and measurements.
    pub fn superuser_url(&self) -> String {
        url(&self.socket_dir, cluster::SUPERUSER, "postgres")
    }

    /// Process number of the server, 0 while it is being restarted.
    pub fn pid(&self) -> u32 {
        *self.pid.borrow()
    }

    /// Tells of every change of [`pid`](Self::pid): to 0 when the server dies, to another number when it serves again.
    pub fn pid_changes(&self) -> watch::Receiver<u32> {
        self.pid.clone()
    }

    /// The folder with the cluster's files.
    pub fn cluster(&self) -> &Path {
        &self.cluster
    }

    /// Major version of the server.
    pub fn major_version(&self) -> u32 {
        self.major
    }

    /// Stops the server: sessions end, a checkpoint is written. Then gives the data folder back.
    ///
    /// # Errors
    /// [`PostgresError::SupervisorGone`] when the thread that does it panicked.
    pub async fn stop(mut self) -> Result<(), PostgresError> {
        self.ending.cancel();
        match self.supervisor.take() {
            Some(thread) => tokio::task::spawn_blocking(move || thread.join())
                .await
                .is_ok_and(|joined| joined.is_ok())
                .then_some(())
                .ok_or(PostgresError::SupervisorGone),
            None => Ok(()),
        }
    }

    /// Stops the server and removes its cluster with all data, wherever it lives. For the throwaway servers of tests.
    ///
    /// # Errors
    /// As [`stop`](Self::stop); [`PostgresError::Io`] when the files cannot be removed.
    pub async fn destroy(self) -> Result<(), PostgresError> {
        let (cluster, entry, socket_dir) = (self.cluster.clone(), self.entry.clone(), self.socket_dir.clone());
        let own_home = self.own_home.clone();
        self.stop().await?;
        fs::remove_dir_all(&cluster).map_err(io_error("remove", &cluster))?;
        fs::remove_dir_all(&socket_dir).map_err(io_error("remove", &socket_dir))?;
        if cluster != entry {
            fs::remove_file(&entry).map_err(io_error("remove", &entry))?;
        }
        if let Some(home) = own_home {
            fs::remove_dir_all(&home).map_err(io_error("remove", &home))?;
        }
        Ok(())
    }
}

impl Drop for EmbeddedPostgres {
    fn drop(&mut self) {
        self.ending.cancel();
        if let Some(thread) = self.supervisor.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that watches over Postgres panicked");
        }
    }
}

fn url(socket_dir: &Path, role: &str, database: &str) -> String {
    let host = percent_encoding::utf8_percent_encode(&socket_dir.to_string_lossy(), percent_encoding::NON_ALPHANUMERIC)
        .to_string();
    format!("postgres:///{database}?host={host}&user={role}")
}
