//! What a file may cost before it is refused.

use serde::{Deserialize, Serialize};

const MIB: u64 = 1 << 20;

/// Limits on one parse. They travel with every request to a parser process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ParserLimits {
    /// Largest file read, in bytes.
    pub max_file_bytes: u64,
    /// Largest file parsed inside the server process, in bytes; above it even plain text goes to a parser process.
    pub max_in_process_bytes: u64,
    /// Most pages, slides or sheets.
    pub max_pages: u32,
    /// Most entries in an archive (office files are archives).
    pub max_zip_entries: usize,
    /// Most levels of files inside files: archives in archives, messages attached to messages.
    pub max_archive_depth: u32,
    /// Most bytes an archive may inflate to, over all its entries.
    pub max_uncompressed_bytes: u64,
    /// Most inflated bytes per stored byte of one entry, once it has inflated to more than one MiB.
    pub max_compression_ratio: u64,
    /// Largest parsed document as JSON, in bytes.
    pub max_output_bytes: u64,
    /// Most rows that stand in the parsed document; more are kept beside it.
    pub max_inline_rows: usize,
    /// Most bytes of rows as JSON that stand in the parsed document. Larger files of rows are read piece by piece.
    pub max_inline_bytes: u64,
    /// Most bytes of rows kept beside a document.
    pub max_rows_bytes: u64,
    /// Address space a parser process may use on top of what it has at its start, in bytes.
    pub memory_bytes: u64,
    /// Processor time of one parse, in seconds.
    pub cpu_seconds: u64,
    /// Wall-clock time of one parse, in seconds.
    pub wall_seconds: u64,
}

impl Default for ParserLimits {
    fn default() -> Self {
        Self {
            max_file_bytes: 512 * MIB,
            max_in_process_bytes: 4 * MIB,
            max_pages: 5_000,
            max_zip_entries: 20_000,
            max_archive_depth: 4,
            max_uncompressed_bytes: 512 * MIB,
            max_compression_ratio: 100,
            max_output_bytes: 128 * MIB,
            max_inline_rows: 10_000,
            max_inline_bytes: 16 * MIB,
            max_rows_bytes: 4_096 * MIB,
            memory_bytes: 1_024 * MIB,
            cpu_seconds: 60,
            wall_seconds: 120,
        }
    }
}
