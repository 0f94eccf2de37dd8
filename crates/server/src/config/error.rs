//! What is wrong with the configuration, and where.

use std::io;
use std::path::PathBuf;

/// Why the configuration was refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration file '{}'", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The file is no TOML. The text names line and column.
    #[error("the configuration file '{}' is not valid TOML", .path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: toml::de::Error,
    },
    /// A key is unknown, or its value has the wrong type.
    #[error("{place}: {message}")]
    Value {
        /// The key and the file, or the environment variable.
        place: String,
        /// What is wrong.
        message: String,
    },
    /// Values that do not go together, or are out of range; all that were found.
    #[error("{}", .0.join("; "))]
    Invalid(Vec<String>),
}
