//! Watches over the server on a thread of its own: starts it, restarts it when it dies, stops it when told.
//!
//! A thread with its own small runtime, so that Postgres outlives whichever runtime asked for it and stops after it.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::error::{PostgresError, io_error};
use super::installation::Installation;
use super::layout::Layout;
use super::options::PostgresOptions;
use super::postmaster::Postmaster;
use super::{bootstrap, cluster, leftovers, log_file};

/// How often the log's size is looked at.
const LOG_CHECK: Duration = Duration::from_secs(60);

/// First and longest pause before a server that died is started again.
const RESTART_PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// What the thread knows.
pub(super) struct Supervisor {
    /// Paths and user.
    pub(super) layout: Layout,
    /// The programs.
    pub(super) installation: Installation,
    /// Where the socket is.
    pub(super) socket_dir: PathBuf,
    /// Settings.
    pub(super) options: PostgresOptions,
    /// The server's process number, 0 while there is none.
    pub(super) pid: watch::Sender<u32>,
    /// Told to end.
    pub(super) ending: CancellationToken,
}

/// What the thread tells about the first start.
pub(super) type Started = oneshot::Sender<Result<(), PostgresError>>;

impl Supervisor {
    /// Starts the thread.
    pub(super) fn spawn(self, started: Started) -> Result<std::thread::JoinHandle<()>, PostgresError> {
        let cluster = self.layout.cluster.clone();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(io_error("make a runtime to watch over", &cluster))?;
        std::thread::Builder::new()
            .name("millrace-postgres".to_owned())
            .spawn(move || runtime.block_on(self.run(started)))
            .map_err(io_error("make a thread to watch over", &cluster))
    }

    async fn run(self, started: Started) {
        let mut current = match self.start_unless_ending().await {
            Some(Ok(postmaster)) => Some(postmaster),
            Some(Err(error)) => {
                // Nobody left to hear it is fine: the caller gave up.
                let _ = started.send(Err(error));
                return;
            }
            None => return,
        };
        if started.send(Ok(())).is_err() {
            self.ending.cancel();
        }
        while let Some(postmaster) = current.take() {
            if self.watch(postmaster).await {
                break;
            }
            current = self.restart().await;
        }
        self.pid.send_replace(0);
    }

    /// One start, given up when told to end; the half-started server is then stopped.
    async fn start_unless_ending(&self) -> Option<Result<Postmaster, PostgresError>> {
        tokio::select! {
            outcome = self.start() => return Some(outcome),
            () = self.ending.cancelled() => {}
        }
        if let Err(error) = leftovers::settle(&self.layout, self.options.stop_timeout).await {
            tracing::error!(%error, "a Postgres that was just starting does not stop");
        }
        None
    }

    /// One start, from whatever state the last run left.
    async fn start(&self) -> Result<Postmaster, PostgresError> {
        let Self { layout, installation, socket_dir, options, .. } = self;
        leftovers::settle(layout, options.stop_timeout).await?;
        layout.remove_stale_socket(socket_dir)?;
        cluster::configure(layout, socket_dir, options)?;
        let mut postmaster = Postmaster::start(layout, installation, socket_dir, options.start_timeout).await?;
        if let Err(error) = bootstrap::prepare(socket_dir).await {
            postmaster.stop(options.stop_timeout).await;
            return Err(error);
        }
        self.pid.send_replace(postmaster.pid());
        Ok(postmaster)
    }

    /// Waits for the end of the server. True: because we were told to end.
    async fn watch(&self, mut postmaster: Postmaster) -> bool {
        let mut log_check = tokio::time::interval(LOG_CHECK);
        loop {
            tokio::select! {
                () = self.ending.cancelled() => {
                    postmaster.stop(self.options.stop_timeout).await;
                    return true;
                }
                ended = postmaster.ended() => {
                    let status = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
                    tracing::error!(postgres.pid = postmaster.pid(), status, "Postgres died; starting it again");
                    return false;
                }
                _ = log_check.tick() => {
                    if let Err(error) = log_file::rotate(&self.layout.log) {
                        tracing::warn!(%error, "cannot rotate the log of Postgres");
                    }
                }
            }
        }
    }

    /// Starts again until it works. `None`: we were told to end.
    async fn restart(&self) -> Option<Postmaster> {
        self.pid.send_replace(0);
        let (mut pause, longest) = RESTART_PAUSE;
        loop {
            tokio::select! {
                () = self.ending.cancelled() => return None,
                () = tokio::time::sleep(pause) => {}
            }
            match self.start_unless_ending().await? {
                Ok(postmaster) => {
                    tracing::info!(postgres.pid = postmaster.pid(), "Postgres runs again");
                    return Some(postmaster);
                }
                Err(error) => tracing::error!(%error, "Postgres does not start again"),
            }
            pause = (pause * 2).min(longest);
        }
    }
}
