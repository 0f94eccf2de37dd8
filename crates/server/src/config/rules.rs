//! Rules: what trials of them and rules of mode `extract` may cost.

use serde::{Deserialize, Serialize};

const KIB: u32 = 1 << 10;
const MIB: u64 = 1 << 20;

/// `[rules]`: what a trial of a rule may cost. Trials run outside of the queue, while somebody waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RulesConfig {
    /// Largest file that a rule is tried on, in bytes; it is held in memory. Default 32 MiB.
    pub test_max_file_bytes: u64,
    /// Trials at once; more are refused with 429. Default 4.
    pub test_concurrency: u32,
    /// How long a trial may take, in seconds. Default 120.
    pub test_timeout_seconds: u64,
    /// Rules of mode `extract`.
    pub extract: ExtractConfig,
}

impl Default for RulesConfig {
    fn default() -> Self {
        Self {
            test_max_file_bytes: 32 * MIB,
            test_concurrency: 4,
            test_timeout_seconds: 120,
            extract: ExtractConfig::default(),
        }
    }
}

/// `[rules.extract]`: what a rule of mode `extract` and its work on one document may cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExtractConfig {
    /// Most fields of a program, members of members included. Default 2000.
    pub max_fields: u32,
    /// Most levels of objects in objects, and of selectors behind `then`. Default 12.
    pub max_depth: u32,
    /// Most bytes of one regular expression as text. Default 4000.
    pub max_regex_bytes: u32,
    /// Most bytes of one regular expression in memory. Default 1 MiB.
    pub max_regex_memory_bytes: u32,
    /// Most values of a result. Default 2000000.
    pub max_values: u32,
    /// Most bytes of the texts of a result, quotes included. Default 128 MiB.
    pub max_output_bytes: u64,
    /// Most bytes of text that all selectors together look at; about a second for each GiB. Default 16 GiB.
    pub max_scanned_bytes: u64,
    /// Most cells that ranges cover, blank ones included. Default 5000000.
    pub max_cells: u64,
}

impl Default for ExtractConfig {
    fn default() -> Self {
        Self {
            max_fields: 2_000,
            max_depth: 12,
            max_regex_bytes: 4_000,
            max_regex_memory_bytes: KIB * KIB,
            max_values: 2_000_000,
            max_output_bytes: 128 * MIB,
            max_scanned_bytes: 16 * 1024 * MIB,
            max_cells: 5_000_000,
        }
    }
}
