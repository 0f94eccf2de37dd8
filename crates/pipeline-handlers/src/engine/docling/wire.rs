//! A result as docling-serve writes it.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What the service answers.
#[derive(Deserialize)]
pub(super) struct Body {
    #[serde(default)]
    pub(super) document: Option<Exported>,
    #[serde(default)]
    pub(super) status: String,
    #[serde(default)]
    pub(super) errors: Vec<ErrorItem>,
    #[serde(default)]
    pub(super) confidence: Option<Confidence>,
}

/// The document in the forms that were asked for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Exported {
    pub(super) md_content: Option<String>,
    pub(super) json_content: Option<Document>,
}

/// What went wrong at a place of the file.
#[derive(Deserialize)]
pub(super) struct ErrorItem {
    #[serde(default)]
    pub(super) error_message: String,
    #[serde(default)]
    pub(super) page_no: Option<u32>,
}

/// Scores are null where a model did not run.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Confidence {
    pub(super) mean_score: Option<f32>,
    pub(super) pages: BTreeMap<String, PageConfidence>,
}

/// Of one page.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct PageConfidence {
    pub(super) mean_score: Option<f32>,
}

/// A `DoclingDocument`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Document {
    pub(super) version: String,
    pub(super) body: Node,
    pub(super) groups: Vec<Node>,
    pub(super) texts: Vec<Node>,
    pub(super) tables: Vec<Node>,
    pub(super) pictures: Vec<Node>,
    pub(super) pages: BTreeMap<String, Page>,
}

/// An item of any kind; what items of a kind have is optional.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Node {
    pub(super) children: Vec<Reference>,
    pub(super) label: String,
    pub(super) text: String,
    pub(super) level: Option<u8>,
    pub(super) prov: Vec<Provenance>,
    pub(super) captions: Vec<Reference>,
    pub(super) data: Option<Grid>,
    /// `body`, or `furniture` for what is printed on every page.
    pub(super) content_layer: String,
}

/// A JSON pointer to an item.
#[derive(Deserialize)]
pub(super) struct Reference {
    #[serde(rename = "$ref", alias = "cref")]
    pub(super) pointer: String,
}

/// Where an item is.
#[derive(Deserialize)]
pub(super) struct Provenance {
    pub(super) page_no: u32,
    #[serde(default)]
    pub(super) bbox: Option<BoundingBox>,
}

/// A box in points.
#[derive(Deserialize)]
pub(super) struct BoundingBox {
    pub(super) l: f32,
    pub(super) t: f32,
    pub(super) r: f32,
    pub(super) b: f32,
    #[serde(default)]
    pub(super) coord_origin: String,
}

/// The cells of a table.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Grid {
    pub(super) table_cells: Vec<Cell>,
    pub(super) num_rows: usize,
    pub(super) num_cols: usize,
}

/// A cell, which may span several rows and columns.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) start_row_offset_idx: usize,
    pub(super) end_row_offset_idx: usize,
    pub(super) start_col_offset_idx: usize,
    pub(super) end_col_offset_idx: usize,
    pub(super) column_header: bool,
}

/// A page of the file.
#[derive(Deserialize)]
pub(super) struct Page {
    pub(super) page_no: u32,
    #[serde(default)]
    pub(super) size: Option<Size>,
}

/// Its sides, in points.
#[derive(Deserialize)]
pub(super) struct Size {
    pub(super) width: f32,
    pub(super) height: f32,
}
