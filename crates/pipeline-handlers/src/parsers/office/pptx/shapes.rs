//! Shapes of a slide: text, tables, charts, diagrams, pictures and groups of them.

use super::Reader;
use super::layouts::{Layout, placeholder};
use crate::parsers::office::content::{CellText, Content, Table, flatten};
use crate::parsers::office::line::Line;
use crate::parsers::office::{chart, diagram};
use crate::xml::tree::Element;

impl Reader<'_> {
    /// Reads the shapes of a tree or a group.
    pub(super) fn shapes(&mut self, group: &Element, layout: Option<&Layout>, contents: &mut Vec<Content>) {
        for shape in group.children() {
            match shape.name.as_str() {
                "sp" | "cxnSp" => self.shape(shape, layout, contents),
                "grpSp" => self.shapes(shape, layout, contents),
                "graphicFrame" => self.frame(shape, contents),
                "pic" => {
                    let description = shape.at(&["nvPicPr", "cNvPr"]).and_then(|own| own.attribute("descr"));
                    contents.push(Content::Image(description.unwrap_or_default().trim().to_owned()));
                }
                _ => {}
            }
        }
    }

    fn shape(&mut self, shape: &Element, layout: Option<&Layout>, contents: &mut Vec<Content>) {
        let place = placeholder(shape);
        let Some(body) = shape.child("txBody") else {
            return;
        };
        match place {
            // The same on every slide: date, footer, number.
            Some(("dt" | "ftr" | "sldNum" | "hdr", _)) => {}
            Some(("title" | "ctrTitle", _)) => {
                let mut title = Line::default();
                for paragraph in body.all("p") {
                    let line = self.line(paragraph);
                    if !line.is_blank() {
                        title.append(line);
                    }
                }
                contents.push(Content::Heading { level: 1, line: title.unstyled() });
            }
            _ => {
                let inherited = layout.map(|layout| layout.levels(place)).unwrap_or_default();
                contents.extend(self.text_body(body, &inherited));
            }
        }
    }

    /// A frame holds what is no shape: a table, a chart, a diagram.
    fn frame(&mut self, frame: &Element, contents: &mut Vec<Content>) {
        let Some(data) = frame.at(&["graphic", "graphicData"]) else {
            return;
        };
        for child in data.children() {
            let part = |name: &str| child.prefixed(name).and_then(|id| self.relations.part(id)).map(str::to_owned);
            match child.name.as_str() {
                "tbl" => {
                    let table = self.table(child);
                    contents.push(Content::Table(table));
                }
                "chart" => {
                    let root = part("id").and_then(|part| self.package.tree(&part));
                    contents.extend(root.as_ref().and_then(chart::read).map(Content::Chart));
                }
                "relIds" => {
                    let root = part("dm").and_then(|part| self.package.tree(&part));
                    contents.extend(root.iter().flat_map(diagram::items));
                }
                _ => {}
            }
        }
    }

    /// Merged cells repeat their text, so that each row is complete.
    fn table(&mut self, table: &Element) -> Table {
        let is_on = |element: &Element, name: &str| matches!(element.attribute(name), Some("1" | "true" | "on"));
        let has_header = table.child("tblPr").is_some_and(|looks| is_on(looks, "firstRow"));
        let mut rows: Vec<Vec<CellText>> = Vec::new();
        for row in table.all("tr") {
            let mut cells: Vec<CellText> = Vec::new();
            for cell in row.all("tc") {
                let origin = if is_on(cell, "hMerge") {
                    cells.last()
                } else if is_on(cell, "vMerge") {
                    rows.last().and_then(|above| above.get(cells.len()))
                } else {
                    None
                };
                let text = match origin.cloned() {
                    Some(origin) => self.repeated(origin),
                    None => cell.child("txBody").map(|body| flatten(&self.text_body(body, &[]))).unwrap_or_default(),
                };
                cells.push(text);
            }
            rows.push(cells);
        }
        Table { has_header, rows }
    }

    /// A copy of a cell, while there is room for copies.
    fn repeated(&mut self, text: CellText) -> CellText {
        let bytes = text.markdown.len() + text.plain.len();
        self.repeatable = self.repeatable.saturating_sub(bytes);
        if self.repeatable == 0 { CellText::default() } else { text }
    }
}
