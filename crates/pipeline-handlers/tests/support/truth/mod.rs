//! Documents whose content is known: a truth as JSON, and the same truth as DOCX, XLSX, HTML and PDF. Equal seeds give
//! equal documents.

mod docx;
mod html;
mod kinds;
mod locale;
mod pdf;
mod random;
mod xlsx;

use serde_json::Value;

pub use kinds::{contract, invoice, price_list};

/// A cell of a table: what is printed, and what a workbook stores.
#[derive(Clone)]
pub enum Cell {
    Text(String),
    /// As printed, and as a number.
    Number(String, f64),
}

impl Cell {
    pub fn shown(&self) -> &str {
        match self {
            Self::Text(text) | Self::Number(text, _) => text,
        }
    }
}

/// A part of a document.
pub enum Part {
    Heading(u8, String),
    Line(String),
    /// Labels with their values: lines, or a table of two columns.
    Pairs(Vec<(String, String)>, bool),
    Table(Vec<String>, Vec<Vec<Cell>>),
    PageBreak,
}

/// A document with what is true of it, and the rule that is to find that out.
pub struct Truth {
    pub parts: Vec<Part>,
    /// Formats that such a document has.
    pub formats: &'static [&'static str],
    pub value: Value,
    pub rule: Value,
}

/// The document as files: format and bytes.
pub fn files(truth: &Truth) -> Vec<(&'static str, Vec<u8>)> {
    let render = |format: &str| match format {
        "docx" => docx::render(&truth.parts),
        "xlsx" => xlsx::render(&truth.parts),
        "html" => html::render(&truth.parts),
        "pdf" => pdf::render(&truth.parts),
        other => panic!("{other}"),
    };
    truth.formats.iter().map(|format| (*format, render(format))).collect()
}
