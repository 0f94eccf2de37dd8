//! Libraries that panic at bytes they do not expect.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::failure::ParseFailure;

/// Runs a reader that trusts lengths and offsets of the file, as readers of old binary formats do. Where they lie it
/// panics, which says that the file is broken: the same answer as from a reader that looks first, and not one to try
/// again. For pure functions of the bytes only, since nothing half done outlives a panic.
///
/// # Errors
/// What the reader says; `unreadable_file` when it panics.
pub(crate) fn contained<T>(label: &str, read: impl FnOnce() -> Result<T, ParseFailure>) -> Result<T, ParseFailure> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_panic| Err(ParseFailure::unreadable(label, "its lengths and offsets do not fit together")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::FailureCode;

    #[test]
    fn what_a_reader_says_passes_and_a_panic_is_a_broken_file() {
        let bytes: &[u8] = &[1];
        assert_eq!(contained("XLS", || Ok(bytes[0])), Ok(1));
        let encrypted = contained("XLS", || Err::<(), _>(ParseFailure::encrypted("XLS")));
        assert_eq!(encrypted, Err(ParseFailure::encrypted("XLS")));
        let beyond = contained("XLS", || Ok(bytes[bytes.len() + 1]));
        assert_eq!(beyond.map_err(|failure| failure.code), Err(FailureCode::UnreadableFile));
    }
}
