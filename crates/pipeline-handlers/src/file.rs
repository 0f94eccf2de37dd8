//! Files that a parser process opens itself.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::failure::{FailureCode, ParseFailure};
use crate::limits::ParserLimits;
use crate::output::file_too_large;

/// Opens a file that is within the limit of size.
///
/// # Errors
/// `file_too_large`, and `parser_unavailable` when it cannot be opened.
pub(crate) fn open(path: &Path, limits: &ParserLimits) -> Result<File, ParseFailure> {
    let file = File::open(path).map_err(|error| unavailable(&error))?;
    let size = file.metadata().map_err(|error| unavailable(&error))?.len();
    if size > limits.max_file_bytes { Err(file_too_large(size, limits)) } else { Ok(file) }
}

/// The first bytes of a file, at most `most`.
///
/// # Errors
/// `parser_unavailable` when it cannot be read.
pub(crate) fn head(mut file: &File, most: usize) -> Result<Vec<u8>, ParseFailure> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0)).map_err(|error| unavailable(&error))?;
    file.take(most as u64).read_to_end(&mut bytes).map_err(|error| unavailable(&error))?;
    Ok(bytes)
}

/// All bytes of a file, which may have grown since it was opened.
///
/// # Errors
/// `file_too_large`, and `parser_unavailable` when it cannot be read.
pub(crate) fn read_whole(mut file: &File, limits: &ParserLimits) -> Result<Vec<u8>, ParseFailure> {
    let size = file.metadata().map_err(|error| unavailable(&error))?.len();
    let limit = limits.max_file_bytes;
    let mut bytes = Vec::with_capacity(usize::try_from(size.min(limit)).unwrap_or(0));
    file.seek(SeekFrom::Start(0)).map_err(|error| unavailable(&error))?;
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| unavailable(&error))?;
    if bytes.len() as u64 > limit { Err(file_too_large(bytes.len() as u64, limits)) } else { Ok(bytes) }
}

/// The failure of a file that cannot be opened, read or written here.
pub(crate) fn unavailable(error: &io::Error) -> ParseFailure {
    ParseFailure::new(FailureCode::ParserUnavailable, format!("a file cannot be opened, read or written: {error}"))
}
