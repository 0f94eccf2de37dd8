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
    /// Left, top, right, bottom from the page's top left corner, where the parser knows it: in points, or in pixels
    /// where the page is an image without a resolution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bbox: Option<[f32; 4]>,
    /// Heading level, 1–6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<u8>,
    /// The cells of a table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<TableBlock>,
    /// How sure the parser is of the text, 0–1; only parsers that recognise (OCR, layout models) say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f32>,
}

impl Block {
    /// A block of plain text, of a format without pages.
    pub fn new(kind: BlockKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), page: 0, bbox: None, level: None, table: None, confidence: None }
    }
}

/// How far a text can be trusted, from a score between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QualityGrade {
    /// Below 0.5: most of it is likely wrong or missing.
    Poor,
    /// From 0.5.
    Fair,
    /// From 0.8.
    Good,
    /// From 0.95.
    Excellent,
}

impl QualityGrade {
    /// The grade of a score.
    pub fn of(score: f32) -> Self {
        match score {
            score if score >= 0.95 => Self::Excellent,
            score if score >= 0.8 => Self::Good,
            score if score >= 0.5 => Self::Fair,
            _ => Self::Poor,
        }
    }
}

/// A score with its grade.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// 0 (nothing is right) to 1 (nothing seems wrong).
    pub score: f32,
    /// The score in a word.
    pub grade: QualityGrade,
}

impl Quality {
    /// A score, graded.
    pub fn of(score: f32) -> Self {
        let score = score.clamp(0.0, 1.0);
        Self { score, grade: QualityGrade::of(score) }
    }
}

/// What is known of one page, slide or sheet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PageInfo {
    /// Its number, from 1.
    pub page: u32,
    /// Width and height in the unit of the boxes on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<[f32; 2]>,
    /// Whether its text came from the file itself; `Some(false)` is a picture of a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_layer: Option<bool>,
    /// How far its text can be trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
}

/// Filled cells side by side in one row of a sheet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellRun {
    /// The row, from 1.
    pub row: u32,
    /// The column of the first cell, from 1.
    pub column: u32,
    /// Typed where the file typed them; dates as ISO 8601 text.
    pub cells: Vec<serde_json::Value>,
}

/// The filled cells of a sheet at their addresses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SheetCells {
    /// Place of the sheet in the workbook, from 1: the `page` of its blocks.
    pub page: u32,
    /// Its name.
    pub name: String,
    /// From top to bottom and left to right.
    pub runs: Vec<CellRun>,
}

/// An element of an HTML page, or a piece of its text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HtmlNode {
    /// Index of the parent, always less than the node's own; absent for the root.
    #[serde(default, rename = "p", skip_serializing_if = "Option::is_none")]
    pub parent: Option<u32>,
    /// Name of the element in lower case; empty for text.
    #[serde(default, rename = "t", skip_serializing_if = "String::is_empty")]
    pub tag: String,
    /// Attributes by their names in lower case.
    #[serde(default, rename = "a", skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<(String, String)>,
    /// The text of a text.
    #[serde(default, rename = "x", skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// The rows of a table too large for one JSON value: they are in an artifact of kind `rows`, one object a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowsRef {
    /// How many rows.
    pub rows: u64,
    /// Bytes of the artifact.
    pub size: u64,
    /// Its SHA-256 in lowercase hex.
    pub sha256: String,
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
    /// Set when there are too many rows: `rows`, the Markdown and the blocks hold the first of them only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows_ref: Option<RowsRef>,
    /// The value of a data file (YAML, XML) or the fields of a file that has some (the header of a message). The value
    /// of a JSON file is its `markdown`, digit for digit, and not repeated here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<serde_json::Value>,
    /// Pages, where more is known of them than their number; in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub page_info: Vec<PageInfo>,
    /// How far the whole can be trusted, where the parser can tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
    /// The cells of a workbook, for whoever asks for them by address; absent where there are very many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sheets: Vec<SheetCells>,
    /// The elements of an HTML page in their order, for whoever asks for them by selector; absent where there are very
    /// many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub html: Vec<HtmlNode>,
}
