//! Makes the cluster and writes its settings.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::account::Account;
use super::error::{PostgresError, io_error};
use super::installation::Installation;
use super::layout::Layout;
use super::options::{Durability, PostgresOptions};

/// Owns the cluster; Millrace itself connects as [`ROLE`](super::ROLE).
pub(super) const SUPERUSER: &str = "postgres";

/// Runs `initdb`. The cluster appears under its name at once and whole, or not at all: a start that dies here is simply repeated.
pub(super) async fn create(layout: &Layout, installation: &Installation) -> Result<(), PostgresError> {
    let account = &layout.account;
    let unfinished = layout.home.join("postgres.new");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(io_error("remove the unfinished", &unfinished))?;
    }
    account.make_private_dir(&unfinished)?;
    let mut initdb = account.command(installation.bin_dir.join("initdb"));
    initdb.arg("--pgdata").arg(&unfinished).args([
        "--username",
        SUPERUSER,
        "--auth=peer",
        "--encoding=UTF8",
        // Sorting by bytes: the same on every machine, and no index breaks when the C library is upgraded.
        "--locale=C",
        "--data-checksums",
    ]);
    let output = initdb.output().await.map_err(io_error("run initdb for", &unfinished))?;
    if !output.status.success() {
        let text = [output.stdout, output.stderr].concat();
        return Err(PostgresError::Initdb { output: String::from_utf8_lossy(&text).trim().to_owned() });
    }
    fs::rename(&unfinished, &layout.cluster).map_err(io_error("rename the new cluster to", &layout.cluster))?;
    sync_dir(&layout.home)?;
    if layout.is_linked() {
        std::os::unix::fs::symlink(&layout.cluster, &layout.entry).map_err(io_error("make the link", &layout.entry))?;
        if let Some(data) = layout.entry.parent() {
            sync_dir(data)?;
        }
    }
    Ok(())
}

/// The major version that made a cluster.
pub(super) fn major_version(cluster: &Path) -> Result<u32, PostgresError> {
    let path = cluster.join("PG_VERSION");
    let text = fs::read_to_string(&path).map_err(io_error("read", &path))?;
    text.trim().parse().ok().ok_or_else(|| PostgresError::NotACluster { path: cluster.to_path_buf() })
}

/// Writes `postgresql.conf`, `pg_hba.conf` and `pg_ident.conf` anew, as at every start.
pub(super) fn configure(layout: &Layout, socket_dir: &Path, options: &PostgresOptions) -> Result<(), PostgresError> {
    let settings = settings(&layout.cluster_name(), socket_dir, options);
    for (name, text) in
        [("postgresql.conf", settings), ("pg_hba.conf", HBA.to_owned()), ("pg_ident.conf", identities(&layout.account))]
    {
        let path = layout.cluster.join(name);
        replace(&path, &text, &layout.account)?;
    }
    let custom = layout.cluster.join("custom.conf");
    if custom.exists() {
        return Ok(());
    }
    replace(&custom, "# Your own settings; they win over postgresql.conf.\n", &layout.account)
}

/// Only the unix socket, and only users whom the kernel vouches for.
const HBA: &str = "# Written by Millrace at every start.
local all all peer map=millrace
local replication postgres peer map=millrace
";

fn identities(account: &Account) -> String {
    let mut text = "# Written by Millrace at every start: which system users may connect as whom.\n".to_owned();
    for name in account.client_names() {
        for role in [SUPERUSER, super::ROLE] {
            text.push_str(&format!("millrace \"{name}\" {role}\n"));
        }
    }
    text
}

fn settings(cluster_name: &str, socket_dir: &Path, options: &PostgresOptions) -> String {
    let durable = match options.durability {
        Durability::Durable => "on",
        Durability::Disposable => "off",
    };
    let socket_dir = socket_dir.display().to_string().replace('\'', "''");
    let PostgresOptions { shared_buffers_mb, max_connections, max_wal_size_mb, .. } = options;
    format!(
        "# Written by Millrace at every start; put your own settings into custom.conf beside this file.
cluster_name = '{cluster_name}'
listen_addresses = ''
port = 5432
unix_socket_directories = '{socket_dir}'
unix_socket_permissions = 0700
max_connections = {max_connections}
client_connection_check_interval = '2s'

fsync = {durable}
synchronous_commit = on
full_page_writes = {durable}
wal_level = replica
max_wal_senders = 4
wal_buffers = '16MB'
max_wal_size = '{max_wal_size_mb}MB'
min_wal_size = '128MB'
checkpoint_timeout = '15min'
checkpoint_completion_target = 0.9

shared_buffers = '{shared_buffers_mb}MB'
random_page_cost = 1.1
jit = off
autovacuum_naptime = '15s'
autovacuum_vacuum_scale_factor = 0.05
autovacuum_analyze_scale_factor = 0.05

logging_collector = off
log_destination = 'stderr'
log_line_prefix = '%m [%p] '
log_checkpoints = off
# Statements, and the details of errors, carry what users uploaded; the log must not.
log_error_verbosity = terse
log_statement = 'none'
log_min_error_statement = 'panic'
log_parameter_max_length_on_error = 0

timezone = 'UTC'
log_timezone = 'UTC'
datestyle = 'iso, mdy'
lc_messages = 'C'
lc_monetary = 'C'
lc_numeric = 'C'
lc_time = 'C'
default_text_search_config = 'pg_catalog.simple'

include_if_exists 'custom.conf'
"
    )
}

/// Replaces a file at once, keeping what is there when nothing changed.
fn replace(path: &Path, text: &str, account: &Account) -> Result<(), PostgresError> {
    if fs::read_to_string(path).is_ok_and(|present| present == text) {
        return Ok(());
    }
    let mut staged = PathBuf::from(path);
    staged.as_mut_os_string().push(".new");
    fs::write(&staged, text).map_err(io_error("write", &staged))?;
    account.take(&staged)?;
    fs::rename(&staged, path).map_err(io_error("replace", path))
}

fn sync_dir(dir: &Path) -> Result<(), PostgresError> {
    File::open(dir).and_then(|folder| folder.sync_all()).map_err(io_error("sync the folder", dir))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_server_is_durable_and_unreachable_from_the_network() {
        let text = settings("millrace-x", Path::new("/run/it's"), &PostgresOptions::default());
        for line in
            ["fsync = on", "synchronous_commit = on", "listen_addresses = ''", "unix_socket_directories = '/run/it''s'"]
        {
            assert!(text.lines().any(|found| found == line), "{line}");
        }
    }

    #[test]
    fn only_a_disposable_server_skips_fsync() {
        let options = PostgresOptions { durability: Durability::Disposable, ..PostgresOptions::default() };
        assert!(settings("millrace-x", Path::new("/run"), &options).contains("\nfsync = off\n"));
    }
}
