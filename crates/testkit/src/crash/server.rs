//! The server as a process that can be killed.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::work::INLINE_ROWS;

/// Recovery of Postgres included.
const START: Duration = Duration::from_secs(120);
const STOP: Duration = Duration::from_secs(90);
/// Deaths that a task survives: more than there are rounds, since here the server dies by our hand and never by a file's.
const POISON_AFTER: &str = "1000000";

/// A server that serves.
pub(super) struct Server {
    child: Child,
    /// Kept so that the server never writes to a closed pipe.
    _output: Lines<BufReader<ChildStdout>>,
    base: String,
}

fn log_path(folder: &Path) -> PathBuf {
    folder.join("server.log")
}

fn spawn(binary: &Path, folder: &Path) -> Result<Child> {
    let log = File::options().create(true).append(true).open(log_path(folder))?;
    let mut command = Command::new(binary);
    // Nobody's own configuration must leak in.
    for (name, _) in std::env::vars_os() {
        let ours = name.to_str().is_some_and(|name| name.starts_with("MILLRACE_") && name != "MILLRACE_PG_BIN");
        if ours || name == "DATABASE_URL" {
            command.env_remove(name);
        }
    }
    command
        .arg("serve")
        .current_dir(folder)
        .env("MILLRACE_DATA_DIR", folder.join("data"))
        .env("MILLRACE_SERVER__BIND", "127.0.0.1:0")
        .env("MILLRACE_QUEUE__POISON_AFTER", POISON_AFTER)
        .env("MILLRACE_PARSERS__MAX_INLINE_ROWS", INLINE_ROWS.to_string())
        .env("MILLRACE_LOG__FILTER", "warn")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .kill_on_drop(true);
    command.spawn().with_context(|| format!("{} cannot be started", binary.display()))
}

impl Server {
    /// Starts it and waits until it serves.
    pub(super) async fn start(binary: &Path, folder: &Path) -> Result<Self> {
        let mut child = spawn(binary, folder)?;
        let output = child.stdout.take().context("the server has no output")?;
        let mut output = BufReader::new(output).lines();
        let listening = async {
            while let Some(line) = output.next_line().await? {
                if let Some(rest) = line.strip_prefix("listening on ") {
                    return Ok(rest.split_whitespace().next().unwrap_or_default().to_owned());
                }
            }
            bail!("it ended by itself; its log: {}", last_lines(&log_path(folder)))
        };
        let base = tokio::time::timeout(START, listening).await.context("it does not listen")??;
        ensure!(base.starts_with("http://"), "it listens on {base:?}");
        Ok(Self { child, _output: output, base })
    }

    /// Starts it and kills it in the middle of its start.
    pub(super) async fn start_and_kill(binary: &Path, folder: &Path, after: Duration) -> Result<()> {
        let mut child = spawn(binary, folder)?;
        tokio::time::sleep(after).await;
        child.kill().await.context("a starting server cannot be killed")
    }

    /// Its address.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// `kill -9`.
    pub(super) async fn kill(mut self) -> Result<()> {
        self.child.kill().await.context("the server cannot be killed")
    }

    /// Asks it to stop, and waits until it did so in order.
    pub(super) async fn stop(mut self) -> Result<()> {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok()).context("the server is gone")?;
        kill(Pid::from_raw(pid), Signal::SIGTERM)?;
        let status = tokio::time::timeout(STOP, self.child.wait()).await.context("the server does not stop")??;
        ensure!(status.success(), "the server did not stop in order: {status}");
        Ok(())
    }
}

fn last_lines(path: &Path) -> String {
    let log = std::fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}
