//! The error codes of mineru.net, as failures.
//!
//! The API answers `{code, msg, trace_id, data}`, its gateway `{success: false, msgCode, msg}`; both with whatever status.

use crate::engine::remote::{told, tried};
use crate::engine::{EngineFailure, Verdict};
use crate::failure::FailureCode;

/// What a code means for the task.
pub(super) enum Meaning {
    /// The file, or we, failed.
    Failure(EngineFailure),
    /// The service does not know the task.
    Lost,
}

/// The meaning of a code; `message` is what the service says.
pub(super) fn meaning(code: &str, message: &str) -> Meaning {
    use FailureCode as F;
    let code_of = match code {
        // Token: wrong, expired; not ours to ask for.
        "A0202" | "A0211" | "-60013" => F::ParserUnauthorized,
        "-60012" => return Meaning::Lost,
        // Parameters.
        "-500" | "-10002" | "-60011" => F::ParserRejected,
        // The service itself, upload addresses, the model: to be tried again, as is a full queue.
        "-10001" | "-60001" | "-60007" => F::ParserUnreachable,
        "-60009" => F::ParserBusy,
        "-60002" => F::UnsupportedType,
        "-60003" => F::UnreadableFile,
        "-60004" => F::EmptyFile,
        "-60005" => F::FileTooLarge,
        "-60006" => F::TooManyPages,
        "-60018" | "-60019" => F::ParserQuota,
        // Read timeout, parse failed, running, conversion, retries, split, page count, web page.
        _ => F::ParserFailed,
    };
    let mut failure = tried(code_of, format!("mineru.net says {code}: {}", told(message)));
    if code_of == F::UnsupportedType {
        failure.verdict = Verdict::Declined;
    }
    Meaning::Failure(failure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_code_has_a_meaning() {
        for (code, expected, retryable) in [
            ("A0202", "parser_unauthorized", false),
            ("A0211", "parser_unauthorized", false),
            ("-500", "parser_rejected", false),
            ("-10002", "parser_rejected", false),
            ("-10001", "parser_unreachable", true),
            ("-60001", "parser_unreachable", true),
            ("-60002", "unsupported_type", false),
            ("-60003", "unreadable_file", false),
            ("-60004", "empty_file", false),
            ("-60005", "file_too_large", false),
            ("-60006", "too_many_pages", false),
            ("-60007", "parser_unreachable", true),
            ("-60008", "parser_failed", false),
            ("-60009", "parser_busy", true),
            ("-60010", "parser_failed", false),
            ("-60011", "parser_rejected", false),
            ("-60013", "parser_unauthorized", false),
            ("-60014", "parser_failed", false),
            ("-60015", "parser_failed", false),
            ("-60016", "parser_failed", false),
            ("-60017", "parser_failed", false),
            ("-60018", "parser_quota", false),
            ("-60019", "parser_quota", false),
            ("-60020", "parser_failed", false),
            ("-60021", "parser_failed", false),
            ("-60022", "parser_failed", false),
        ] {
            let Meaning::Failure(failure) = meaning(code, "why") else { panic!("{code} is lost") };
            assert_eq!((failure.failure.code.as_str(), failure.failure.retryable), (expected, retryable), "{code}");
            assert_ne!(failure.verdict, Verdict::Final, "{code}: another engine may do better");
        }
        assert!(matches!(meaning("-60012", ""), Meaning::Lost));
    }
}
