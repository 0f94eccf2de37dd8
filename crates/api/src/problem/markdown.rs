//! `docs/errors.md`, made from the catalogue.

use std::fmt::Write;

use super::{CATALOGUE, status};

/// The text of `docs/errors.md`.
pub fn errors_markdown() -> String {
    let mut text = String::from(
        "# Error codes\n\n\
         Made from the catalogue in `crates/api/src/problem/catalogue.rs`; a test fails when the two differ.\n\n\
         Every answer that is not a success is `application/problem+json` (RFC 9457) with `type`, `title`, `status`,\n\
         `detail`, `code`, `request_id`, `retryable` and `errors[{pointer, code, detail}]`. Programs branch on `code`;\n\
         codes keep their meaning for ever.\n\n\
         | status | code | title | meaning |\n|---|---|---|---|\n",
    );
    for entry in CATALOGUE {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {} | `{}` | {} | {} |",
            status(entry.kind).as_u16(),
            entry.code,
            entry.title,
            entry.description
        );
    }
    text
}
