//! Where rows and bytes are kept.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Secret, SecretUrl};

/// `store`: where tasks and tables are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreKind {
    /// Postgres: nothing acknowledged is ever lost.
    #[default]
    Postgres,
    /// Memory: for demos and tests; nothing is kept.
    Memory,
}

/// `[database]`: the Postgres to use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseConfig {
    /// Address of a Postgres you run. Default: `DATABASE_URL`, else a private one under the data folder.
    pub url: Option<SecretUrl>,
    /// Most connections this process opens. Default 16.
    pub max_connections: u32,
    /// How long to wait for a connection, in seconds. Default 10.
    pub connect_timeout_seconds: u64,
    /// Settings of the private Postgres.
    pub embedded: EmbeddedConfig,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self { url: None, max_connections: 16, connect_timeout_seconds: 10, embedded: EmbeddedConfig::default() }
    }
}

/// `[database.embedded]`: the private Postgres.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EmbeddedConfig {
    /// Folder that holds `postgres` and `initdb`. Default: `MILLRACE_PG_BIN`, else searched for.
    pub bin_dir: Option<PathBuf>,
    /// Page cache of Postgres, in MiB. Default 128.
    pub shared_buffers_mb: u32,
    /// Most connections it accepts. Default 100.
    pub max_connections: u32,
    /// Write-ahead log kept between checkpoints, in MiB. Default 2048.
    pub max_wal_size_mb: u32,
    /// How long a start may take, crash recovery included, in seconds. Default 300.
    pub start_timeout_seconds: u64,
    /// How long a graceful stop may take, in seconds. Default 60.
    pub stop_timeout_seconds: u64,
}

impl Default for EmbeddedConfig {
    fn default() -> Self {
        Self {
            bin_dir: None,
            shared_buffers_mb: 128,
            max_connections: 100,
            max_wal_size_mb: 2048,
            start_timeout_seconds: 300,
            stop_timeout_seconds: 60,
        }
    }
}

/// `[objects]`: where bytes are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ObjectsConfig {
    /// `file:///…` or `s3://bucket/prefix`. Default: `objects` under the data folder.
    pub url: Option<String>,
    /// Address of the S3 service, for all but AWS itself. Default: AWS.
    pub endpoint: Option<String>,
    /// Region. Default `us-east-1`.
    pub region: Option<String>,
    /// Whether the bucket stands in the path, not in the host name. Default true.
    pub path_style: bool,
    /// Access key id. Default: none.
    pub access_key_id: Option<String>,
    /// Secret access key. Default: none.
    pub secret_access_key: Option<Secret>,
    /// Token of temporary keys. Default: none.
    pub session_token: Option<Secret>,
    /// Whether an `http://` endpoint is accepted. Default false.
    pub allow_http: bool,
    /// Age from which an object that no row names is removed, in seconds. Default 86400.
    pub orphan_grace_seconds: u64,
}

impl Default for ObjectsConfig {
    fn default() -> Self {
        Self {
            url: None,
            endpoint: None,
            region: None,
            path_style: true,
            access_key_id: None,
            secret_access_key: None,
            session_token: None,
            allow_http: false,
            orphan_grace_seconds: 86_400,
        }
    }
}

/// `[idempotency]`: remembered answers to requests with an `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IdempotencyConfig {
    /// How long an answer is remembered, in hours. Default 24.
    pub retention_hours: u32,
}

impl Default for IdempotencyConfig {
    fn default() -> Self {
        Self { retention_hours: 24 }
    }
}
