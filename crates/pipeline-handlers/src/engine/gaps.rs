//! Pages of a PDF that are pictures, while others have text: found in what one engine made, and filled in by another.

use std::collections::HashMap;

use bytes::Bytes;
use millrace_domain::document::{Block, PageInfo, ParsedDocument};
use millrace_domain::parse_options::PageRanges;
use serde::Deserialize;

use super::markdown;
use crate::failure::ParseFailure;
use crate::limits::ParserLimits;
use crate::output;

/// The part of a document that tells.
#[derive(Deserialize)]
struct Pages {
    #[serde(default)]
    page_info: Vec<PageInfo>,
}

/// The pages that are pictures; `None` when there are none.
pub(super) fn pages_without_text(document: &[u8]) -> Option<PageRanges> {
    let Pages { page_info } = serde_json::from_slice(document).ok()?;
    PageRanges::of_pages(page_info.iter().filter(|info| info.text_layer == Some(false)).map(|info| info.page))
}

/// Puts what another engine made of the missing pages in their places.
///
/// # Errors
/// `output_too_large`; a document that cannot be read.
pub(super) fn fill(
    document: &[u8],
    filling: &[u8],
    gaps: &PageRanges,
    limits: &ParserLimits,
) -> Result<Bytes, ParseFailure> {
    let document = read(document)?;
    let filling = read(filling)?;
    let mut filled = merge(document, filling, gaps);
    // What the parser of PDFs says of the pages that are filled now.
    filled.warnings.retain(|warning| !warning.contains("and reading them needs OCR"));
    filled.warnings.push(format!("pages {gaps} have no text layer; their text was recognised"));
    Ok(output::to_json(&filled, limits)?.into())
}

/// Says in a document that its missing pages stay missing, and why.
///
/// # Errors
/// As [`fill`].
pub(super) fn leave(
    document: &[u8],
    gaps: &PageRanges,
    code: &str,
    reason: &str,
    limits: &ParserLimits,
) -> Result<Bytes, ParseFailure> {
    let mut document = read(document)?;
    document.warnings.push(format!("pages {gaps} have no text layer and could not be recognised ({code}): {reason}"));
    Ok(output::to_json(&document, limits)?.into())
}

fn read(document: &[u8]) -> Result<ParsedDocument, ParseFailure> {
    serde_json::from_slice(document).map_err(|error| ParseFailure::unreadable("parsed", error))
}

fn merge(document: ParsedDocument, filling: ParsedDocument, gaps: &PageRanges) -> ParsedDocument {
    let is_gap = |page: u32| gaps.contains(page);
    let mut blocks: Vec<Block> = document.blocks.into_iter().filter(|block| !is_gap(block.page)).collect();
    blocks.extend(filling.blocks.into_iter().filter(|block| is_gap(block.page)));
    // Stable: within a page the order of its engine stays. What is on no page (fields of forms) comes last.
    let place = |page: u32| if page == 0 { u32::MAX } else { page };
    blocks.sort_by_key(|block| place(block.page));
    let mut parts: Vec<(u32, &str)> =
        markdown::pages(&document.markdown).into_iter().filter(|(page, _)| !is_gap(*page)).collect();
    parts.extend(markdown::pages(&filling.markdown).into_iter().filter(|(page, _)| is_gap(*page)));
    parts.sort_by_key(|(page, _)| place(*page));
    let text = parts.iter().map(|(_, part)| part.trim_end()).collect::<Vec<_>>().join("\n\n");
    let mut known: HashMap<u32, PageInfo> = filling.page_info.into_iter().map(|info| (info.page, info)).collect();
    let page_info = document.page_info.into_iter().map(|info| match known.remove(&info.page) {
        Some(filled) if is_gap(info.page) => PageInfo { size: filled.size.or(info.size), ..filled },
        _ => info,
    });
    ParsedDocument {
        markdown: text + "\n",
        blocks,
        page_info: page_info.collect(),
        warnings: [document.warnings, filling.warnings].concat(),
        parser: format!("{}+{}", document.parser, filling.parser),
        version: format!("{}+{}", document.version, filling.version),
        // The whole is as good as its worst part.
        quality: match (document.quality, filling.quality) {
            (Some(one), Some(other)) => Some(if one.score <= other.score { one } else { other }),
            (one, other) => one.or(other),
        },
        ..document
    }
}

#[cfg(test)]
mod tests {
    use millrace_domain::document::{BlockKind, Quality};

    use super::*;

    fn document(parser: &str, pages: &[(u32, &str, bool)]) -> ParsedDocument {
        let blocks: Vec<_> = pages
            .iter()
            .filter(|(_, text, _)| !text.is_empty())
            .map(|(page, text, _)| Block { page: *page, ..Block::new(BlockKind::Paragraph, *text) })
            .collect();
        let page_info = pages.iter().map(|(page, _, layer)| PageInfo {
            page: *page,
            size: None,
            text_layer: Some(*layer),
            quality: (!layer).then(|| Quality::of(0.9)),
        });
        ParsedDocument {
            markdown: markdown::write(&blocks),
            page_info: page_info.collect(),
            blocks,
            pages: 3,
            parser: parser.into(),
            version: "1".into(),
            ..ParsedDocument::default()
        }
    }

    #[test]
    fn recognised_pages_take_their_places() {
        let limits = ParserLimits::default();
        let text = document("pdf", &[(1, "first", true), (2, "", false), (3, "third", true)]);
        let bytes = output::to_json(&text, &limits).expect("JSON");
        let gaps = pages_without_text(&bytes).expect("a gap");
        assert_eq!(gaps.to_string(), "2");
        // An engine that reads more than it was asked for changes nothing else.
        let more = document("tesseract", &[(1, "WRONG", false), (2, "second", false)]);
        let filled = fill(&bytes, &output::to_json(&more, &limits).expect("JSON"), &gaps, &limits).expect("filled");
        let filled: ParsedDocument = serde_json::from_slice(&filled).expect("JSON");
        let texts: Vec<_> = filled.blocks.iter().map(|block| (block.page, block.text.as_str())).collect();
        assert_eq!(texts, [(1, "first"), (2, "second"), (3, "third")]);
        assert_eq!(
            filled.markdown,
            "<!-- page 1 -->\n\nfirst\n\n<!-- page 2 -->\n\nsecond\n\n<!-- page 3 -->\n\nthird\n"
        );
        assert_eq!(filled.parser, "pdf+tesseract");
        assert_eq!(filled.page_info[1].quality, Some(Quality::of(0.9)));
        assert_eq!(filled.page_info[0].quality, None);
        assert!(filled.warnings[0].contains("pages 2"), "{:?}", filled.warnings);
    }

    #[test]
    fn documents_without_gaps_are_left_alone() {
        let limits = ParserLimits::default();
        let text = document("pdf", &[(1, "first", true)]);
        assert_eq!(pages_without_text(&output::to_json(&text, &limits).expect("JSON")), None);
        assert_eq!(pages_without_text(b"{}"), None);
    }
}
