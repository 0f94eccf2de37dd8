//! A document of pages that were read one by one.

use millrace_domain::document::{Block, PageInfo, ParsedDocument, Quality};

use super::NAME;
use super::tsv::Recognised;
use crate::engine::markdown;
use crate::failure::ParseFailure;

/// A page that was read, or why not.
pub(super) struct Page {
    /// From 1.
    pub(super) number: u32,
    /// Width and height in the unit of the boxes.
    pub(super) size: Option<[f32; 2]>,
    /// Its text, or what went wrong.
    pub(super) outcome: Result<Recognised, ParseFailure>,
}

/// Puts pages together; those that were not read are told of.
pub(super) fn document(total: u32, pages: Vec<Page>, version: String) -> ParsedDocument {
    let mut document = ParsedDocument { pages: total, parser: NAME.to_owned(), version, ..ParsedDocument::default() };
    let mut worst: Option<Quality> = None;
    for Page { number, size, outcome } in pages {
        let quality = match outcome {
            Ok(recognised) => {
                document.blocks.extend(recognised.blocks.into_iter().map(|block| Block { page: number, ..block }));
                recognised.quality
            }
            Err(failure) => {
                let code = failure.code.as_str();
                document.warnings.push(format!("page {number} was not read ({code}): {failure}"));
                Some(Quality::of(0.0))
            }
        };
        document.page_info.push(PageInfo { page: number, size, text_layer: Some(false), quality });
        worst = match (worst, quality) {
            (Some(one), Some(other)) if one.score <= other.score => Some(one),
            (one, other) => other.or(one),
        };
    }
    if document.blocks.is_empty() {
        document.warnings.push("no text was recognised".to_owned());
    }
    document.markdown = markdown::write(&document.blocks);
    document.quality = worst;
    document
}
