//! What holds of every document, whatever the file was.

use millrace_domain::document::{Block, ParsedDocument};

use crate::limits::LIMITS;

/// Checks what the rest of the product relies on.
///
/// # Panics
/// When something does not hold: a finding.
pub(crate) fn document(document: &ParsedDocument) {
    assert!(document.pages <= LIMITS.max_pages, "{} pages", document.pages);
    assert!(!document.markdown.contains('\0'), "U+0000 in the text");
    for block in &document.blocks {
        check_block(block, document.pages);
    }
    for info in &document.page_info {
        assert!((1..=document.pages).contains(&info.page), "page {} of {}", info.page, document.pages);
    }
    for (index, node) in document.html.iter().enumerate() {
        assert_eq!(node.parent.is_none(), index == 0, "an element without a parent that is not the root");
        assert!(node.parent.is_none_or(|parent| (parent as usize) < index), "an element before its parent");
    }
    // Stored and read again by whatever runs the rule: numbers that JSON does not know would be lost there.
    let json = serde_json::to_vec(document).expect("a document is JSON");
    let read: ParsedDocument = serde_json::from_slice(&json).expect("JSON that is read again");
    assert_eq!(read.blocks.len(), document.blocks.len());
    assert_eq!(read.markdown, document.markdown);
}

fn check_block(block: &Block, pages: u32) {
    assert!(block.page <= pages.max(1), "a block on page {} of {pages}", block.page);
    assert!(block.level.is_none_or(|level| (1..=6).contains(&level)), "level {:?}", block.level);
    assert!(block.confidence.is_none_or(|score| (0.0..=1.0).contains(&score)), "{:?}", block.confidence);
    assert!(!block.text.contains('\0'), "U+0000 in a block");
    if let Some(table) = &block.table {
        let width = table.rows.first().map_or(0, Vec::len);
        assert!(table.rows.iter().all(|row| row.len() == width), "rows of different lengths");
    }
}
