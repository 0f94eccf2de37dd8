//! Markdown, kept as it is.

use super::text::{decode_some, unix_lines};
use crate::blocks::{Markers, scan};
use crate::failure::ParseFailure;
use crate::format::Format;
use crate::parser::{Draft, Input, Isolation, Parser};

/// Reads Markdown.
#[derive(Debug, Clone, Copy, Default)]
pub struct MarkdownParser;

impl Parser for MarkdownParser {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn formats(&self) -> &'static [Format] {
        &[Format::Markdown]
    }

    fn isolation(&self) -> Isolation {
        Isolation::InProcess
    }

    fn parse(&self, input: Input<'_>) -> Result<Draft, ParseFailure> {
        let decoded = decode_some(input.bytes)?;
        let warnings = decoded.warnings();
        let markdown = unix_lines(decoded.text);
        let blocks = scan(&markdown, Markers::Ignored);
        Ok(Draft { markdown, blocks, pages: 1, warnings, rows: None })
    }
}
