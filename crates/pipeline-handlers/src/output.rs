//! A parsed document as bounded JSON.

use std::io::{self, Write};

use millrace_domain::document::ParsedDocument;

use crate::failure::{FailureCode, ParseFailure};
use crate::limits::ParserLimits;

/// Serialises a document, giving up as soon as it is over the limit.
///
/// # Errors
/// `output_too_large`.
pub(crate) fn to_json(document: &ParsedDocument, limits: &ParserLimits) -> Result<Vec<u8>, ParseFailure> {
    let mut output = Bounded { bytes: Vec::new(), limit: limits.max_output_bytes };
    match serde_json::to_writer(&mut output, document) {
        Ok(()) => Ok(output.bytes),
        // The only way this fails: keys are strings and the writer fails at the limit alone.
        Err(_over_the_limit) => Err(too_large(limits)),
    }
}

/// The failure for a document over the limit of size.
pub(crate) fn too_large(limits: &ParserLimits) -> ParseFailure {
    ParseFailure::new(
        FailureCode::OutputTooLarge,
        format!("the parsed document is larger than {} bytes", limits.max_output_bytes),
    )
}

/// The failure for a file over the limit of size.
pub(crate) fn file_too_large(size: u64, limits: &ParserLimits) -> ParseFailure {
    ParseFailure::new(
        FailureCode::FileTooLarge,
        format!("the file has {size} bytes or more, and the limit for parsing is {}", limits.max_file_bytes),
    )
}

struct Bounded {
    bytes: Vec<u8>,
    limit: u64,
}

impl Write for Bounded {
    fn write(&mut self, chunk: &[u8]) -> io::Result<usize> {
        if (self.bytes.len() + chunk.len()) as u64 > self.limit {
            return Err(io::Error::other("over the limit"));
        }
        self.bytes.extend_from_slice(chunk);
        Ok(chunk.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_exact() {
        let document = ParsedDocument { markdown: "x".repeat(100), ..ParsedDocument::default() };
        let size = to_json(&document, &ParserLimits::default()).expect("small").len() as u64;
        let limited = |max_output_bytes| ParserLimits { max_output_bytes, ..ParserLimits::default() };
        assert!(to_json(&document, &limited(size)).is_ok());
        let failure = to_json(&document, &limited(size - 1)).expect_err("too large");
        assert_eq!(failure.code, FailureCode::OutputTooLarge);
    }
}
