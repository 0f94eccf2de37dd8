//! Word and PowerPoint files, new and old → Markdown.

use undoc::render::{RenderOptions, to_markdown};
use undoc::{Document, ErrorKind, SectionMarkerStyle};

use crate::blocks::{Markers, scan};
use crate::failure::ParseFailure;
use crate::format::Format;
use crate::parser::{Draft, Input, Isolation, Parser};
use crate::registry::too_many_pages;

/// Reads DOCX, PPTX, DOC and PPT.
#[derive(Debug, Clone, Copy, Default)]
pub struct OfficeParser;

impl Parser for OfficeParser {
    fn name(&self) -> &'static str {
        "office"
    }

    fn version(&self) -> &'static str {
        "1+undoc-0.27.1"
    }

    fn formats(&self) -> &'static [Format] {
        &[Format::Docx, Format::Pptx, Format::Doc, Format::Ppt]
    }

    fn isolation(&self) -> Isolation {
        Isolation::Child
    }

    fn parse(&self, input: Input<'_>) -> Result<Draft, ParseFailure> {
        let label = input.format.label();
        let document = undoc::parse_bytes(input.bytes).map_err(|error| refused(label, &error))?;
        let pages = pages_of(&document, input.format);
        if pages > input.limits.max_pages {
            return Err(too_many_pages(pages, input.limits));
        }
        let rendering = RenderOptions {
            section_markers: SectionMarkerStyle::Comment,
            max_heading_level: 6,
            // The picture files are not written anywhere, so a link to them would lead nowhere.
            include_images: false,
            ..RenderOptions::default()
        };
        let markdown = to_markdown(&document, &rendering).map_err(|error| refused(label, &error))?;
        let blocks = scan(&markdown, Markers::Trusted);
        let mut warnings = Vec::new();
        if blocks.is_empty() {
            warnings.push("the file holds no text".to_owned());
        }
        Ok(Draft { markdown, blocks, pages, warnings, rows: None })
    }
}

/// Slides of a presentation. Word files have no pages until something prints them.
fn pages_of(document: &Document, format: Format) -> u32 {
    match format {
        Format::Pptx | Format::Ppt => u32::try_from(document.sections.len()).unwrap_or(u32::MAX).max(1),
        _ => 1,
    }
}

fn refused(label: &str, error: &undoc::Error) -> ParseFailure {
    match error.kind() {
        ErrorKind::Encrypted => ParseFailure::encrypted(label),
        _ => ParseFailure::unreadable(label, error),
    }
}
