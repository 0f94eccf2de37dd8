//! What a program and a run of it may cost.

/// Limits on rules of mode `extract`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExtractLimits {
    /// Most fields of a program, members of members included.
    pub max_fields: usize,
    /// Most levels of objects in objects, and of selectors behind `then`.
    pub max_depth: usize,
    /// Most bytes of one regular expression as text.
    pub max_regex_bytes: usize,
    /// Most bytes of one regular expression in memory.
    pub max_regex_memory: usize,
    /// Most values of a result.
    pub max_values: usize,
    /// Most bytes of the texts of a result.
    pub max_output_bytes: u64,
    /// Most bytes of text that all selectors together look at; about a second for each GiB.
    pub max_scanned_bytes: u64,
    /// Most cells that ranges cover, blank ones included.
    pub max_cells: u64,
}

impl Default for ExtractLimits {
    fn default() -> Self {
        Self {
            max_fields: 2_000,
            max_depth: 12,
            max_regex_bytes: 4_000,
            max_regex_memory: 1 << 20,
            max_values: 2_000_000,
            max_output_bytes: 128 << 20,
            max_scanned_bytes: 16 << 30,
            max_cells: 5_000_000,
        }
    }
}
