//! What a parser gives, and how it becomes a document.

use millrace_domain::document::{Block, HtmlNode, PageInfo, ParsedDocument, Quality, RowsRef, SheetCells};
use serde_json::{Map, Value};

/// What a parser gives; the registry adds the parser's name and version.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Draft {
    /// The whole text as Markdown.
    pub markdown: String,
    /// The same content in pieces.
    pub blocks: Vec<Block>,
    /// Pages, slides or sheets; 1 where the format has none.
    pub pages: u32,
    /// What was left out or looks wrong, for people.
    pub warnings: Vec<String>,
    /// Rows of tabular files.
    pub rows: Option<Vec<Map<String, Value>>>,
    /// Where all rows are, when `rows` holds the first of them only.
    pub rows_ref: Option<RowsRef>,
    /// The value of a file that is data (YAML, XML), or the fields of one that has some (a message's header).
    pub data: Option<Value>,
    /// Pages, where more is known of them than their number.
    pub page_info: Vec<PageInfo>,
    /// How far the whole can be trusted, where the parser can tell.
    pub quality: Option<Quality>,
    /// The cells of a workbook at their addresses.
    pub sheets: Vec<SheetCells>,
    /// The elements of an HTML page.
    pub html: Vec<HtmlNode>,
}

/// Finishes a draft: names the parser, puts blocks without a page on the only one, and removes what stores of JSON cannot hold.
pub(crate) fn finish(draft: Draft, parser: &str, version: &str) -> ParsedDocument {
    let mut document = ParsedDocument {
        markdown: draft.markdown,
        blocks: draft.blocks,
        pages: draft.pages,
        warnings: draft.warnings,
        parser: parser.to_owned(),
        version: version.to_owned(),
        rows: draft.rows,
        rows_ref: draft.rows_ref,
        data: draft.data,
        page_info: draft.page_info,
        quality: draft.quality,
        sheets: draft.sheets,
        html: draft.html,
    };
    if document.pages <= 1 {
        // A format without pages is one page: every block, and every citation, has a page to name.
        document.blocks.iter_mut().for_each(|block| block.page = block.page.max(1));
    }
    crate::finite::settle(&mut document);
    if crate::nul::strip_document(&mut document) {
        document.warnings.push("NUL characters were removed".to_owned());
    }
    document
}
