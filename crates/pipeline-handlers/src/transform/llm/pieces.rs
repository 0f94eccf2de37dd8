//! The parts that a document is asked about in: as much text as fits, or page by page beside their pictures.

use std::collections::{BTreeMap, BTreeSet};

use millrace_domain::TaskFailure;
use millrace_domain::document::ParsedDocument;

use super::call::IMAGE_TOKENS;
use super::chunks::{self, Chunk};
use super::failures::permanent;
use super::run::{Piece, Run};

/// The parts of the document, each small enough for a request.
///
/// # Errors
/// `document_empty`, `document_too_long`, `context_too_small`, `too_many_page_images`.
pub(super) fn pieces(run: &Run<'_>, document: &ParsedDocument) -> Result<Vec<Piece>, TaskFailure> {
    let shown = shown(run, document)?;
    let pieces: Vec<Piece> = if shown.is_empty() {
        let cut = chunks::split(&document.markdown, run.room(0)?).into_iter();
        cut.filter(|chunk| !chunk.text.trim().is_empty()).map(|chunk| Piece { chunk, page: None }).collect()
    } else {
        by_page(document, shown, run.room(IMAGE_TOKENS)?)
    };
    let most = run.parts.settings.max_chunks;
    if pieces.is_empty() {
        return Err(permanent("document_empty", "the document has no text to ask about"));
    }
    if pieces.len() > most as usize {
        return Err(permanent(
            "document_too_long",
            format!("the document would have to be cut into {} parts; llm.max_chunks is {most}", pieces.len()),
        ));
    }
    Ok(pieces)
}

/// The pages whose pictures are shown: those that were parsed. None is left out in silence.
fn shown(run: &Run<'_>, document: &ParsedDocument) -> Result<BTreeSet<u32>, TaskFailure> {
    if !run.options.images {
        return Ok(BTreeSet::new());
    }
    let Some(source) = &run.input.images else {
        run.warn("this kind of file cannot be shown as images; the model was given its text".to_owned());
        return Ok(BTreeSet::new());
    };
    let mut pages: BTreeSet<u32> = document.page_info.iter().map(|info| info.page).collect();
    if pages.is_empty() {
        pages.extend(1..=document.pages.max(1));
    }
    let most = source.max_pages();
    if pages.len() > most as usize {
        return Err(permanent(
            "too_many_page_images",
            format!(
                "the document has {} pages; llm.images.max_pages is {most}: parse fewer with the option `pages`, or do without \
                 `images`",
                pages.len()
            ),
        ));
    }
    Ok(pages)
}

/// One part for each page that is shown, with the text of the page; text that is too long goes on without the picture,
/// as does that of pages that are not shown.
fn by_page(document: &ParsedDocument, shown: BTreeSet<u32>, room: u32) -> Vec<Piece> {
    let only = document.pages <= 1;
    let mut texts: BTreeMap<u32, String> = BTreeMap::new();
    if only {
        texts.insert(1, document.markdown.clone());
    }
    for block in document.blocks.iter().filter(|_| !only) {
        let text = texts.entry(block.page).or_default();
        text.push_str(&block.text);
        text.push_str("\n\n");
    }
    for page in &shown {
        texts.entry(*page).or_default();
    }
    let mut pieces = Vec::new();
    for (page, text) in texts {
        let mut page = Some(page).filter(|page| shown.contains(page));
        let mut chunks = chunks::split(&text, room);
        if chunks.is_empty() {
            chunks.push(Chunk::whole(""));
        }
        for chunk in chunks {
            let page = page.take();
            if page.is_some() || !chunk.text.trim().is_empty() {
                pieces.push(Piece { chunk, page });
            }
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use millrace_domain::document::{Block, BlockKind};

    use super::*;

    #[test]
    fn every_shown_page_is_a_part_with_its_text() {
        let block = |page, text: &str| Block { page, ..Block::new(BlockKind::Paragraph, text) };
        let blocks = vec![block(1, "one"), block(3, "three"), block(3, "more"), block(4, "four")];
        let document = ParsedDocument { pages: 4, blocks, ..ParsedDocument::default() };
        let pieces = by_page(&document, BTreeSet::from([1, 2, 3]), 1_000);
        let told: Vec<_> = pieces.iter().map(|piece| (piece.page, piece.chunk.text.trim())).collect();
        assert_eq!(told, [(Some(1), "one"), (Some(2), ""), (Some(3), "three\n\nmore"), (None, "four")]);
        // Only the first part of a long page is shown with its picture.
        let long = ParsedDocument { markdown: "words and words\n\n".repeat(50), pages: 1, ..ParsedDocument::default() };
        let pages: Vec<_> = by_page(&long, BTreeSet::from([1]), 70).iter().map(|piece| piece.page).collect();
        assert!(pages.len() > 2 && pages[0] == Some(1) && pages[1..].iter().all(Option::is_none), "{pages:?}");
    }
}
