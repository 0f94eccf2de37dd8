//! The real server: the `millrace` program beside this one, with a data folder of its own.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use millrace_server::embedded_postgres::{DataDir, running_database_url};
use millrace_testkit::programs;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use crate::connection::Connection;

/// How long an orderly stop may take.
const STOP_TIMEOUT: Duration = Duration::from_secs(90);

/// A running server. Stopped in order when dropped; better end it with [`stop`](Self::stop), which tells of failures.
pub struct Server {
    child: Child,
    // Kept open: a server whose reader has left ends.
    _output: BufReader<ChildStdout>,
    /// Where it listens.
    pub address: SocketAddr,
    folder: PathBuf,
    stopped: bool,
}

impl Server {
    /// Starts `millrace serve` with its defaults, but for these variables, in a folder.
    ///
    /// # Errors
    /// When the program was not built, or does not start; its log is in the text.
    pub fn start(folder: &Path, settings: &[(&str, &str)]) -> Result<Self> {
        let log = folder.join("server.log");
        let mut command = Command::new(programs::find("millrace")?);
        // Whatever this shell is set up for, the defaults are measured.
        let inherited = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        for name in inherited.filter(|name| name.starts_with("MILLRACE_") && name != "MILLRACE_PG_BIN") {
            command.env_remove(name);
        }
        command
            .arg("serve")
            .current_dir(folder)
            .env_remove("DATABASE_URL")
            .env("MILLRACE_DATA_DIR", folder.join("data"))
            .env("MILLRACE_SERVER__BIND", "127.0.0.1:0")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?);
        let mut child = command.spawn().context("millrace cannot be started")?;
        let output = child.stdout.take().context("no standard output")?;
        let mut output = BufReader::new(output);
        let mut banner = String::new();
        output.read_line(&mut banner)?;
        let address = banner.split_once("http://").and_then(|(_, rest)| rest.split_whitespace().next()?.parse().ok());
        let Some(address) = address else {
            let _ = child.kill();
            let _ = child.wait();
            bail!("millrace did not start: {}", fs::read_to_string(&log)?.trim());
        };
        Ok(Self { child, _output: output, address, folder: folder.to_path_buf(), stopped: false })
    }

    /// Its process number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Connection URL of the superuser of its private Postgres.
    ///
    /// # Errors
    /// When that does not run.
    pub fn superuser_url(&self) -> Result<String> {
        let data = DataDir::open(&self.data())?;
        let url = running_database_url(&data).context("the server's Postgres does not run")?;
        let (address, _) = url.rsplit_once("user=").context("an address without user")?;
        Ok(format!("{address}user=postgres"))
    }

    /// A connection with a new project and a table in it.
    ///
    /// # Errors
    /// When the server does not take them.
    pub async fn workplace(&self) -> Result<Workplace> {
        let mut connection = Connection::open(self.address).await?;
        let project = connection.create("/api/v1/projects", &json!({"name": "bench"})).await?;
        let project = project["project_id"].as_u64().context("a project without id")?;
        let table = connection.create("/api/v1/tables", &json!({"project_id": project, "name": "bench"})).await?;
        let table = table["table_id"].as_u64().context("a table without id")?;
        Ok(Workplace { connection, address: self.address, project, table })
    }

    /// Stops it in order, its Postgres with it.
    ///
    /// # Errors
    /// When it does not stop in time, or not in order.
    pub fn stop(mut self) -> Result<()> {
        self.end()
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn end(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.stopped, true) {
            return Ok(());
        }
        kill(Pid::from_raw(self.child.id().try_into()?), Signal::SIGTERM)?;
        let deadline = Instant::now() + STOP_TIMEOUT;
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            ensure!(Instant::now() < deadline, "the server does not stop");
            std::thread::sleep(Duration::from_millis(20));
        };
        ensure!(status.success(), "the server ended with {status}: {}", self.log());
        self.remove_cluster()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("server.log")).unwrap_or_default()
    }

    /// Under root the cluster may lie outside the data folder; then it goes with its home.
    fn remove_cluster(&self) -> Result<()> {
        let Ok(cluster) = fs::read_link(self.data().join("postgres")) else { return Ok(()) };
        match cluster.parent() {
            Some(home) => fs::remove_dir_all(home).context("the cluster was not removed"),
            None => Ok(()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            eprintln!("the server was not stopped in order: {error:#}");
        }
    }
}

/// A project with one table, and a connection to look after them.
pub struct Workplace {
    /// For requests that are not measured.
    pub connection: Connection,
    /// Where the server listens.
    pub address: SocketAddr,
    /// The project.
    pub project: u64,
    /// The table.
    pub table: u64,
}
