//! What may be chosen about the private Postgres.

use std::path::PathBuf;
use std::time::Duration;

/// Settings of the private Postgres; anything else goes into `custom.conf` in the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresOptions {
    /// The folder that holds `postgres` and `initdb`; `None`: `MILLRACE_PG_BIN`, else searched for.
    pub bin_dir: Option<PathBuf>,
    /// Page cache of Postgres, in MiB.
    pub shared_buffers_mb: u32,
    /// Most connections at once.
    pub max_connections: u32,
    /// Write-ahead log kept between checkpoints, in MiB of disk.
    pub max_wal_size_mb: u32,
    /// How long a start may take. Replaying the log after a power cut counts.
    pub start_timeout: Duration,
    /// How long a graceful stop may take before connections are cut without a checkpoint; nothing committed is lost either way.
    pub stop_timeout: Duration,
    /// Whether data must survive a power cut.
    pub durability: Durability,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            bin_dir: None,
            shared_buffers_mb: 128,
            max_connections: 100,
            max_wal_size_mb: 2048,
            start_timeout: Duration::from_secs(300),
            stop_timeout: Duration::from_secs(60),
            durability: Durability::Durable,
        }
    }
}

/// What a commit means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// On disk before it is acknowledged.
    Durable,
    /// Survives the end of any process, but not a power cut: for the throwaway servers of tests.
    Disposable,
}
