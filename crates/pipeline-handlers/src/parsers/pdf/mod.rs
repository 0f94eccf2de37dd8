//! PDF with a text layer → blocks with pages and boxes, and Markdown with page markers.
//!
//! The crate `unpdf` interprets the pages: fonts, text, columns, tables. What is made of its lines is decided here, with
//! the whole document in view: `furniture` takes off running heads, `headings` and `levels` find the headings,
//! `assemble` puts it all in order.

mod assemble;
mod direction;
mod excerpt;
mod frame;
mod furniture;
mod headings;
mod labels;
mod levels;
mod links;
mod look;
mod markdown;
mod outline;
mod page;
mod profile;
mod prose;
mod quality;
mod reader;
mod rules;
mod tables;
mod tags;
mod view;
mod wording;

use unpdf::ErrorKind;

use crate::draft::Draft;
use crate::failure::ParseFailure;
use crate::format::Format;
use crate::parser::{Input, Isolation, Parser};

/// Reads PDF.
#[derive(Debug, Clone, Copy, Default)]
pub struct PdfParser;

impl Parser for PdfParser {
    fn name(&self) -> &'static str {
        "pdf"
    }

    fn version(&self) -> &'static str {
        "4+unpdf-0.52.1"
    }

    fn formats(&self) -> &'static [Format] {
        &[Format::Pdf]
    }

    fn isolation(&self) -> Isolation {
        Isolation::Child
    }

    fn parse(&self, input: Input<'_>) -> Result<Draft, ParseFailure> {
        reader::read(input)
    }
}

fn refused(error: unpdf::Error) -> ParseFailure {
    match error.kind() {
        ErrorKind::Encrypted | ErrorKind::InvalidPassword => ParseFailure::encrypted("PDF"),
        _ => ParseFailure::unreadable("PDF", error),
    }
}
