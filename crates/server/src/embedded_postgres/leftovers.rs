//! Processes of an earlier run: after `kill -9` of millrace its Postgres still runs, and after one of Postgres its children may.
//!
//! They are stopped, never adopted: a session of the dead process could otherwise still commit after recovery has looked.
//! They are known by what every user may read of a process (owner and command line), since in containers even root may not read more.

use std::fs;
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::time::Instant;

use super::error::PostgresError;
use super::layout::{Layout, remove_if_present};

/// How often we look whether a process is gone.
const POLL: Duration = Duration::from_millis(20);

/// How long children of a dead postmaster get to notice by themselves.
const CHILDREN_GRACE: Duration = Duration::from_secs(5);

/// A process of the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Postmaster,
    Child,
}

/// Makes sure that nothing runs on the cluster, so that a server can start on it.
pub(super) async fn settle(layout: &Layout, stop_timeout: Duration) -> Result<(), PostgresError> {
    let found = processes(layout);
    if let Some((pid, _)) = found.iter().find(|(_, kind)| *kind == Kind::Postmaster) {
        tracing::warn!(postgres.pid = pid, "stopping the Postgres that an earlier run left behind");
        signal(*pid, Signal::SIGINT);
        if !gone_within(layout, stop_timeout).await {
            signal_all(layout, Signal::SIGQUIT);
        }
    }
    // SIGQUIT ends a server process at once without a checkpoint, which the next start makes good from the log.
    if !gone_within(layout, CHILDREN_GRACE).await {
        signal_all(layout, Signal::SIGQUIT);
        gone_within(layout, CHILDREN_GRACE).await;
    }
    if let Some((pid, _)) = processes(layout).first() {
        return Err(PostgresError::StillRunning { pid: *pid, path: layout.cluster.clone() });
    }
    remove_misleading_pid_file(layout)
}

/// Removes a `postmaster.pid` that Postgres would stumble over: one that a power cut left empty, or whose number now belongs to
/// another program, which Postgres would take for a running server. A number that nobody has is left to Postgres, which also
/// checks the shared memory it names.
fn remove_misleading_pid_file(layout: &Layout) -> Result<(), PostgresError> {
    let path = layout.cluster.join("postmaster.pid");
    let Ok(text) = fs::read_to_string(&path) else { return Ok(()) };
    let pid = text.lines().next().and_then(|line| line.trim().parse().ok());
    let misleading = pid.is_none_or(|pid| kill(Pid::from_raw(pid), None) != Err(Errno::ESRCH));
    // Elsewhere than on Linux we could not see whether that program is a Postgres on this very cluster.
    if misleading && cfg!(target_os = "linux") {
        tracing::warn!(postgres.pid = pid, "removing a stale postmaster.pid");
        remove_if_present(&path)?;
    }
    Ok(())
}

async fn gone_within(layout: &Layout, limit: Duration) -> bool {
    let deadline = Instant::now() + limit;
    while !processes(layout).is_empty() {
        if Instant::now() >= deadline {
            return false;
        }
        tokio::time::sleep(POLL).await;
    }
    true
}

fn signal_all(layout: &Layout, what: Signal) {
    for (pid, _) in processes(layout) {
        signal(pid, what);
    }
}

/// Sends a signal; that the process is gone already is fine, and any other failure shows in the wait that follows.
pub(super) fn signal(pid: u32, what: Signal) {
    let Ok(raw) = i32::try_from(pid) else { return };
    if let Err(error) = kill(Pid::from_raw(raw), what)
        && error != Errno::ESRCH
    {
        tracing::warn!(postgres.pid = pid, %error, "cannot signal a Postgres process");
    }
}

/// Every live process of the cluster.
fn processes(layout: &Layout) -> Vec<(u32, Kind)> {
    use std::os::unix::fs::MetadataExt;
    let title = format!("postgres: {}: ", layout.cluster_name());
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
            // Whoever else dresses up like our Postgres does not get our signals.
            let owner = entry.metadata().ok()?.uid();
            let line = fs::read(entry.path().join("cmdline")).ok()?;
            let kind = kind_of(&line, &title, &layout.cluster)?;
            (owner == layout.account.uid).then_some((pid, kind))
        })
        .collect()
}

fn kind_of(command_line: &[u8], title: &str, cluster: &Path) -> Option<Kind> {
    if command_line.starts_with(title.as_bytes()) {
        return Some(Kind::Child);
    }
    let line = String::from_utf8_lossy(command_line);
    let mut words = line.split('\0');
    let program = Path::new(words.next()?).file_name()?;
    let on_cluster = words.any(|word| same_folder(word, cluster));
    (on_cluster && (program == "postgres" || program == "postmaster")).then_some(Kind::Postmaster)
}

/// Whether an argument names the cluster, by whichever path the server was started with.
fn same_folder(word: &str, cluster: &Path) -> bool {
    let path = Path::new(word.strip_prefix("-D").filter(|rest| !rest.is_empty()).unwrap_or(word));
    path == cluster || (path.is_absolute() && path.canonicalize().is_ok_and(|path| path == cluster))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_our_processes_from_others() {
        let dir = tempfile::tempdir().unwrap();
        let cluster = dir.path().join("postgres").as_path().to_path_buf();
        fs::create_dir(&cluster).unwrap();
        let cluster = cluster.canonicalize().unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&cluster, &link).unwrap();
        let title = "postgres: millrace-ab12: ";
        for (line, expected) in [
            (format!("/usr/lib/postgresql/15/bin/postgres\0-D\0{}\0", cluster.display()), Some(Kind::Postmaster)),
            (format!("postgres\0-D{}\0", cluster.display()), Some(Kind::Postmaster)),
            (format!("postgres\0-D\0{}\0", link.display()), Some(Kind::Postmaster)),
            ("postgres: millrace-ab12: checkpointer \0\0".to_owned(), Some(Kind::Child)),
            ("postgres: millrace-ab13: checkpointer \0\0".to_owned(), None),
            ("postgres\0-D\0/var/lib/postgresql/15/main\0".to_owned(), None),
            (format!("vim\0{}\0", cluster.display()), None),
            (String::new(), None),
        ] {
            assert_eq!(kind_of(line.as_bytes(), title, &cluster), expected, "{line:?}");
        }
    }
}
