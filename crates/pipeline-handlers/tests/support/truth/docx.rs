//! As a Word document.

use super::html::escaped;
use super::{Cell, Part};
use crate::support::files::{docx, rewritten};

pub fn render(parts: &[Part]) -> Vec<u8> {
    let run = |text: &str| format!("<w:r><w:t xml:space=\"preserve\">{}</w:t></w:r>", escaped(text));
    let row = |texts: &[&str]| {
        let cells: String = texts.iter().map(|text| format!("<w:tc><w:p>{}</w:p></w:tc>", run(text))).collect();
        format!("<w:tr>{cells}</w:tr>")
    };
    let mut body = String::new();
    for part in parts {
        match part {
            Part::Heading(level, text) => {
                let style =
                    format!("<w:pPr><w:pStyle w:val=\"Heading1\"/><w:outlineLvl w:val=\"{}\"/></w:pPr>", level - 1);
                body += &format!("<w:p>{style}{}</w:p>", run(text));
            }
            Part::Line(text) => body += &format!("<w:p>{}</w:p>", run(text)),
            Part::Pairs(pairs, false) => {
                for (label, value) in pairs {
                    body += &format!("<w:p>{}{}</w:p>", run(&format!("{label}: ")), run(value));
                }
            }
            Part::Pairs(pairs, true) => {
                let rows = pairs.iter().map(|(label, value)| row(&[label, value]));
                body += &format!("<w:tbl>{}</w:tbl><w:p/>", rows.collect::<String>());
            }
            Part::Table(header, rows) => {
                body += "<w:tbl>";
                body += &row(&header.iter().map(String::as_str).collect::<Vec<_>>());
                for cells in rows {
                    body += &row(&cells.iter().map(Cell::shown).collect::<Vec<_>>());
                }
                body += "</w:tbl><w:p/>";
            }
            Part::PageBreak => body += "<w:p><w:r><w:br w:type=\"page\"/></w:r></w:p>",
        }
    }
    let empty = docx("x", &[], &[]);
    rewritten(&empty, "word/document.xml", |xml| {
        let (head, rest) = xml.split_once("<w:body>").expect("a body");
        let (_, tail) = rest.split_once("</w:body>").expect("its end");
        format!("{head}<w:body>{body}</w:body>{tail}")
    })
}
