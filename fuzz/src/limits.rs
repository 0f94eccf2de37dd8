//! The limits of every parse here: what ships, made so small that inputs of a few KiB meet them.

use std::sync::LazyLock;

use millrace_pipeline_handlers::limits::ParserLimits;

const MIB: u64 = 1 << 20;

pub(crate) static LIMITS: LazyLock<ParserLimits> = LazyLock::new(|| ParserLimits {
    max_file_bytes: 4 * MIB,
    max_in_process_bytes: 4 * MIB,
    max_pages: 200,
    max_zip_entries: 200,
    max_archive_depth: 3,
    max_uncompressed_bytes: 8 * MIB,
    max_output_bytes: 32 * MIB,
    max_inline_rows: 1_000,
    max_inline_bytes: MIB,
    max_rows_bytes: 8 * MIB,
    ..ParserLimits::default()
});
