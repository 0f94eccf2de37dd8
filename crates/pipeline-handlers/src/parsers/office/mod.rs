//! Word and PowerPoint files, new and old → Markdown.

pub(crate) mod assembly;
pub(crate) mod chart;
pub(crate) mod content;
mod diagram;
mod docx;
mod latex;
mod legacy;
pub(crate) mod line;
mod math_tree;
mod numerals;
pub(crate) mod package;
mod pptx;
mod symbol_font;
mod symbols;
mod word_counts;

use crate::draft::Draft;
use crate::failure::ParseFailure;
use crate::format::Format;
use crate::parser::{Input, Isolation, Parser};

/// Reads DOCX, PPTX, DOC and PPT.
#[derive(Debug, Clone, Copy, Default)]
pub struct OfficeParser;

impl Parser for OfficeParser {
    fn name(&self) -> &'static str {
        "office"
    }

    fn version(&self) -> &'static str {
        "3+undoc-0.27.1"
    }

    fn formats(&self) -> &'static [Format] {
        &[Format::Docx, Format::Pptx, Format::Doc, Format::Ppt]
    }

    fn isolation(&self) -> Isolation {
        Isolation::Child
    }

    fn parse(&self, input: Input<'_>) -> Result<Draft, ParseFailure> {
        let mut draft = match input.format {
            Format::Docx => docx::parse(&input),
            Format::Pptx => pptx::parse(&input),
            _ => legacy::parse(&input),
        }?;
        if draft.blocks.is_empty() {
            let what =
                if input.options.pages.is_some() { "the pages that were asked for hold" } else { "the file holds" };
            draft.warnings.push(format!("{what} no text"));
        }
        Ok(draft)
    }
}
