//! As a workbook: text and typed numbers.

use super::html::escaped;
use super::{Cell, Part};
use crate::support::files::xlsx;

pub fn render(parts: &[Part]) -> Vec<u8> {
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for part in parts {
        match part {
            Part::Heading(_, text) | Part::Line(text) => rows.push(vec![Cell::Text(text.clone())]),
            Part::Pairs(pairs, _) => rows
                .extend(pairs.iter().map(|(label, value)| vec![Cell::Text(label.clone()), Cell::Text(value.clone())])),
            Part::Table(header, data) => {
                rows.push(Vec::new());
                rows.push(header.iter().cloned().map(Cell::Text).collect());
                rows.extend(data.iter().cloned());
                rows.push(Vec::new());
            }
            Part::PageBreak => rows.push(Vec::new()),
        }
    }
    let mut xml = String::new();
    for (index, row) in rows.iter().enumerate() {
        xml += &format!("<row r=\"{}\">", index + 1);
        for (column, cell) in row.iter().enumerate() {
            let place = format!("{}{}", char::from(b'A' + u8::try_from(column).expect("few")), index + 1);
            xml += &match cell {
                Cell::Text(text) => {
                    format!(
                        "<c r=\"{place}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{}</t></is></c>",
                        escaped(text)
                    )
                }
                Cell::Number(_, number) => format!("<c r=\"{place}\"><v>{number}</v></c>"),
            };
        }
        xml += "</row>";
    }
    xlsx(&[("Sheet", &xml)])
}
