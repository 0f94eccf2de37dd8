//! Word and PowerPoint files, new and old → Markdown.

pub(crate) mod assembly;
pub(crate) mod chart;
pub(crate) mod content;
mod diagram;
mod docx;
mod latex;
pub(crate) mod line;
mod math_tree;
mod numerals;
pub(crate) mod package;
mod pptx;
mod symbol_font;
mod symbols;
pub(crate) mod xml;

use undoc::render::{RenderOptions, to_markdown};
use undoc::{Document, ErrorKind, SectionMarkerStyle};

use crate::blocks::{Markers, scan};
use crate::failure::{FailureCode, ParseFailure};
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
        "2+undoc-0.27.1"
    }

    fn formats(&self) -> &'static [Format] {
        &[Format::Docx, Format::Pptx, Format::Doc, Format::Ppt]
    }

    fn isolation(&self) -> Isolation {
        Isolation::Child
    }

    fn parse(&self, input: Input<'_>) -> Result<Draft, ParseFailure> {
        match input.format {
            Format::Docx => return docx::parse(&input),
            Format::Pptx => return pptx::parse(&input),
            _ => {}
        }
        let label = input.format.label();
        let mut document = undoc::parse_bytes(input.bytes).map_err(|error| refused(label, &error))?;
        let pages = pages_of(&document, input.format);
        if pages > input.limits.max_pages {
            return Err(too_many_pages(pages, input.limits));
        }
        drop_generated_names(&mut document);
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
        Ok(Draft { markdown, blocks, pages, warnings, ..Draft::default() })
    }
}

/// Slides of a presentation. Word files have no pages until something prints them.
fn pages_of(document: &Document, format: Format) -> u32 {
    match format {
        Format::Pptx | Format::Ppt => u32::try_from(document.sections.len()).unwrap_or(u32::MAX).max(1),
        _ => 1,
    }
}

/// "Slide 3" says nothing that the marker does not, and would become a heading that nobody wrote.
fn drop_generated_names(document: &mut Document) {
    for section in &mut document.sections {
        let number = (section.index + 1).to_string();
        let is_generated =
            section.name.as_deref().and_then(|name| name.strip_prefix("Slide ")).is_some_and(|rest| rest == number);
        if is_generated {
            section.name = None;
        }
    }
}

fn refused(label: &str, error: &undoc::Error) -> ParseFailure {
    match error.kind() {
        ErrorKind::Encrypted => ParseFailure::encrypted(label),
        // The reader has a guard of its own, stricter on small parts than ours.
        ErrorKind::ZipArchive if error.to_string().contains("decompression bomb") => ParseFailure::new(
            FailureCode::ArchiveTooLarge,
            "the archive is too large: a part inflates far beyond its size",
        ),
        _ => ParseFailure::unreadable(label, error),
    }
}
