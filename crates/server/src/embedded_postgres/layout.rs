//! Where the cluster, its socket and its log live. Why there: `docs/decisions/010-embedded-postgres.md`.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::account::Account;
use super::data_dir::DataDir;
use super::error::{PostgresError, io_error};

/// Under root, clusters whose data folder the Postgres user cannot reach go here.
const SYSTEM_HOME: &str = "/var/lib/millrace";

/// Longest socket path the kernel takes, in bytes (`sun_path` is 108 with the closing zero).
const MAX_SOCKET_PATH: usize = 107;

/// Name of the socket file for the default port.
const SOCKET_FILE: &str = ".s.PGSQL.5432";

/// All paths of one private Postgres.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// Who runs it.
    pub(super) account: Account,
    /// The folder that holds the cluster and, by preference, its socket; see [`own_home`](Self::own_home).
    pub(super) home: PathBuf,
    /// The cluster (`PGDATA`), by its canonical path once it exists.
    pub(super) cluster: PathBuf,
    /// `data/postgres`: the cluster itself, or a link to it.
    pub(super) entry: PathBuf,
    /// What Postgres prints.
    pub(super) log: PathBuf,
    /// Whether the cluster exists.
    pub(super) exists: bool,
}

impl Layout {
    /// Finds the cluster of a data folder, or decides where it will be.
    pub(super) async fn of(data: &DataDir) -> Result<Self, PostgresError> {
        let entry = data.path().join("postgres");
        let log = data.path().join("postgres.log");
        if let Some(cluster) = existing(&entry)? {
            let account = Account::for_cluster(&cluster)?;
            let home = cluster.parent().unwrap_or(data.path()).to_path_buf();
            if !account.reaches(&home).await {
                return Err(PostgresError::Unreachable { path: cluster, user: account.name });
            }
            return Ok(Self { account, home, cluster, entry, log, exists: true });
        }
        let account = Account::for_new_cluster()?;
        let home = if account.reaches(data.path()).await {
            data.path().to_path_buf()
        } else {
            system_home(data.path(), &account)?
        };
        let cluster = home.join("postgres");
        Ok(Self { account, home, cluster, entry, log, exists: false })
    }

    /// Whether the cluster lives outside the data folder, which then holds a link to it.
    pub(super) fn is_linked(&self) -> bool {
        self.cluster != self.entry
    }

    /// The folder made for this cluster alone, when there is one.
    pub(super) fn own_home(&self) -> Option<PathBuf> {
        self.home.starts_with(SYSTEM_HOME).then(|| self.home.clone())
    }

    /// A short name for this cluster, the same at every start. Postgres shows it in the title of each of its processes.
    pub(super) fn cluster_name(&self) -> String {
        format!("millrace-{}", fingerprint(&self.cluster))
    }

    /// Makes the folder for the socket: beside the cluster, or in the first other place whose path is short enough.
    pub(super) fn socket_dir(&self) -> Result<PathBuf, PostgresError> {
        let beside = self.home.join("run");
        let name = self.cluster_name();
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").filter(|_| !self.account.switched).map(PathBuf::from);
        let elsewhere = [runtime, Some(PathBuf::from("/run")), Some(PathBuf::from("/tmp"))];
        let candidates =
            std::iter::once(beside.clone()).chain(elsewhere.into_iter().flatten().map(|dir| dir.join(&name)));
        candidates
            .filter(|dir| fits(dir))
            .find(|dir| self.account.make_private_dir(dir).is_ok())
            .ok_or(PostgresError::NoSocketDir { tried: beside })
    }

    /// Removes what a dead server left in its socket folder. Only once no process of the cluster is left.
    pub(super) fn remove_stale_socket(&self, socket_dir: &Path) -> Result<(), PostgresError> {
        for name in [SOCKET_FILE.to_owned(), format!("{SOCKET_FILE}.lock")] {
            remove_if_present(&socket_dir.join(name))?;
        }
        Ok(())
    }
}

/// Removes a file; that it is gone already is fine.
pub(super) fn remove_if_present(path: &Path) -> Result<(), PostgresError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(io_error("remove", path)(error)),
    }
}

/// The cluster behind `data/postgres`, by its canonical path.
fn existing(entry: &Path) -> Result<Option<PathBuf>, PostgresError> {
    match fs::symlink_metadata(entry) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error("look at", entry)(error)),
    }
    let cluster = match entry.canonicalize() {
        Ok(cluster) => cluster,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let target = fs::read_link(entry).map_err(io_error("read the link", entry))?;
            return Err(PostgresError::DanglingLink { link: entry.to_path_buf(), target });
        }
        Err(error) => return Err(io_error("open", entry)(error)),
    };
    if !cluster.join("PG_VERSION").is_file() {
        return Err(PostgresError::NotACluster { path: cluster });
    }
    Ok(Some(cluster))
}

/// A new folder under [`SYSTEM_HOME`]. Each cluster gets a new one, so that removing the data folder always means beginning empty.
fn system_home(data: &Path, account: &Account) -> Result<PathBuf, PostgresError> {
    let parent = Path::new(SYSTEM_HOME);
    fs::create_dir_all(parent).map_err(io_error("make the folder", parent))?;
    let home = parent.join(format!("{}-{:08x}", fingerprint(data), rand::random::<u32>()));
    account.make_private_dir(&home)?;
    // Says to an administrator whose cluster this is.
    let note = home.join("data-folder");
    fs::write(&note, format!("{}\n", data.display())).map_err(io_error("write", &note))?;
    Ok(home)
}

/// Eight hex digits of a path's hash.
fn fingerprint(path: &Path) -> String {
    let digest = Sha256::digest(path.as_os_str().as_bytes());
    digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

fn fits(dir: &Path) -> bool {
    // Postgres also makes `<socket>.lock`, but only the socket's own path has the limit.
    dir.join(SOCKET_FILE).as_os_str().len() <= MAX_SOCKET_PATH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_path_may_have_107_bytes() {
        let room = MAX_SOCKET_PATH - SOCKET_FILE.len() - 1;
        for (len, expected) in [(room - 1, true), (room, true), (room + 1, false)] {
            let dir = PathBuf::from(format!("/{}", "x".repeat(len - 1)));
            assert_eq!(fits(&dir), expected, "{len}");
        }
    }

    #[test]
    fn what_is_not_a_cluster_is_never_taken_for_one() {
        let dir = tempfile::tempdir().unwrap();
        let entry = dir.path().join("postgres");
        assert!(existing(&entry).unwrap().is_none());
        fs::create_dir(&entry).unwrap();
        assert!(matches!(existing(&entry), Err(PostgresError::NotACluster { .. })));
        fs::remove_dir(&entry).unwrap();
        std::os::unix::fs::symlink(dir.path().join("gone"), &entry).unwrap();
        assert!(matches!(existing(&entry), Err(PostgresError::DanglingLink { .. })));
    }
}
