//! Charts and text boxes of XLSX workbooks, which the reader of cells passes over.

use std::collections::HashMap;

use crate::parsers::office::chart;
use crate::parsers::office::content::{Content, paragraph};
use crate::parsers::office::line::Line;
use crate::parsers::office::package::Package;
use crate::xml::tree::Element;

/// Most charts read from one workbook.
const MAX_CHARTS: usize = 1_000;

/// What is drawn on each sheet, by the sheet's name: texts, then charts.
pub(super) fn read(bytes: &[u8]) -> HashMap<String, Vec<Content>> {
    let mut drawn: HashMap<String, Vec<Content>> = HashMap::new();
    let Some(mut package) = Package::open(bytes) else {
        return drawn;
    };
    let workbook_part = package.main_part("xl/workbook.xml");
    let Some(workbook) = package.tree(&workbook_part) else {
        return drawn;
    };
    let relations = package.relations(&workbook_part);
    let mut count = 0;
    for sheet in workbook.child("sheets").into_iter().flat_map(|sheets| sheets.all("sheet")) {
        let (Some(name), Some(part)) =
            (sheet.attribute("name"), sheet.prefixed("id").and_then(|id| relations.part(id)))
        else {
            continue;
        };
        for drawing in package.relations(part).parts("drawing") {
            if let Some(root) = package.tree(drawing) {
                drawn.entry(name.to_owned()).or_default().extend(texts(&root));
            }
            for part in package.relations(drawing).parts("chart") {
                count += 1;
                if count > MAX_CHARTS {
                    return drawn;
                }
                if let Some(chart) = package.tree(part).as_ref().and_then(chart::read) {
                    drawn.entry(name.to_owned()).or_default().push(Content::Chart(chart));
                }
            }
        }
    }
    drawn
}

/// The texts of text boxes and other shapes.
fn texts(drawing: &Element) -> Vec<Content> {
    let mut paragraphs = Vec::new();
    let mut bodies = Vec::new();
    drawing.find_all("txBody", &mut bodies);
    for body in bodies {
        body.find_all("p", &mut paragraphs);
    }
    let lines = paragraphs.into_iter().map(|element| {
        let mut pieces = Vec::new();
        element.find_all("t", &mut pieces);
        Line::of(&pieces.iter().map(|piece| piece.text()).collect::<String>())
    });
    lines.flat_map(|line| paragraph(line, false)).collect()
}
