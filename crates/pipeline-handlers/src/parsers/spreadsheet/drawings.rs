//! Charts of XLSX workbooks, which the reader of cells passes over.

use std::collections::HashMap;

use crate::parsers::office::chart::{self, Chart};
use crate::parsers::office::package::Package;

/// Most charts read from one workbook.
const MAX_CHARTS: usize = 1_000;

/// The charts of each sheet, by the sheet's name.
pub(super) fn charts(bytes: &[u8]) -> HashMap<String, Vec<Chart>> {
    let mut charts: HashMap<String, Vec<Chart>> = HashMap::new();
    let Some(mut package) = Package::open(bytes) else {
        return charts;
    };
    let workbook_part = package.main_part("xl/workbook.xml");
    let Some(workbook) = package.tree(&workbook_part) else {
        return charts;
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
            for part in package.relations(drawing).parts("chart") {
                count += 1;
                if count > MAX_CHARTS {
                    return charts;
                }
                if let Some(chart) = package.tree(part).as_ref().and_then(chart::read) {
                    charts.entry(name.to_owned()).or_default().push(chart);
                }
            }
        }
    }
    charts
}
