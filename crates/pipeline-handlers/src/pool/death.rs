//! Why a parser process died, read from its exit status and its last words.

use std::process::ExitStatus;

#[cfg(unix)]
use std::os::unix::process::ExitStatusExt as _;

use crate::failure::{FailureCode, ParseFailure};
use crate::limits::ParserLimits;

/// Maps the death of a parser process in the middle of a document to a failure of that document.
pub(super) fn explain(status: Option<ExitStatus>, last_words: &str, limits: &ParserLimits) -> ParseFailure {
    #[cfg(unix)]
    if status.and_then(|status| status.signal()) == Some(libc::SIGXCPU) {
        return ParseFailure::new(
            FailureCode::ParserTimeout,
            format!("parsing took more than {} seconds of processor time", limits.cpu_seconds),
        );
    }
    // Rust's allocator says this before it aborts.
    if last_words.contains("memory allocation of") {
        return ParseFailure::new(
            FailureCode::ParserMemory,
            format!("parsing took more than {} bytes of memory", limits.memory_bytes),
        );
    }
    if last_words.contains("has overflowed its stack") {
        return ParseFailure::new(FailureCode::UnreadableFile, "the file is nested too deeply to be read");
    }
    ParseFailure::new(FailureCode::ParserCrashed, "the parser process died on this file")
}

/// The failure for a document over the wall-clock limit.
pub(super) fn over_wall_clock(limits: &ParserLimits) -> ParseFailure {
    ParseFailure::new(FailureCode::ParserTimeout, format!("parsing took more than {} seconds", limits.wall_seconds))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn deaths_are_told_apart() {
        let limits = ParserLimits::default();
        let check = |raw: i32, words: &str, code| {
            assert_eq!(explain(Some(ExitStatus::from_raw(raw)), words, &limits).code, code, "{raw} {words}");
        };
        check(libc::SIGXCPU, "", FailureCode::ParserTimeout);
        check(libc::SIGABRT, "memory allocation of 99 bytes failed", FailureCode::ParserMemory);
        check(libc::SIGABRT, "thread 'parse' has overflowed its stack", FailureCode::UnreadableFile);
        check(libc::SIGSEGV, "", FailureCode::ParserCrashed);
        check(libc::SIGKILL, "", FailureCode::ParserCrashed);
        check(1 << 8, "", FailureCode::ParserCrashed);
    }
}
