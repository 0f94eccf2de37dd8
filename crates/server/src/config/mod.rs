//! The configuration: defaults, then `millrace.toml`, then `MILLRACE_*`. Every key with its unit and default: `docs/operations.md`.
//!
//! Each part of the program is given its own section, never the whole.

mod check;
mod deserialize;
mod engines;
mod error;
mod layers;
mod llm;
mod network;
mod rules;
mod secret_url;
mod secrets;
mod storage;
mod work;

#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::embedded_postgres::{Durability, PostgresOptions};

pub use millrace_domain::secret::Secret;

pub use engines::{DoclingSection, EngineName, MineruCloudSection, MineruSection, RemoteLimits};
pub use error::ConfigError;
pub use llm::{ImagesConfig, LlmConfig, ProviderConfig};
pub use network::{AuthConfig, IssuerConfig, ServerConfig, UploadConfig};
pub use rules::{ExtractConfig, RulesConfig};
pub use secret_url::SecretUrl;
pub use secrets::{SecretsConfig, key_bytes};
pub use storage::{DatabaseConfig, EmbeddedConfig, IdempotencyConfig, ObjectsConfig, StoreKind};
pub use work::{ConcurrencyConfig, LogConfig, LogFormat, ParsersConfig, QueueConfig};

use layers::{Node, Origin, Value};

/// The file read when none is named and it exists.
pub const DEFAULT_FILE: &str = "millrace.toml";

/// The effective configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The folder for everything local: the private Postgres, objects, locks. Default `./data`.
    pub data_dir: PathBuf,
    /// Where tasks and tables are kept: `postgres` or `memory`. Default `postgres`.
    pub store: StoreKind,
    /// HTTP.
    pub server: ServerConfig,
    /// Postgres.
    pub database: DatabaseConfig,
    /// Object store.
    pub objects: ObjectsConfig,
    /// Task queue.
    pub queue: QueueConfig,
    /// Document parsers.
    pub parsers: ParsersConfig,
    /// Trials of rules, and what rules may cost.
    pub rules: RulesConfig,
    /// Secrets at rest.
    pub secrets: SecretsConfig,
    /// Language models.
    pub llm: LlmConfig,
    /// Uploads.
    pub upload: UploadConfig,
    /// Identity.
    pub auth: AuthConfig,
    /// Idempotency keys.
    pub idempotency: IdempotencyConfig,
    /// Logging.
    pub log: LogConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("./data"),
            store: StoreKind::default(),
            server: ServerConfig::default(),
            database: DatabaseConfig::default(),
            objects: ObjectsConfig::default(),
            queue: QueueConfig::default(),
            parsers: ParsersConfig::default(),
            rules: RulesConfig::default(),
            secrets: SecretsConfig::default(),
            llm: LlmConfig::default(),
            upload: UploadConfig::default(),
            auth: AuthConfig::default(),
            idempotency: IdempotencyConfig::default(),
            log: LogConfig::default(),
        }
    }
}

impl Config {
    /// Reads the file (`path`, else [`DEFAULT_FILE`] if it exists), lays the environment over it, and checks the whole.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the file and key, or the variable.
    pub fn load(
        path: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let file =
            path.map(Path::to_path_buf).or_else(|| Path::new(DEFAULT_FILE).exists().then(|| DEFAULT_FILE.into()));
        let table = match &file {
            Some(path) => read(path)?,
            None => toml::Table::new(),
        };
        let variables: Vec<(String, String)> = environment.into_iter().collect();
        let mut tree = Node::from_file(table);
        tree.overlay(variables.iter().cloned());
        let name = file.map_or_else(|| DEFAULT_FILE.to_owned(), |path| path.display().to_string());
        let mut config = from_tree(tree.clone(), &name)?;
        if config.store == StoreKind::Postgres {
            // Hosting platforms set it. Ours win, since they were written for us.
            if let Some((variable, url)) =
                variables.into_iter().find(|(name, url)| name == "DATABASE_URL" && !url.is_empty())
            {
                tree.set_default(
                    &["database", "url"],
                    Node { value: Value::Text(url), origin: Origin::Variable(variable) },
                );
                config = from_tree(tree, &name)?;
            }
        }
        check::check(&config)?;
        Ok(config)
    }

    /// The configuration as a TOML file with secrets masked, for people to read.
    pub fn redacted_toml(&self) -> String {
        toml::to_string_pretty(self).unwrap_or_else(|error| format!("# cannot be shown: {error}\n"))
    }
}

impl EmbeddedConfig {
    /// The same for the private Postgres.
    pub fn postgres_options(&self) -> PostgresOptions {
        PostgresOptions {
            bin_dir: self.bin_dir.clone(),
            shared_buffers_mb: self.shared_buffers_mb,
            max_connections: self.max_connections,
            max_wal_size_mb: self.max_wal_size_mb,
            start_timeout: Duration::from_secs(self.start_timeout_seconds),
            stop_timeout: Duration::from_secs(self.stop_timeout_seconds),
            durability: Durability::Durable,
        }
    }
}

fn read(path: &Path) -> Result<toml::Table, ConfigError> {
    let text = fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_path_buf(), source })?;
    toml::from_str(&text).map_err(|source| ConfigError::Syntax { path: path.to_path_buf(), source })
}

fn from_tree(tree: Node, file: &str) -> Result<Config, ConfigError> {
    Config::deserialize(tree).map_err(|error| {
        let (place, message) = error.explain(file);
        ConfigError::Value { place, message }
    })
}
