//! One run of the server process: spawn, wait until it serves, stop.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::process::Child;
use tokio::time::Instant;

use super::cluster::SUPERUSER;
use super::error::{PostgresError, io_error};
use super::installation::Installation;
use super::layout::Layout;
use super::leftovers::signal;
use super::log_file;

/// How often a starting server is asked whether it serves.
const READY_POLL: Duration = Duration::from_millis(15);

/// How long a starting server may take to answer; while it replays its log it says no at once.
const READY_ANSWER: Duration = Duration::from_secs(5);

/// How long the server gets to end after SIGQUIT, before SIGKILL.
const QUIT_GRACE: Duration = Duration::from_secs(10);

/// A server process of ours.
#[derive(Debug)]
pub(super) struct Postmaster {
    child: Child,
    pid: u32,
}

impl Postmaster {
    /// Starts the server and waits until it accepts connections.
    pub(super) async fn start(
        layout: &Layout,
        installation: &Installation,
        socket_dir: &Path,
        timeout: Duration,
    ) -> Result<Self, PostgresError> {
        log_file::rotate(&layout.log).map_err(io_error("rotate", &layout.log))?;
        let before = log_file::len(&layout.log);
        let log = log_file::open(&layout.log).map_err(io_error("open", &layout.log))?;
        let again = log.try_clone().map_err(io_error("open", &layout.log))?;
        let mut command = layout.account.command(installation.bin_dir.join("postgres"));
        command.arg("-D").arg(&layout.cluster).stdout(Stdio::from(log)).stderr(Stdio::from(again));
        // A process group of its own: Ctrl-C in the terminal is for us alone, and Postgres stops last.
        command.process_group(0);
        let child = command.spawn().map_err(io_error("start Postgres on", &layout.cluster))?;
        let pid = child.id().unwrap_or_default();
        let mut postmaster = Self { child, pid };
        match postmaster.wait_until_ready(layout, socket_dir, before, timeout).await {
            Ok(()) => Ok(postmaster),
            Err(error) => {
                postmaster.stop(Duration::ZERO).await;
                Err(error)
            }
        }
    }

    async fn wait_until_ready(
        &mut self,
        layout: &Layout,
        socket_dir: &Path,
        log_from: u64,
        timeout: Duration,
    ) -> Result<(), PostgresError> {
        let deadline = Instant::now() + timeout;
        loop {
            let asked = tokio::time::timeout(READY_ANSWER, connect(socket_dir, SUPERUSER, "postgres"));
            if asked.await.is_ok_and(|answer| answer.is_ok()) {
                return Ok(());
            }
            let log = layout.log.clone();
            let pause = tokio::time::timeout(READY_POLL, self.child.wait()).await;
            if let Ok(ended) = pause {
                let status = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
                return Err(PostgresError::Exited { status, tail: log_file::tail(&log, log_from), log });
            }
            if Instant::now() >= deadline {
                let tail = log_file::tail(&log, log_from);
                return Err(PostgresError::StartTimeout { seconds: timeout.as_secs(), tail, log });
            }
        }
    }

    /// Process number.
    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits until the server ends by itself.
    pub(super) async fn ended(&mut self) -> std::io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Stops the server: connections are ended and a checkpoint is written, or after `timeout` all is dropped at once.
    pub(super) async fn stop(&mut self, timeout: Duration) {
        for (what, grace) in [(Signal::SIGINT, timeout), (Signal::SIGQUIT, QUIT_GRACE)] {
            if grace.is_zero() {
                continue;
            }
            // While the child is not waited for, its number cannot be given to another process.
            if self.child.id().is_none() {
                return;
            }
            signal(self.pid, what);
            if tokio::time::timeout(grace, self.child.wait()).await.is_ok() {
                return;
            }
            tracing::warn!(postgres.pid = self.pid, seconds = grace.as_secs(), "Postgres does not stop in time");
        }
        if let Err(error) = self.child.kill().await {
            tracing::error!(postgres.pid = self.pid, %error, "cannot kill Postgres");
        }
    }
}

/// Connects through the socket; the connection lives as long as the client.
pub(super) async fn connect(
    socket_dir: &Path,
    role: &str,
    database: &str,
) -> Result<tokio_postgres::Client, tokio_postgres::Error> {
    let mut config = tokio_postgres::Config::new();
    config.host_path(socket_dir).user(role).dbname(database).application_name("millrace-supervisor");
    let (client, connection) = config.connect(tokio_postgres::NoTls).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "the supervisor's connection to Postgres ended");
        }
    });
    Ok(client)
}
