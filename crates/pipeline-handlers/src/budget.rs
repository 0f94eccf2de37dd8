//! What a file may cost together with all files inside it: one budget at whatever depth, so that an archive of archives can
//! do no more than a flat one.

use std::cell::Cell;

use crate::failure::ParseFailure;
use crate::limits::ParserLimits;

/// What is left for all members of one file, at whatever depth.
#[derive(Debug)]
pub(crate) struct Budget {
    entries: Cell<usize>,
    bytes: Cell<u64>,
    max_depth: u32,
}

impl Budget {
    /// The budget of one uploaded file.
    pub(crate) fn new(limits: &ParserLimits) -> Self {
        Self {
            entries: Cell::new(limits.max_zip_entries),
            bytes: Cell::new(limits.max_uncompressed_bytes),
            max_depth: limits.max_archive_depth,
        }
    }

    /// Takes entries of an archive, or attachments.
    ///
    /// # Errors
    /// `archive_too_large`.
    pub(crate) fn take_entries(&self, count: usize) -> Result<(), ParseFailure> {
        let left = self.entries.get().checked_sub(count);
        self.entries.set(left.ok_or_else(|| {
            ParseFailure::archive_too_large("it has too many entries, those of its members included")
        })?);
        Ok(())
    }

    /// Takes inflated or decoded bytes.
    ///
    /// # Errors
    /// `archive_too_large`.
    pub(crate) fn take_bytes(&self, count: u64) -> Result<(), ParseFailure> {
        let left = self.bytes.get().checked_sub(count);
        self.bytes.set(
            left.ok_or_else(|| ParseFailure::archive_too_large("it inflates to too many bytes, its members included"))?,
        );
        Ok(())
    }

    /// How many levels deep files may be inside others.
    pub(crate) fn max_depth(&self) -> u32 {
        self.max_depth
    }
}
