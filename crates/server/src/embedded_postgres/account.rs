//! The operating system user that runs Postgres, which refuses to run as root.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

use nix::unistd::{Uid, User};
use tokio::process::Command;

use super::error::{PostgresError, io_error};

/// Who runs Postgres.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    /// Login name.
    pub(super) name: String,
    /// User id.
    pub(super) uid: u32,
    /// Primary group id.
    gid: u32,
    /// Whether it is somebody else than the present user, who then is root.
    pub(super) switched: bool,
}

impl Account {
    /// The user for a new cluster: the present one, or under root `postgres`, else `nobody`.
    pub(super) fn for_new_cluster() -> Result<Self, PostgresError> {
        if !Uid::effective().is_root() {
            return Self::current();
        }
        ["postgres", "nobody"]
            .iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .map(|user| Self::of(user, true))
            .ok_or(PostgresError::NoAccount)
    }

    /// The user for a cluster that exists: its owner, whom only root can become.
    pub(super) fn for_cluster(cluster: &Path) -> Result<Self, PostgresError> {
        let owner = fs::metadata(cluster).map_err(io_error("look at", cluster))?.uid();
        let root = Uid::effective().is_root();
        if root && owner == 0 {
            return Self::for_new_cluster();
        }
        if !root {
            let current = Self::current()?;
            if current.uid == owner {
                return Ok(current);
            }
            return Err(PostgresError::WrongOwner {
                path: cluster.to_path_buf(),
                owner: name_of(owner),
                user: current.name,
            });
        }
        let user = User::from_uid(Uid::from_raw(owner)).ok().flatten();
        user.map(|user| Self::of(user, true)).ok_or(PostgresError::NamelessUser { uid: owner })
    }

    fn current() -> Result<Self, PostgresError> {
        let uid = Uid::effective();
        let user = User::from_uid(uid).ok().flatten();
        user.map(|user| Self::of(user, false)).ok_or(PostgresError::NamelessUser { uid: uid.as_raw() })
    }

    fn of(user: User, switched: bool) -> Self {
        Self { name: user.name, uid: user.uid.as_raw(), gid: user.gid.as_raw(), switched }
    }

    /// The users who may connect: this one and the one who runs millrace.
    pub(super) fn client_names(&self) -> Vec<String> {
        let mut names = vec![self.name.clone(), name_of(Uid::effective().as_raw())];
        names.dedup();
        names
    }

    /// A command that runs as this user, with an environment that nothing of the caller's (`PGDATA`, `PGPORT`, locale) leaks into.
    pub(super) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("LC_ALL", "C").env("PATH", "/usr/local/bin:/usr/bin:/bin").current_dir("/");
        // Installations outside the system's folders find their libraries through it.
        if let Some(libraries) = std::env::var_os("LD_LIBRARY_PATH") {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        if self.switched {
            command.uid(self.uid).gid(self.gid);
        }
        command.stdin(std::process::Stdio::null());
        command
    }

    /// Whether this user may pass through every folder down to `dir`. Asked of the system, not computed from mode bits, so that
    /// access lists and network mounts count.
    pub(super) async fn reaches(&self, dir: &Path) -> bool {
        let mut command = self.command("/bin/sh");
        command.args(["-c", "cd -- \"$1\"", "sh"]).arg(dir);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        command.status().await.is_ok_and(|status| status.success())
    }

    /// Makes a folder that belongs to this user alone; one that exists must already be so.
    pub(super) fn make_private_dir(&self, dir: &Path) -> Result<(), PostgresError> {
        match fs::DirBuilder::new().mode(0o700).create(dir) {
            Ok(()) => self.take(dir),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                // `symlink_metadata`: in a shared folder such as /tmp a link could have been planted.
                let found = fs::symlink_metadata(dir).map_err(io_error("look at", dir))?;
                if found.is_dir() && found.uid() == self.uid && found.mode() & 0o077 == 0 {
                    return Ok(());
                }
                Err(io_error("use as a private folder", dir)(std::io::ErrorKind::PermissionDenied.into()))
            }
            Err(error) => Err(io_error("make the folder", dir)(error)),
        }
    }

    /// Gives a file or folder to this user.
    pub(super) fn take(&self, path: &Path) -> Result<(), PostgresError> {
        if !self.switched {
            return Ok(());
        }
        std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid)).map_err(io_error("change the owner of", path))
    }
}

fn name_of(uid: u32) -> String {
    User::from_uid(Uid::from_raw(uid)).ok().flatten().map_or_else(|| uid.to_string(), |user| user.name)
}
