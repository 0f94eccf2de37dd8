//! PDF with a text layer → Markdown with page markers.

use std::collections::HashSet;

use unpdf::render::{PageMarkerStyle, RenderOptions, to_markdown};
use unpdf::{ErrorKind, ParseOptions, PdfParser as PdfReader};

use crate::blocks::{Markers, scan};
use crate::failure::{FailureCode, ParseFailure};
use crate::format::Format;
use crate::parser::{Draft, Input, Isolation, Parser};
use crate::registry::too_many_pages;

/// Reads PDF.
#[derive(Debug, Clone, Copy, Default)]
pub struct PdfParser;

impl Parser for PdfParser {
    fn name(&self) -> &'static str {
        "pdf"
    }

    fn version(&self) -> &'static str {
        "1+unpdf-0.52.1"
    }

    fn formats(&self) -> &'static [Format] {
        &[Format::Pdf]
    }

    fn isolation(&self) -> Isolation {
        Isolation::Child
    }

    fn parse(&self, input: Input<'_>) -> Result<Draft, ParseFailure> {
        let options = ParseOptions::default().sequential().lenient();
        let reader = PdfReader::from_bytes_with_options(input.bytes, options).map_err(refused)?;
        // The page tree is cheap; the pages are not.
        let pages = reader.page_count();
        if pages > input.limits.max_pages {
            return Err(too_many_pages(pages, input.limits));
        }
        if pages == 0 {
            return Err(ParseFailure::unreadable("PDF", "it has no pages"));
        }
        let document = reader.parse().map_err(refused)?;
        let rendering = RenderOptions { page_markers: PageMarkerStyle::Comment, ..RenderOptions::default() };
        let markdown = to_markdown(&document, &rendering).map_err(refused)?;
        let blocks = scan(&markdown, Markers::Trusted);
        if !blocks.iter().any(|block| block.text.chars().any(char::is_alphanumeric)) {
            return Err(ParseFailure::new(
                FailureCode::NoTextLayer,
                "the PDF has no text layer: its pages are pictures, and reading them needs OCR",
            ));
        }
        let mut warnings = warnings(&document.extraction_quality);
        let read: HashSet<u32> = blocks.iter().map(|block| block.page).collect();
        let silent = pages.saturating_sub(u32::try_from(read.len()).unwrap_or(u32::MAX));
        if silent > 0 {
            warnings.push(format!("{silent} of {pages} pages have no text layer: they are blank, or pictures"));
        }
        Ok(Draft { markdown, blocks, pages, warnings, ..Draft::default() })
    }
}

fn refused(error: unpdf::Error) -> ParseFailure {
    match error.kind() {
        ErrorKind::Encrypted | ErrorKind::InvalidPassword => ParseFailure::encrypted("PDF"),
        _ => ParseFailure::unreadable("PDF", error),
    }
}

/// What of the document did not make it into the text.
fn warnings(quality: &unpdf::model::ExtractionQuality) -> Vec<String> {
    let mut warnings = Vec::new();
    if quality.pages_incomplete {
        warnings.push("the file is damaged and some pages are missing".to_owned());
    }
    if quality.undecodable_content_streams > 0 {
        warnings.push(format!("{} content streams could not be decoded", quality.undecodable_content_streams));
    }
    if quality.suppressed_text_runs > 0 {
        warnings.push(format!("{} pieces of text have fonts that cannot be decoded", quality.suppressed_text_runs));
    }
    if quality.suppressed_ocr_pages > 0 {
        warnings.push(format!("the text layer of {} scanned pages is unreadable", quality.suppressed_ocr_pages));
    }
    if quality.replacement_char_count > 0 {
        warnings.push(format!("{} characters could not be decoded", quality.replacement_char_count));
    }
    warnings
}
