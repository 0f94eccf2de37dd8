//! Tables of Word documents. Merged cells repeat their text, so that each row is complete.

use std::rc::Rc;

use super::{Placed, Reader};
use crate::parsers::office::content::{CellText, Content, Table, flatten};
use crate::xml::tree::Element;

/// Most columns that one cell may span; Word has no more in a table.
const MAX_COLUMNS: usize = 63;
/// Most bytes that merged cells repeat, over the whole document.
pub(super) const MAX_REPEATED_BYTES: usize = 8 << 20;

/// A cell before spans are resolved.
struct Cell {
    contents: Vec<Placed>,
    span: usize,
    /// Whether it goes on from the cell above.
    continues: bool,
}

impl Reader<'_> {
    /// Reads a table. A table of one cell is a frame: what is inside counts as if there were none.
    pub(super) fn table(&mut self, element: &Element, contents: &mut Vec<Placed>) {
        let mut rows = Vec::new();
        wrapped(element, "tr", &mut rows);
        let mut first_page = None;
        let mut table = Table { has_header: has_header(element, &rows), rows: Vec::new() };
        // The cell that each column's merge began with.
        let mut above: Vec<Option<Rc<CellText>>> = Vec::new();
        let is_single_row = rows.len() == 1;
        for row in rows {
            let properties = row.child("trPr");
            if properties.is_some_and(|properties| properties.child("del").is_some()) {
                continue;
            }
            let indent = properties.and_then(|properties| number_at(properties, "gridBefore")).unwrap_or(0);
            let mut cells = self.cells(row);
            first_page.get_or_insert(self.pages.current());
            if let ([only], true) = (cells.as_mut_slice(), is_single_row) {
                contents.append(&mut only.contents);
                return;
            }
            if let Some((page, _)) =
                cells.iter().find_map(|cell| cell.contents.first()).filter(|_| table.rows.is_empty())
            {
                first_page = Some(*page);
            }
            let mut texts: Vec<CellText> = vec![CellText::default(); indent.min(MAX_COLUMNS)];
            for cell in cells {
                let column = texts.len();
                above.resize((column + cell.span).max(above.len()), None);
                let text = match above[column].clone().filter(|_| cell.continues) {
                    Some(text) => {
                        texts.push(self.repeated(&text));
                        text
                    }
                    None => {
                        let inside: Vec<Content> = cell.contents.into_iter().map(|(_, content)| content).collect();
                        let text = Rc::new(flatten(&inside));
                        texts.push((*text).clone());
                        text
                    }
                };
                for _ in 1..cell.span {
                    texts.push(self.repeated(&text));
                }
                for place in &mut above[column..column + cell.span] {
                    *place = Some(Rc::clone(&text));
                }
            }
            table.rows.push(texts);
        }
        let page = first_page.unwrap_or_else(|| self.pages.current());
        contents.push((page, Content::Table(table)));
    }

    fn cells(&mut self, row: &Element) -> Vec<Cell> {
        let mut found = Vec::new();
        wrapped(row, "tc", &mut found);
        let mut cells = Vec::with_capacity(found.len());
        for cell in found {
            let properties = cell.child("tcPr");
            let merge = |name: &str| {
                let merge = properties.and_then(|properties| properties.child(name));
                merge.is_some_and(|merge| merge.value() != Some("restart"))
            };
            let mut contents = Vec::new();
            for child in cell.children().filter(|child| child.name != "tcPr") {
                self.block(child, &mut contents);
            }
            let span = properties.and_then(|properties| number_at(properties, "gridSpan")).unwrap_or(1);
            // An old way to span columns: cells that go on from the one before.
            if merge("hMerge")
                && let Some(before) = cells.last_mut()
            {
                let before: &mut Cell = before;
                before.span = (before.span + 1).min(MAX_COLUMNS);
                continue;
            }
            cells.push(Cell { contents, span: span.clamp(1, MAX_COLUMNS), continues: merge("vMerge") });
        }
        cells
    }

    /// A copy of a cell, while there is room for copies.
    fn repeated(&mut self, text: &CellText) -> CellText {
        let bytes = text.markdown.len() + text.plain.len();
        match self.repeatable.checked_sub(bytes).filter(|left| *left > 0) {
            Some(left) => {
                self.repeatable = left;
                text.clone()
            }
            None => {
                self.repeatable = 0;
                CellText::default()
            }
        }
    }
}

/// Whether the first row is a header: marked as one to be repeated, or looking like one.
fn has_header(table: &Element, rows: &[&Element]) -> bool {
    let is_marked =
        rows.first().and_then(|row| row.child("trPr")).is_some_and(|properties| properties.is_on("tblHeader"));
    let Some(looks) = table.at(&["tblPr", "tblLook"]) else {
        return true;
    };
    let by_bits = || u32::from_str_radix(looks.value().unwrap_or_default(), 16).is_ok_and(|bits| bits & 0x20 != 0);
    is_marked || looks.attribute("firstRow").map_or_else(by_bits, |switch| matches!(switch, "1" | "true" | "on"))
}

fn number_at(properties: &Element, name: &str) -> Option<usize> {
    properties.value_at(&[name])?.parse().ok()
}

/// The rows or cells below an element, inside wrappers too.
fn wrapped<'a>(parent: &'a Element, name: &str, found: &mut Vec<&'a Element>) {
    for child in parent.children() {
        match child.name.as_str() {
            own if own == name => found.push(child),
            "sdt" | "sdtContent" | "ins" | "moveTo" | "customXml" | "smartTag" => {
                wrapped(child, name, found);
            }
            _ => {}
        }
    }
}
