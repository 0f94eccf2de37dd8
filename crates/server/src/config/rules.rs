//! Trials of rules.

use serde::{Deserialize, Serialize};

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
}

impl Default for RulesConfig {
    fn default() -> Self {
        Self { test_max_file_bytes: 32 * MIB, test_concurrency: 4, test_timeout_seconds: 120 }
    }
}
