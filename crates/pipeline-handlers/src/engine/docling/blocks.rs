//! The tree of a `DoclingDocument` → blocks.

use millrace_domain::document::{Block, BlockKind, TableBlock};

use super::SERVICE;
use super::wire::{Document, Grid, Node, Provenance, Reference};
use crate::engine::remote::form::not_understood;
use crate::engine::remote::table;
use crate::failure::ParseFailure;
use crate::limits::ParserLimits;

/// Deepest tree of groups that is followed.
const MAX_DEPTH: usize = 64;
/// Most columns of a table, which counts come from outside.
const MAX_COLUMNS: usize = 1_000;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Group,
    Text,
    Table,
    Picture,
}

/// Blocks in the order of reading.
pub(super) struct Walk<'a> {
    document: &'a Document,
    limits: &'a ParserLimits,
    /// What was made so far.
    pub(super) blocks: Vec<Block>,
    /// Pictures that were met.
    pub(super) pictures: usize,
    steps: usize,
}

impl<'a> Walk<'a> {
    /// Walks through the whole document.
    ///
    /// # Errors
    /// When it is no tree.
    pub(super) fn through(document: &'a Document, limits: &'a ParserLimits) -> Result<Self, ParseFailure> {
        let mut walk = Self { document, limits, blocks: Vec::new(), pictures: 0, steps: 0 };
        walk.children(&document.body, 0)?;
        Ok(walk)
    }

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

impl Document {
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
