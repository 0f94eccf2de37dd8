//! Rich Text Format → Markdown.
//!
//! A tokenizer of its own: the crates that read RTF know neither tables nor lists nor the encodings of East Asia.

mod charset;
mod state;
mod token;
mod walk;

use crate::draft::Draft;
use crate::failure::ParseFailure;
use crate::format::Format;
use crate::parser::{Input, Isolation, Parser};

/// Reads RTF.
#[derive(Debug, Clone, Copy, Default)]
pub struct RtfParser;

impl Parser for RtfParser {
    fn name(&self) -> &'static str {
        "rtf"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn formats(&self) -> &'static [Format] {
        &[Format::Rtf]
    }

    fn isolation(&self) -> Isolation {
        Isolation::InProcess
    }

    fn parse(&self, input: Input<'_>) -> Result<Draft, ParseFailure> {
        let read = walk::read(input.bytes).map_err(|detail| ParseFailure::unreadable("RTF", detail))?;
        let mut warnings = read.warnings;
        if read.writer.is_empty() {
            warnings.push("the document holds no text".to_owned());
        }
        let (markdown, blocks) = read.writer.finish();
        Ok(Draft { markdown, blocks, pages: 1, warnings, ..Draft::default() })
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
