//! OpenDocument sheets (ODF 1.2 part 1 §9), cell by cell.
//!
//! A rectangle in memory would let two cells far apart cost gigabytes, so only what is filled is kept. The file has both
//! what a cell holds and what people see in it.

use std::fmt;
use std::ops::Range;

use calamine::{Data, Dimensions, Sheet as Listed, SheetType, SheetVisible};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::cell::{self, Cell};
use super::grid::{MAX_COLUMNS, MAX_ROWS};
use super::sheets::Sink;
use super::units;
use crate::parsers::office::package::Package;
use crate::xml::{self, attribute};

/// Most merged ranges kept of one sheet.
const MAX_MERGED: usize = 100_000;
/// Most spaces that one element stands for.
const MAX_SPACES: usize = 1_000;

/// A workbook whose sheets are read one by one.
pub(super) struct Ods {
    content: String,
    sheets: Vec<(Listed, usize)>,
    merged: Vec<Dimensions>,
}

/// Why a workbook cannot be read.
#[derive(Debug)]
pub(super) enum OdsError {
    /// It needs a password.
    Password,
    /// What is wrong, for people.
    Broken(String),
}

impl fmt::Display for OdsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password => f.write_str("it needs a password"),
            Self::Broken(text) => f.write_str(text),
        }
    }
}

impl From<quick_xml::Error> for OdsError {
    fn from(error: quick_xml::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

impl Ods {
    /// Opens a workbook and finds its sheets.
    pub(super) fn open(bytes: &[u8]) -> Result<Self, OdsError> {
        let broken = |text: &str| OdsError::Broken(text.to_owned());
        let mut package = Package::open(bytes).ok_or_else(|| broken("the archive cannot be read"))?;
        if package.text("META-INF/manifest.xml").is_some_and(|manifest| manifest.contains("encryption-data")) {
            return Err(OdsError::Password);
        }
        let content = package.text("content.xml").ok_or_else(|| broken("content.xml is missing or cannot be read"))?;
        let sheets = list(&content)?;
        Ok(Self { content, sheets, merged: Vec::new() })
    }

    /// Its sheets, in order.
    pub(super) fn sheets(&self) -> Vec<Listed> {
        self.sheets.iter().map(|(sheet, _)| sheet.clone()).collect()
    }

    /// Hands over the cells of a sheet.
    pub(super) fn read(&mut self, name: &str, sink: &mut Sink) -> Result<(), OdsError> {
        self.merged.clear();
        let Some((_, start)) = self.sheets.iter().find(|(sheet, _)| sheet.name == name) else {
            return Ok(());
        };
        let mut walk = Walk { reader: Reader::from_str(&self.content[*start..]), row: 0, merged: Vec::new() };
        walk.sheet(sink)?;
        self.merged = walk.merged;
        Ok(())
    }

    /// The merged ranges of the sheet that was read last.
    pub(super) fn merged(&mut self) -> Vec<Dimensions> {
        std::mem::take(&mut self.merged)
    }
}

/// The sheets, each with the place in the text where it begins.
fn list(content: &str) -> Result<Vec<(Listed, usize)>, OdsError> {
    let mut reader = Reader::from_str(content);
    let mut sheets: Vec<(Listed, usize)> = Vec::new();
    let mut hidden: Vec<String> = Vec::new();
    let mut style = String::new();
    // A table inside a cell is no sheet.
    let mut depth = 0_usize;
    loop {
        let start = reader.buffer_position();
        let (tag, is_open) = match reader.read_event()? {
            Event::Start(tag) => (tag, true),
            Event::Empty(tag) => (tag, false),
            Event::End(tag) if tag.name().as_ref() == "table:table" => {
                depth = depth.saturating_sub(1);
                continue;
            }
            Event::Eof => return Ok(sheets),
            _ => continue,
        };
        match tag.name().as_ref() {
            "style:style" => style = attribute(&tag, "name").unwrap_or_default(),
            "style:table-properties" if attribute(&tag, "display").as_deref() == Some("false") => {
                hidden.push(style.clone());
            }
            "table:table" => {
                if depth == 0 {
                    let is_hidden = attribute(&tag, "style-name").is_some_and(|name| hidden.contains(&name));
                    let sheet = Listed {
                        name: attribute(&tag, "name").unwrap_or_default(),
                        typ: SheetType::WorkSheet,
                        visible: if is_hidden { SheetVisible::Hidden } else { SheetVisible::Visible },
                    };
                    // Behind one without content come others, which are not its own.
                    let start = if is_open { usize::try_from(start).ok() } else { None };
                    sheets.push((sheet, start.unwrap_or(content.len())));
                }
                depth += usize::from(is_open);
            }
            _ => {}
        }
    }
}

struct Walk<'a> {
    reader: Reader<&'a [u8]>,
    /// The next row, from 0.
    row: u32,
    merged: Vec<Dimensions>,
}

impl Walk<'_> {
    /// Reads rows until the sheet ends, or the sink is full.
    fn sheet(&mut self, sink: &mut Sink) -> Result<(), OdsError> {
        loop {
            match self.reader.read_event()? {
                Event::Start(tag) if tag.name().as_ref() == "table:table-row" => {
                    let repeats = repeats(&tag, "number-rows-repeated").min(MAX_ROWS - self.row);
                    let cells = self.cells()?;
                    let last = self.row + repeats;
                    for row in self.row..if cells.is_empty() { self.row } else { last } {
                        for (columns, cell) in &cells {
                            let is_first = |column: u32| (row, column) == (self.row, columns.start);
                            let has_room = columns.clone().all(|column| {
                                if is_first(column) {
                                    sink.push(row, column, cell.clone())
                                } else {
                                    sink.push_copy(row, column, cell)
                                }
                            });
                            if !has_room {
                                return Ok(());
                            }
                        }
                    }
                    self.row = last;
                }
                Event::Empty(tag) if tag.name().as_ref() == "table:table-row" => {
                    self.row += repeats(&tag, "number-rows-repeated").min(MAX_ROWS - self.row);
                }
                Event::End(tag) if tag.name().as_ref() == "table:table" => return Ok(()),
                Event::Eof => return Ok(()),
                _ => {}
            }
        }
    }

    /// The filled cells of a row, with the columns that each stands in: one, unless it is repeated.
    fn cells(&mut self) -> Result<Vec<(Range<u32>, Cell)>, OdsError> {
        let mut cells = Vec::new();
        let mut column = 0_u32;
        loop {
            let (tag, is_open) = match self.reader.read_event()? {
                Event::Start(tag) => (tag, true),
                Event::Empty(tag) => (tag, false),
                Event::End(tag) if tag.name().as_ref() == "table:table-row" => return Ok(cells),
                Event::Eof => return Ok(cells),
                _ => continue,
            };
            if !matches!(tag.name().as_ref(), "table:table-cell" | "table:covered-table-cell") {
                continue;
            }
            let end = column + repeats(&tag, "number-columns-repeated").min(MAX_COLUMNS - column);
            self.note_merged(&tag, column);
            let typed = typed(&tag);
            let text = if is_open { self.text()? } else { String::new() };
            let cell = cell(typed, text);
            if !cell::is_blank(&cell.data) && column < end {
                cells.push((column..end, cell));
            }
            column = end;
        }
    }

    fn note_merged(&mut self, tag: &BytesStart<'_>, column: u32) {
        let rows = repeats(tag, "number-rows-spanned").min(MAX_ROWS - self.row);
        let columns = repeats(tag, "number-columns-spanned").min(MAX_COLUMNS - column.min(MAX_COLUMNS - 1));
        if rows.max(columns) > 1 && self.merged.len() < MAX_MERGED {
            let end = (self.row + rows.max(1) - 1, column + columns.max(1) - 1);
            self.merged.push(Dimensions::new((self.row, column), end));
        }
    }

    /// What people see in the cell that has just begun, to its end: its paragraphs, without comments and drawings.
    fn text(&mut self) -> Result<String, OdsError> {
        let mut text = String::new();
        let (mut depth, mut left_out) = (0_usize, 0_usize);
        loop {
            match self.reader.read_event()? {
                Event::Start(tag) => {
                    depth += 1;
                    left_out += usize::from(left_out > 0 || is_left_out(tag.name().as_ref()));
                    if left_out == 0 {
                        mark(&tag, &mut text);
                    }
                }
                Event::Empty(tag) if left_out == 0 => mark(&tag, &mut text),
                Event::Text(piece) if left_out == 0 && depth > 0 => text.push_str(&xml::text(&piece)),
                Event::CData(piece) if left_out == 0 && depth > 0 => text.push_str(&xml::verbatim(&piece)),
                Event::GeneralRef(piece) if left_out == 0 && depth > 0 => text.extend(xml::character(&piece)),
                Event::End(_) if depth == 0 => return Ok(text),
                Event::End(_) => {
                    depth -= 1;
                    left_out = left_out.saturating_sub(1);
                }
                Event::Eof => return Ok(text),
                _ => {}
            }
        }
    }
}

fn is_left_out(name: &str) -> bool {
    name == "office:annotation" || name.starts_with("draw:")
}

/// What an element of a paragraph stands for.
fn mark(tag: &BytesStart<'_>, text: &mut String) {
    match tag.name().as_ref() {
        "text:p" | "text:h" if !text.is_empty() => text.push('\n'),
        "text:line-break" => text.push('\n'),
        "text:tab" => text.push('\t'),
        "text:s" => {
            let count = attribute(tag, "c").and_then(|count| count.parse().ok()).unwrap_or(1).min(MAX_SPACES);
            text.extend(std::iter::repeat_n(' ', count));
        }
        _ => {}
    }
}

/// How often something stands there: once, unless the tag says otherwise.
fn repeats(tag: &BytesStart<'_>, name: &str) -> u32 {
    attribute(tag, name).and_then(|count| count.parse().ok()).unwrap_or(1)
}

/// The value that the attributes of a cell give; `None` where its text is its value (ODF 1.2 part 1 §19.385).
fn typed(tag: &BytesStart<'_>) -> Option<Data> {
    let kind = attribute(tag, "value-type")?;
    match kind.as_str() {
        "float" | "currency" | "percentage" => {
            attribute(tag, "value").and_then(|value| value.parse().ok()).map(Data::Float)
        }
        "date" => attribute(tag, "date-value").map(Data::DateTimeIso),
        "time" => attribute(tag, "time-value").map(Data::DurationIso),
        "boolean" => attribute(tag, "boolean-value").map(|value| Data::Bool(value.eq_ignore_ascii_case("true"))),
        _ => attribute(tag, "string-value").filter(|text| !text.is_empty()).map(Data::String),
    }
}

fn cell(typed: Option<Data>, text: String) -> Cell {
    match typed {
        Some(Data::Float(number)) => Cell { data: Data::Float(number), shown: units::shown(number, &text) },
        Some(data) => data.into(),
        None => Data::String(text).into(),
    }
}

#[cfg(test)]
#[path = "ods_tests.rs"]
mod tests;
