//! Tables too large for one JSON value: their rows go to a file, one object a line, and the document keeps the first.
//!
//! Files of rows (CSV, NDJSON) above [`ParserLimits::max_inline_bytes`] are never held in memory: a [`RowStream`] reads
//! them piece by piece. What other parsers give is cut afterwards (`keep_beside`). Both write through [`RowWriter`],
//! and both give a document with a [`RowsRef`](millrace_domain::document::RowsRef).

mod cut;
mod decode;
mod spool;
mod writer;

use std::fs::File;

pub(crate) use cut::keep_beside;
pub(crate) use decode::{Allowance, LargeText};
pub use spool::RowSpool;
pub use writer::RowWriter;

use crate::draft::Draft;
use crate::failure::ParseFailure;
use crate::limits::ParserLimits;

/// Rows of a large table that stay in its document.
pub(crate) const HEAD_ROWS: usize = 100;
/// Bytes of them as JSON.
pub(crate) const HEAD_BYTES: u64 = 256 << 10;

/// Reads a file of rows in memory that does not grow with the file.
pub trait RowStream: Send + Sync {
    /// Reads the file as often as it needs to, from its start, and writes every row. `None` when this file has to be
    /// read as a whole.
    ///
    /// # Errors
    /// A [`ParseFailure`] whose code says what is wrong with the file.
    fn read_rows(
        &self,
        file: &File,
        limits: &ParserLimits,
        rows: &mut RowWriter<'_>,
    ) -> Result<Option<Draft>, ParseFailure>;
}

/// Tells readers of the document that it holds the first rows only.
pub(crate) fn cut_warning(rows: u64) -> String {
    format!(
        "the file has {rows} rows: the text and the blocks hold the first of each table, and all of them are in the artifact 'rows'"
    )
}
