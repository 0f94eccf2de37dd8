//! Word and PowerPoint files of before 2007 (DOC, PPT) → Markdown.

use undoc::render::{RenderOptions, to_markdown};
use undoc::{Document, ErrorKind, SectionMarkerStyle};

use super::word_counts;
use crate::blocks::{Markers, scan};
use crate::draft::Draft;
use crate::failure::ParseFailure;
use crate::format::Format;
use crate::panics;
use crate::parser::Input;

/// Reads a file.
///
/// # Errors
/// `encrypted_file`, `unreadable_file`, `too_many_pages`.
pub(super) fn parse(input: &Input<'_>) -> Result<Draft, ParseFailure> {
    let label = input.format.label();
    if input.format == Format::Doc && word_counts::are_beyond(input.bytes) {
        return Err(ParseFailure::unreadable(label, "it promises more text than it holds"));
    }
    panics::contained(label, || read(input, label))
}

fn read(input: &Input<'_>, label: &str) -> Result<Draft, ParseFailure> {
    let mut document = undoc::parse_bytes(input.bytes).map_err(|error| refused(label, &error))?;
    let is_slides = input.format == Format::Ppt;
    // Nothing in a DOC file says where its pages end.
    let pages = if is_slides { u32::try_from(document.sections.len()).unwrap_or(u32::MAX).max(1) } else { 1 };
    if pages > input.limits.max_pages {
        return Err(ParseFailure::too_many_pages(pages, input.limits));
    }
    drop_generated_names(&mut document);
    if is_slides {
        document.sections.retain(|section| {
            u32::try_from(section.index).is_ok_and(|index| input.wants_page(index.saturating_add(1)))
        });
    }
    let rendering = RenderOptions {
        section_markers: SectionMarkerStyle::Comment,
        max_heading_level: 6,
        // The picture files are not written anywhere, so a link to them would lead nowhere.
        include_images: false,
        ..RenderOptions::default()
    };
    let markdown = to_markdown(&document, &rendering).map_err(|error| refused(label, &error))?;
    let mut blocks = scan(&markdown, Markers::Trusted);
    for block in &mut blocks {
        block.page = block.page.max(1);
    }
    Ok(Draft { markdown, blocks, pages, ..Draft::default() })
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
        _ => ParseFailure::unreadable(label, error),
    }
}
