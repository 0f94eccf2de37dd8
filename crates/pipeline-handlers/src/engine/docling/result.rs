//! The result of docling-serve: a `DoclingDocument` as JSON (`json_content`) and what the service thinks of it.
//!
//! The document is a tree of references: `body.children` name texts, tables, pictures and groups by JSON pointers such as
//! `#/texts/3`. Boxes are in points; their origin is named, and by default the bottom left corner.

use millrace_domain::document::{Block, BlockKind, PageInfo, Quality, TableBlock};
use millrace_domain::parse_options::PageRanges;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

use crate::blocks::{Markers, scan};
use crate::engine::answer::{Understood, not_understood};
use crate::engine::markdown;
use crate::engine::remote::table;
use crate::failure::{FailureCode, ParseFailure};
use crate::limits::ParserLimits;
use crate::parser::Draft;

/// Name for people.
const SERVICE: &str = "docling-serve";
/// Deepest tree of groups that is followed.
const MAX_DEPTH: usize = 64;
/// Most columns of a table, which counts come from outside.
const MAX_COLUMNS: usize = 1_000;

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    document: Option<Exported>,
    #[serde(default)]
    status: String,
    #[serde(default)]
    errors: Vec<ErrorItem>,
    #[serde(default)]
    confidence: Option<Confidence>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Exported {
    md_content: Option<String>,
    json_content: Option<Document>,
}

#[derive(Deserialize)]
struct ErrorItem {
    #[serde(default)]
    error_message: String,
    #[serde(default)]
    page_no: Option<u32>,
}

/// Scores are null where a model did not run.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Confidence {
    mean_score: Option<f32>,
    pages: BTreeMap<String, PageConfidence>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PageConfidence {
    mean_score: Option<f32>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Document {
    version: String,
    body: Node,
    groups: Vec<Node>,
    texts: Vec<Node>,
    tables: Vec<Node>,
    pictures: Vec<Node>,
    pages: BTreeMap<String, Page>,
}

/// An item of any kind; what items of a kind have is optional.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Node {
    children: Vec<Reference>,
    label: String,
    text: String,
    level: Option<u8>,
    prov: Vec<Provenance>,
    captions: Vec<Reference>,
    data: Option<Grid>,
    /// `body`, or `furniture` for what is printed on every page.
    content_layer: String,
}

#[derive(Deserialize)]
struct Reference {
    #[serde(rename = "$ref", alias = "cref")]
    pointer: String,
}

#[derive(Deserialize)]
struct Provenance {
    page_no: u32,
    #[serde(default)]
    bbox: Option<BoundingBox>,
}

#[derive(Deserialize)]
struct BoundingBox {
    l: f32,
    t: f32,
    r: f32,
    b: f32,
    #[serde(default)]
    coord_origin: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Grid {
    table_cells: Vec<Cell>,
    num_rows: usize,
    num_cols: usize,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Cell {
    text: String,
    start_row_offset_idx: usize,
    end_row_offset_idx: usize,
    start_col_offset_idx: usize,
    end_col_offset_idx: usize,
    column_header: bool,
}

#[derive(Deserialize)]
struct Page {
    page_no: u32,
    #[serde(default)]
    size: Option<Size>,
}

#[derive(Deserialize)]
struct Size {
    width: f32,
    height: f32,
}

/// Reads a result.
///
/// # Errors
/// `unreadable_file` when the service failed at the file, `unsupported_type` when it passed over it; when it is no
/// result.
pub(in crate::engine) fn read(
    bytes: &[u8],
    asked: Option<&PageRanges>,
    limits: &ParserLimits,
) -> Result<Understood, ParseFailure> {
    let body: Body = serde_json::from_slice(bytes).map_err(|error| not_understood(SERVICE, error))?;
    let mut warnings: Vec<String> = body.errors.iter().map(ErrorItem::told).collect();
    match body.status.as_str() {
        "success" | "partial_success" => {}
        "failure" => {
            let detail = warnings.first().map_or("it says no more", String::as_str);
            return Err(ParseFailure::new(FailureCode::UnreadableFile, format!("docling could not read it: {detail}")));
        }
        "skipped" => return Err(ParseFailure::new(FailureCode::UnsupportedType, "docling passes over such files")),
        other => return Err(not_understood(SERVICE, format!("its status is {other:?}"))),
    }
    if body.status == "partial_success" {
        warnings.insert(0, "docling read the file in part only".to_owned());
    }
    let Exported { md_content, json_content } = body.document.unwrap_or_default();
    let confidence = body.confidence.unwrap_or_default();
    let quality = confidence.mean_score.map(Quality::of);
    let Some(document) = json_content else {
        let Some(markdown) = md_content else {
            return Err(not_understood(SERVICE, "it holds neither a document nor Markdown"));
        };
        warnings.push("the service gave Markdown alone: pages and positions are not known".to_owned());
        let blocks = scan(&markdown, Markers::Ignored);
        let draft = Draft { markdown, blocks, pages: 1, warnings, quality, ..Draft::default() };
        return Ok(Understood { draft, version: "1".to_owned() });
    };
    let version = document.version.clone();
    let page_info = document.page_info(&confidence, asked);
    let mut walk = Walk { document: &document, limits, blocks: Vec::new(), pictures: 0, steps: 0 };
    walk.children(&document.body, 0)?;
    let Walk { mut blocks, pictures, .. } = walk;
    blocks.retain(|block| block.page == 0 || asked.is_none_or(|asked| asked.contains(block.page)));
    if pictures > 0 {
        warnings.push(format!("{pictures} pictures are known by their captions only"));
    }
    let last = page_info.iter().map(|info| info.page).chain(blocks.iter().map(|block| block.page)).max();
    let draft = Draft {
        markdown: markdown::write(&blocks),
        blocks,
        pages: last.unwrap_or(1).max(1),
        warnings,
        page_info,
        quality,
        ..Draft::default()
    };
    Ok(Understood { draft, version })
}

impl ErrorItem {
    fn told(&self) -> String {
        let text = crate::engine::remote::told(&self.error_message);
        self.page_no.map_or(text.clone(), |page| format!("page {page}: {text}"))
    }
}

impl Document {
    fn page_info(&self, confidence: &Confidence, asked: Option<&PageRanges>) -> Vec<PageInfo> {
        let mut pages: Vec<PageInfo> = self
            .pages
            .values()
            .filter(|page| asked.is_none_or(|asked| asked.contains(page.page_no)))
            .map(|page| PageInfo {
                page: page.page_no,
                size: page.size.as_ref().map(|size| [size.width, size.height]),
                text_layer: None,
                quality: confidence
                    .pages
                    .get(&page.page_no.to_string())
                    .and_then(|page| page.mean_score)
                    .map(Quality::of),
            })
            .collect();
        // Their keys are texts: 10 comes before 2.
        pages.sort_by_key(|info| info.page);
        pages
    }

    fn find(&self, reference: &Reference) -> Option<(Kind, &Node)> {
        let (kind, index) = reference.pointer.strip_prefix("#/")?.split_once('/')?;
        let index: usize = index.parse().ok()?;
        match kind {
            "groups" => Some((Kind::Group, self.groups.get(index)?)),
            "texts" => Some((Kind::Text, self.texts.get(index)?)),
            "tables" => Some((Kind::Table, self.tables.get(index)?)),
            "pictures" => Some((Kind::Picture, self.pictures.get(index)?)),
            _ => None,
        }
    }

    fn height(&self, page: u32) -> Option<f32> {
        Some(self.pages.get(&page.to_string())?.size.as_ref()?.height)
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Group,
    Text,
    Table,
    Picture,
}

struct Walk<'a> {
    document: &'a Document,
    limits: &'a ParserLimits,
    blocks: Vec<Block>,
    pictures: usize,
    steps: usize,
}

impl Walk<'_> {
    fn children(&mut self, node: &Node, depth: usize) -> Result<(), ParseFailure> {
        let document = self.document;
        let total = document.texts.len() + document.tables.len() + document.pictures.len() + document.groups.len();
        for reference in &node.children {
            self.steps += 1;
            // Every item has one parent. A tree that is none would be walked for ever.
            if depth > MAX_DEPTH || self.steps > total {
                return Err(not_understood(SERVICE, "its items refer to each other in circles"));
            }
            let Some((kind, child)) = document.find(reference) else { continue };
            if child.content_layer != "furniture" {
                self.item(kind, child);
            }
            // The captions of a table or picture are its children as well, and told with it.
            if matches!(kind, Kind::Group | Kind::Text) {
                self.children(child, depth + 1)?;
            }
        }
        Ok(())
    }

    fn item(&mut self, kind: Kind, node: &Node) {
        let place = node.prov.first();
        let page = place.map_or(0, |place| place.page_no);
        let bbox = place.and_then(|place| self.in_points(place));
        let block = |kind, text: &str| Block { page, bbox, ..Block::new(kind, text.trim()) };
        match kind {
            Kind::Group => {}
            Kind::Text if node.text.trim().is_empty() => {}
            Kind::Text => {
                let text = node.text.as_str();
                let made = match node.label.as_str() {
                    "page_header" | "page_footer" => return,
                    "title" => Block { level: Some(1), ..block(BlockKind::Heading, text) },
                    // Below the title, as docling's own Markdown has it.
                    "section_header" => {
                        let level = node.level.unwrap_or(1).saturating_add(1).clamp(1, 6);
                        Block { level: Some(level), ..block(BlockKind::Heading, text) }
                    }
                    "list_item" => block(BlockKind::ListItem, text),
                    "code" => block(BlockKind::Code, text),
                    "formula" => block(BlockKind::Paragraph, &format!("$${text}$$")),
                    _ => block(BlockKind::Paragraph, text),
                };
                self.blocks.push(made);
            }
            Kind::Table => {
                let caption = self.caption(node);
                if !caption.is_empty() {
                    self.blocks.push(block(BlockKind::Paragraph, &caption));
                }
                if let Some(cells) = node.data.as_ref().and_then(|grid| grid.table(self.limits)) {
                    let text = table::text_of(&cells);
                    self.blocks.push(Block { table: Some(cells), ..block(BlockKind::Table, &text) });
                }
            }
            Kind::Picture => {
                self.pictures += 1;
                let caption = self.caption(node);
                if !caption.is_empty() {
                    self.blocks.push(block(BlockKind::Image, &caption));
                }
            }
        }
    }

    fn caption(&self, node: &Node) -> String {
        let found = node.captions.iter().filter_map(|reference| self.document.find(reference));
        found.map(|(_, caption)| caption.text.trim()).collect::<Vec<_>>().join("\n")
    }

    /// A box from the top left corner; `None` where the height of the page is needed and not known.
    fn in_points(&self, place: &Provenance) -> Option<[f32; 4]> {
        let bbox = place.bbox.as_ref()?;
        if bbox.coord_origin == "TOPLEFT" {
            return Some([bbox.l, bbox.t, bbox.r, bbox.b]);
        }
        let height = self.document.height(place.page_no)?;
        Some([bbox.l, height - bbox.t, bbox.r, height - bbox.b])
    }
}

impl Grid {
    /// The cells in rows; cells that span repeat their text. `None` for a table without cells, or of absurd size.
    fn table(&self, limits: &ParserLimits) -> Option<TableBlock> {
        let size = (self.num_rows as u64).checked_mul(self.num_cols as u64)?;
        if size == 0 || self.num_cols > MAX_COLUMNS || size > limits.max_output_bytes / 8 {
            return None;
        }
        let mut rows = vec![vec![String::new(); self.num_cols]; self.num_rows];
        for cell in &self.table_cells {
            let last = cell.end_row_offset_idx.min(self.num_rows);
            for row in rows.get_mut(cell.start_row_offset_idx..last).unwrap_or_default() {
                let last = cell.end_col_offset_idx.min(self.num_cols);
                for slot in row.get_mut(cell.start_col_offset_idx..last).unwrap_or_default() {
                    slot.clone_from(&cell.text);
                }
            }
        }
        let has_header = self.table_cells.iter().any(|cell| cell.column_header && cell.start_row_offset_idx == 0);
        Some(TableBlock { has_header, rows })
    }
}

/// Whether an answer is that of a task that failed, which docling-serve gives with status 200.
pub(super) fn failure_of(answer: &Value) -> Option<&Value> {
    (answer.get("kind")?.as_str()? == "TaskFailureResult").then(|| answer.get("failure"))?
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn understood(body: &Value, asked: Option<&str>) -> Result<Draft, ParseFailure> {
        let asked = asked.map(|text| PageRanges::parse(text).expect("pages"));
        read(body.to_string().as_bytes(), asked.as_ref(), &ParserLimits::default()).map(|understood| understood.draft)
    }

    fn at(page: u32, origin: &str) -> Value {
        json!([{"page_no": page, "bbox": {"l": 10, "t": 700, "r": 100, "b": 650, "coord_origin": origin}}])
    }

    fn body() -> Value {
        json!({
            "status": "success",
            "confidence": {"mean_score": 0.9, "ocr_score": null, "pages": {"1": {"mean_score": 0.97}}},
            "document": {"json_content": {
                "version": "1.7.0",
                "body": {"children": [{"$ref": "#/texts/0"}, {"$ref": "#/texts/1"}, {"$ref": "#/groups/0"}, {"$ref": "#/tables/0"}, {"$ref": "#/pictures/0"}, {"$ref": "#/texts/5"}]},
                "groups": [{"label": "list", "children": [{"$ref": "#/texts/2"}]}],
                "texts": [
                    {"label": "title", "text": "Report", "prov": at(1, "BOTTOMLEFT")},
                    {"label": "section_header", "level": 2, "text": "Part", "prov": at(1, "TOPLEFT")},
                    {"label": "list_item", "text": "entry", "prov": at(2, "BOTTOMLEFT")},
                    {"label": "caption", "text": "Table 1", "prov": at(2, "BOTTOMLEFT")},
                    {"label": "page_footer", "text": "3", "content_layer": "furniture"},
                    {"label": "formula", "text": "a^2", "prov": at(10, "BOTTOMLEFT")},
                ],
                "tables": [{"prov": at(2, "BOTTOMLEFT"), "captions": [{"$ref": "#/texts/3"}], "children": [{"$ref": "#/texts/3"}], "data": {"num_rows": 2, "num_cols": 2, "table_cells": [
                    {"text": "H", "start_row_offset_idx": 0, "end_row_offset_idx": 1, "start_col_offset_idx": 0, "end_col_offset_idx": 2, "column_header": true},
                    {"text": "1", "start_row_offset_idx": 1, "end_row_offset_idx": 2, "start_col_offset_idx": 0, "end_col_offset_idx": 1},
                    {"text": "2", "start_row_offset_idx": 1, "end_row_offset_idx": 9, "start_col_offset_idx": 1, "end_col_offset_idx": 9},
                ]}}],
                "pictures": [{"prov": at(2, "BOTTOMLEFT")}],
                "pages": {"1": {"page_no": 1, "size": {"width": 600, "height": 800}}, "10": {"page_no": 10, "size": {"width": 600, "height": 800}}, "2": {"page_no": 2, "size": {"width": 600, "height": 800}}},
            }},
        })
    }

    #[test]
    fn the_tree_becomes_blocks() {
        let draft = understood(&body(), None).expect("understood");
        let texts: Vec<_> = draft.blocks.iter().map(|block| (block.page, block.text.as_str())).collect();
        assert_eq!(
            texts,
            [(1, "Report"), (1, "Part"), (2, "entry"), (2, "Table 1"), (2, "H\tH\n1\t2"), (10, "$$a^2$$")]
        );
        assert_eq!(draft.blocks[0].bbox, Some([10.0, 100.0, 100.0, 150.0]));
        assert_eq!(draft.blocks[1].bbox, Some([10.0, 700.0, 100.0, 650.0]));
        assert_eq!((draft.blocks[0].level, draft.blocks[1].level), (Some(1), Some(3)));
        assert!(draft.blocks[4].table.as_ref().is_some_and(|table| table.has_header));
        assert_eq!(draft.page_info.iter().map(|info| info.page).collect::<Vec<_>>(), [1, 2, 10]);
        assert_eq!(draft.page_info[0].quality, Some(Quality::of(0.97)));
        assert_eq!((draft.pages, draft.quality), (10, Some(Quality::of(0.9))));
        let some = understood(&body(), Some("2")).expect("understood");
        assert!(some.blocks.iter().all(|block| block.page == 2));
    }

    #[test]
    fn statuses_are_told_apart() {
        let with = |status: &str| {
            let mut body = body();
            body["status"] = status.into();
            body["errors"] = json!([{"error_message": "page is broken", "page_no": 3}]);
            understood(&body, None)
        };
        assert!(with("partial_success").expect("a part").warnings.contains(&"page 3: page is broken".to_owned()));
        assert_eq!(with("failure").expect_err("failed").code, FailureCode::UnreadableFile);
        assert_eq!(with("skipped").expect_err("skipped").code, FailureCode::UnsupportedType);
        assert_eq!(with("odd").expect_err("odd").code, FailureCode::ParserProtocol);
        let markdown =
            understood(&json!({"status": "success", "document": {"md_content": "# T"}}), None).expect("some");
        assert_eq!(markdown.blocks[0].text, "T");
    }

    #[test]
    fn circles_and_absurd_tables_harm_nobody() {
        let mut circle = body();
        circle["document"]["json_content"]["groups"] = json!([{"children": [{"$ref": "#/groups/0"}]}]);
        assert_eq!(understood(&circle, None).expect_err("a circle").code, FailureCode::ParserProtocol);
        let mut absurd = body();
        absurd["document"]["json_content"]["tables"][0]["data"]["num_rows"] = json!(u64::MAX);
        assert!(understood(&absurd, None).expect("the rest").blocks.iter().all(|block| block.table.is_none()));
    }
}
