//! Finds the Postgres programs on this machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::account::Account;
use super::error::PostgresError;

/// The oldest major version that works.
pub const MIN_MAJOR: u32 = 15;

/// Folders whose children (`*/bin` or `bin`) hold installations: Debian and Ubuntu, Red Hat, Homebrew, Postgres.app.
const PARENTS: [&str; 5] = [
    "/usr/lib/postgresql",
    "/usr",
    "/opt/homebrew/opt",
    "/usr/local/opt",
    "/Applications/Postgres.app/Contents/Versions",
];

/// A folder with `postgres` and `initdb`, and its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Installation {
    /// The folder.
    pub(super) bin_dir: PathBuf,
    /// Major version.
    pub(super) major: u32,
}

impl Installation {
    /// The installation to use: `configured`, else `MILLRACE_PG_BIN`, else the best of those found. A cluster that exists needs its
    /// own major version; a new one gets the newest.
    pub(super) async fn find(
        configured: Option<&Path>,
        account: &Account,
        cluster: Option<(&Path, u32)>,
    ) -> Result<Self, PostgresError> {
        let forced =
            configured.map(Path::to_path_buf).or_else(|| std::env::var_os("MILLRACE_PG_BIN").map(PathBuf::from));
        let found = match forced {
            Some(bin_dir) => {
                let major = major_version(&bin_dir, account).await;
                let major = major
                    .ok_or(PostgresError::BinDirUnusable { bin_dir: bin_dir.clone(), user: account.name.clone() })?;
                vec![Self { bin_dir, major }]
            }
            None => Self::installed(account).await,
        };
        choose(found, cluster)
    }

    async fn installed(account: &Account) -> Vec<Self> {
        let mut by_major = BTreeMap::new();
        for bin_dir in candidates().await {
            if let Some(major) = major_version(&bin_dir, account).await {
                // The first of a major version wins: `PATH` comes before the well-known places.
                by_major.entry(major).or_insert(bin_dir);
            }
        }
        by_major.into_iter().map(|(major, bin_dir)| Self { bin_dir, major }).collect()
    }
}

/// Picks from what was found, sorted by major version.
fn choose(found: Vec<Installation>, cluster: Option<(&Path, u32)>) -> Result<Installation, PostgresError> {
    let installed = found.iter().map(|one| one.major.to_string()).collect::<Vec<_>>().join(", ");
    let newest = found.last().cloned().ok_or(PostgresError::NotInstalled)?;
    if newest.major < MIN_MAJOR {
        return Err(PostgresError::TooOld { found: newest.major, bin_dir: newest.bin_dir });
    }
    match cluster {
        None => Ok(newest),
        Some((path, major)) => found.into_iter().find(|one| one.major == major).ok_or(PostgresError::VersionMismatch {
            path: path.to_path_buf(),
            cluster: major,
            installed,
        }),
    }
}

/// Every folder worth asking, in order of preference.
async fn candidates() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut dirs: Vec<PathBuf> = std::env::split_paths(&path).collect();
    // Programs in `PATH` are often links into the real folder, where the ones beside them are.
    let resolved: Vec<PathBuf> = dirs
        .iter()
        .filter_map(|dir| dir.join("postgres").canonicalize().ok())
        .filter_map(|program| program.parent().map(Path::to_path_buf))
        .collect();
    dirs.splice(0..0, resolved);
    for parent in PARENTS {
        let children = std::fs::read_dir(parent).into_iter().flatten().flatten();
        let wanted = children.filter(|child| {
            let name = child.file_name().to_string_lossy().into_owned();
            parent.ends_with("postgresql")
                || name.starts_with("pgsql")
                || name.starts_with("postgresql")
                || parent.contains("Postgres.app")
        });
        dirs.extend(wanted.map(|child| child.path().join("bin")));
    }
    if let Ok(output) = tokio::process::Command::new("pg_config").arg("--bindir").output().await {
        dirs.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    }
    dirs.retain(|dir| dir.join("postgres").is_file() && dir.join("initdb").is_file());
    dirs
}

/// The major version, or `None` when `account` cannot run both programs.
async fn major_version(bin_dir: &Path, account: &Account) -> Option<u32> {
    let initdb = account.command(bin_dir.join("initdb")).arg("--version").output().await.ok()?;
    let postgres = account.command(bin_dir.join("postgres")).arg("--version").output().await.ok()?;
    if !initdb.status.success() || !postgres.status.success() {
        return None;
    }
    parse_major(&String::from_utf8_lossy(&postgres.stdout))
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`, `… 17devel`.
fn parse_major(text: &str) -> Option<u32> {
    let version = text.split("(PostgreSQL)").nth(1)?.trim_start();
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installation(major: u32) -> Installation {
        Installation { bin_dir: PathBuf::from(format!("/pg/{major}")), major }
    }

    #[test]
    fn reads_versions() {
        for (text, expected) in [
            ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", Some(15)),
            ("postgres (PostgreSQL) 9.6.24", Some(9)),
            ("postgres (PostgreSQL) 19devel", Some(19)),
            ("initdb: command not found", None),
            ("postgres (PostgreSQL) ", None),
        ] {
            assert_eq!(parse_major(text), expected, "{text}");
        }
    }

    #[test]
    fn a_new_cluster_gets_the_newest() {
        let chosen = choose(vec![installation(15), installation(17)], None).unwrap();
        assert_eq!(chosen.major, 17);
    }

    #[test]
    fn an_old_cluster_gets_its_own() {
        let path = Path::new("/data/postgres");
        let chosen = choose(vec![installation(15), installation(17)], Some((path, 15))).unwrap();
        assert_eq!(chosen.major, 15);
    }

    #[test]
    fn refusals_say_what_to_install() {
        let path = Path::new("/data/postgres");
        for (found, cluster, expected) in [
            (vec![], None, "install the package 'postgresql'"),
            (vec![installation(14)], None, "PostgreSQL 14 in '/pg/14' is too old: 15 or later"),
            (
                vec![installation(16), installation(17)],
                Some((path, 15)),
                "only 16, 17 is installed; install the package 'postgresql-15'",
            ),
        ] {
            let text = choose(found, cluster).unwrap_err().to_string();
            assert!(text.contains(expected), "{text}");
        }
    }
}
