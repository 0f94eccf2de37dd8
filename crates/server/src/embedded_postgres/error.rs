//! Why the private Postgres did not start or stop, in words that say what to do next.

use std::io;
use std::path::{Path, PathBuf};

/// A failure of the private Postgres or of the data folder it lives in.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// No installation was found anywhere.
    #[error(
        "no PostgreSQL found on this machine; install the package 'postgresql' \
         (Debian, Ubuntu: apt-get install postgresql), or set MILLRACE_PG_BIN to the folder that holds \
         'postgres' and 'initdb', or set database.url to a server you already run"
    )]
    NotInstalled,
    /// The configured folder holds no usable installation.
    #[error("'{}' is not a PostgreSQL bin folder: it must hold 'postgres' and 'initdb' which user '{user}' can run", .bin_dir.display())]
    BinDirUnusable {
        /// The configured folder.
        bin_dir: PathBuf,
        /// The user that must be able to run the programs.
        user: String,
    },
    /// Only installations older than [`MIN_MAJOR`](super::MIN_MAJOR) were found.
    #[error(
        "PostgreSQL {found} in '{}' is too old: {} or later is needed (Debian, Ubuntu: apt-get install postgresql)",
        .bin_dir.display(), super::MIN_MAJOR
    )]
    TooOld {
        /// Major version found.
        found: u32,
        /// Where.
        bin_dir: PathBuf,
    },
    /// The cluster was made by a major version that is not installed.
    #[error(
        "the database in '{}' was made by PostgreSQL {cluster}, but only {installed} is installed; install the package \
         'postgresql-{cluster}', or move the data to the new version as docs/operations.md describes", .path.display()
    )]
    VersionMismatch {
        /// The cluster.
        path: PathBuf,
        /// Its major version.
        cluster: u32,
        /// The major versions found, comma separated.
        installed: String,
    },
    /// Another process owns the data folder.
    #[error("another millrace{} already uses the data folder '{}'; stop it first, or give this one its own data_dir",
        .pid.map(|pid| format!(" (process {pid})")).unwrap_or_default(), .path.display())]
    Locked {
        /// The data folder.
        path: PathBuf,
        /// Who holds it, when it said so.
        pid: Option<u32>,
    },
    /// Started as root, and there is no unprivileged user to run Postgres as.
    #[error("Postgres refuses to run as root, and there is neither a user 'postgres' nor 'nobody' on this machine")]
    NoAccount,
    /// The present user id has no name, which Postgres insists on.
    #[error("user id {uid} has no entry in /etc/passwd, which Postgres needs; add one, or set database.url")]
    NamelessUser {
        /// The id.
        uid: u32,
    },
    /// The cluster belongs to somebody else.
    #[error("the database in '{}' belongs to user '{owner}', but millrace runs as '{user}'; start it as '{owner}' or as root", .path.display())]
    WrongOwner {
        /// The cluster.
        path: PathBuf,
        /// Its owner.
        owner: String,
        /// Who we are.
        user: String,
    },
    /// The cluster exists, but its user cannot get at it.
    #[error("user '{user}', who runs Postgres, cannot reach '{}'; make its parent folders searchable (chmod o+x), or move the data folder", .path.display())]
    Unreachable {
        /// The cluster.
        path: PathBuf,
        /// The user.
        user: String,
    },
    /// `data/postgres` points nowhere.
    #[error(
        "'{}' points to '{}', which does not exist; restore that folder, or remove the link to begin with an empty database",
        .link.display(), .target.display()
    )]
    DanglingLink {
        /// The link in the data folder.
        link: PathBuf,
        /// Where it points.
        target: PathBuf,
    },
    /// `data/postgres` is something else.
    #[error("'{}' exists but is not a PostgreSQL data folder; move it away", .path.display())]
    NotACluster {
        /// The folder.
        path: PathBuf,
    },
    /// No place for the socket whose path is short enough.
    #[error("no folder for the Postgres socket: '{}' is too long a path (the system allows 107 bytes), and nothing under /run or /tmp can be used", .tried.display())]
    NoSocketDir {
        /// The folder preferred.
        tried: PathBuf,
    },
    /// `initdb` failed.
    #[error("initdb failed: {output}")]
    Initdb {
        /// What it printed.
        output: String,
    },
    /// Postgres exited while starting.
    #[error("Postgres did not start ({status}); its log '{}' ends with:\n{tail}", .log.display())]
    Exited {
        /// Exit status.
        status: String,
        /// The log file.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },
    /// Postgres runs but did not accept connections in time.
    #[error("Postgres did not accept connections within {seconds} s; its log '{}' ends with:\n{tail}", .log.display())]
    StartTimeout {
        /// How long we waited.
        seconds: u64,
        /// The log file.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },
    /// A process of an earlier run does not go away.
    #[error("process {pid} of an earlier run still uses the database in '{}' and does not stop; end it by hand", .path.display())]
    StillRunning {
        /// The process.
        pid: u32,
        /// The cluster.
        path: PathBuf,
    },
    /// The role or the database could not be made.
    #[error("cannot prepare the role and database 'millrace'")]
    Bootstrap(#[source] tokio_postgres::Error),
    /// The system refused.
    #[error("cannot {action} '{}'", .path.display())]
    Io {
        /// What we were doing.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The thread that watches over Postgres is gone.
    #[error("the thread that watches over Postgres ended unexpectedly")]
    SupervisorGone,
}

/// Names the action and the path of a failed system call, for `map_err`.
pub(super) fn io_error<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> PostgresError + 'a {
    move |source| PostgresError::Io { action, path: path.to_path_buf(), source }
}
