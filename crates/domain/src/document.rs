//! A document as every parser gives it, whatever the file was.

use serde::{Deserialize, Serialize};

/// What a block of a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    /// A heading; `level` says which.
    Heading,
    /// Running text.
    Paragraph,
    /// One item of a list.
    ListItem,
    /// A table; `table` holds the cells.
    Table,
    /// Code or preformatted text.
    Code,
    /// A picture, with its description as text.
    Image,
}

/// A table: rows of cell texts. The first row is the header where the file says so.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TableBlock {
    /// Whether `rows[0]` is a header.
    pub has_header: bool,
    /// Rows from top to bottom; every row has the same number of cells.
    pub rows: Vec<Vec<String>>,
}

/// One block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// Its plain text.
    pub text: String,
    /// Page, slide or sheet, from 1; 0 where the format has none.
    pub page: u32,
    /// Left, top, right, bottom in points from the page's top left corner, where the parser knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bbox: Option<[f32; 4]>,
    /// Heading level, 1–6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<u8>,
    /// The cells of a table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<TableBlock>,
}

/// What a parser gives.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ParsedDocument {
    /// The whole text as Markdown.
    pub markdown: String,
    /// The same content in pieces, in reading order.
    pub blocks: Vec<Block>,
    /// Pages, slides or sheets; 1 where the format has none.
    pub pages: u32,
    /// What was left out or looks wrong, for people.
    pub warnings: Vec<String>,
    /// Name of the parser.
    pub parser: String,
    /// Version of the parser; a new one makes stored artifacts stale.
    pub version: String,
    /// Rows of a CSV file or of sheets as objects keyed by the header; cells are text unless the file typed them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<serde_json::Map<String, serde_json::Value>>>,
    /// The value of a data file (YAML, XML) or the fields of a file that has some (the header of a message). The value
    /// of a JSON file is its `markdown`, digit for digit, and not repeated here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<serde_json::Value>,
}
