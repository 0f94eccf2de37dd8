//! Ranges of cells: `B2`, `Sheet1!B2:D9`, `'My sheet'!B2:D`, `B:D`, `2:9`.

use std::rc::Rc;

use super::grid::SheetGrid;
use super::item::{Columns, Item, Piece, Place, Row};

/// Columns of the largest sheets.
const MAX_COLUMN: u32 = 16_384;
/// Rows of the largest sheets.
const MAX_ROW: u32 = 1_048_576;

/// A range, ends included, from 1; an open end goes to the last filled row or column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CellRange {
    pub(super) sheet: Option<String>,
    top: u32,
    left: u32,
    bottom: Option<u32>,
    right: Option<u32>,
}

impl CellRange {
    /// Reads a range.
    ///
    /// # Errors
    /// What is wrong, for people.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (sheet, range) = match text.rsplit_once('!') {
            Some((sheet, range)) => (Some(unquoted(sheet)?), range),
            None => (None, text),
        };
        let (first, last) = range.split_once(':').map_or((range, None), |(first, last)| (first, Some(last)));
        let (left, top) = corner(first)?;
        let (right, bottom) = match last {
            Some(last) => corner(last)?,
            None => (left, top),
        };
        if last.is_none() && (left.is_none() || top.is_none()) {
            return Err(format!("{range:?} is no cell such as B2, and no range such as B2:D9"));
        }
        let range = Self { sheet, top: top.unwrap_or(1), left: left.unwrap_or(1), bottom, right };
        if range.bottom.is_some_and(|bottom| bottom < range.top) || range.right.is_some_and(|right| right < range.left)
        {
            return Err("the range ends before it begins".to_owned());
        }
        Ok(range)
    }

    /// Whether it is one cell.
    fn is_cell(&self) -> bool {
        self.bottom == Some(self.top) && self.right == Some(self.left)
    }

    /// How many places it has on a sheet, blank ones included.
    pub(super) fn places(&self, sheet: &SheetGrid) -> u64 {
        let bottom = self.bottom.unwrap_or(MAX_ROW).min(sheet.last_row());
        let right = self.right.unwrap_or(MAX_COLUMN).min(sheet.last_column(self.top, bottom));
        let rows = sheet.rows(self.top, bottom).count() as u64;
        rows * u64::from((right + 1).saturating_sub(self.left))
    }

    /// What it holds on a sheet: one cell as it is, rows otherwise; blank cells and rows are left out.
    pub(super) fn items(&self, sheet: &SheetGrid, header: bool) -> Vec<Item<'static>> {
        let place = Place::page(sheet.page);
        if self.is_cell() {
            let cell = sheet.cell(self.top, self.left);
            return cell.map(|cell| Item::Piece(Rc::new(Piece::value(cell, place)))).into_iter().collect();
        }
        let bottom = self.bottom.unwrap_or(MAX_ROW).min(sheet.last_row());
        let right = self.right.unwrap_or(MAX_COLUMN).min(sheet.last_column(self.top, bottom));
        let columns: Vec<u32> = (self.left..=right).collect();
        let names = columns.iter().map(|column| match header {
            true => sheet.cell(self.top, *column).map(super::item::text_of_value).unwrap_or_default().into_owned(),
            false => letters(*column),
        });
        let names = Rc::new(Columns::new(names.collect()));
        let top = if header { self.top + 1 } else { self.top };
        let mut items = Vec::new();
        for (row, _) in sheet.rows(top, bottom) {
            let cells: Vec<Piece> = columns
                .iter()
                .map(|column| sheet.cell(row, *column).map_or_else(Piece::default, |cell| Piece::value(cell, place)))
                .collect();
            if cells.iter().any(|cell| !cell.text.is_empty()) {
                items.push(Item::Row(Rc::new(Row { columns: Rc::clone(&names), cells })));
            }
        }
        items
    }
}

fn unquoted(sheet: &str) -> Result<String, String> {
    let name = match sheet.strip_prefix('\'').and_then(|inner| inner.strip_suffix('\'')) {
        Some(inner) => inner.replace("''", "'"),
        None => sheet.to_owned(),
    };
    if name.trim().is_empty() { Err("the name of the sheet is empty".to_owned()) } else { Ok(name) }
}

/// Column and row of a corner; either may be left out.
fn corner(text: &str) -> Result<(Option<u32>, Option<u32>), String> {
    let bad = || format!("{text:?} is no cell such as B2");
    let plain: String = text.trim().chars().filter(|character| *character != '$').collect();
    let split = plain.find(|character: char| !character.is_ascii_alphabetic()).unwrap_or(plain.len());
    let (letters, digits) = plain.split_at(split);
    if plain.is_empty() || letters.len() > 3 || digits.len() > 7 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(bad());
    }
    let column =
        letters.bytes().fold(0_u32, |column, letter| column * 26 + u32::from(letter.to_ascii_uppercase() - b'A') + 1);
    let column = (!letters.is_empty()).then_some(column);
    let row = (!digits.is_empty()).then(|| digits.parse::<u32>().map_err(|_bad| bad())).transpose()?;
    if row == Some(0) || row.is_some_and(|row| row > MAX_ROW) || column.is_some_and(|column| column > MAX_COLUMN) {
        return Err(bad());
    }
    Ok((column, row))
}

/// The letters of a column, from 1.
fn letters(mut column: u32) -> String {
    let mut letters = Vec::new();
    while column > 0 {
        column -= 1;
        letters.push(char::from(b'A' + u8::try_from(column % 26).unwrap_or(0)));
        column /= 26;
    }
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use millrace_domain::document::{CellRun, SheetCells};
    use serde_json::json;

    use super::*;

    #[test]
    fn ranges_are_read() {
        let range = |sheet: Option<&str>, top, left, bottom, right| CellRange {
            sheet: sheet.map(str::to_owned),
            top,
            left,
            bottom,
            right,
        };
        for (text, expected) in [
            ("B2", range(None, 2, 2, Some(2), Some(2))),
            ("$b$2:D9", range(None, 2, 2, Some(9), Some(4))),
            ("Sheet1!B2:D", range(Some("Sheet1"), 2, 2, None, Some(4))),
            ("'Bob''s sheet'!B:B", range(Some("Bob's sheet"), 1, 2, None, Some(2))),
            ("2:9", range(None, 2, 1, Some(9), None)),
            ("XFD1048576", range(None, 1_048_576, 16_384, Some(1_048_576), Some(16_384))),
        ] {
            assert_eq!(CellRange::parse(text), Ok(expected), "{text}");
        }
        for text in ["", "B", "2", "B0", "XFE1", "A1048577", "B2:A1", "B9:B2", "!B2", "B2:C3:D4", "é1", "B-2"] {
            assert!(CellRange::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn letters_are_those_of_spreadsheets() {
        for (column, expected) in [(1, "A"), (26, "Z"), (27, "AA"), (703, "AAA"), (16_384, "XFD")] {
            assert_eq!(letters(column), expected);
            assert_eq!(corner(expected), Ok((Some(column), None)));
        }
    }

    #[test]
    fn open_ranges_end_with_the_sheet() {
        let run = |row, cells| CellRun { row, column: 2, cells };
        let sheet = SheetGrid::new(SheetCells {
            page: 3,
            name: "S".into(),
            runs: vec![
                run(2, vec![json!("a"), json!("b")]),
                run(3, vec![json!(1), json!(2)]),
                run(900_000, vec![json!(" "), json!(4)]),
            ],
        });
        let texts = |range: &str, header| -> Vec<Vec<String>> {
            let items = CellRange::parse(range).expect(range).items(&sheet, header);
            let row = |item: &Item<'_>| match item {
                Item::Row(row) => row.cells.iter().map(|cell| cell.text.clone()).collect(),
                Item::Piece(piece) => vec![piece.text.clone()],
                _ => Vec::new(),
            };
            items.iter().map(row).collect()
        };
        assert_eq!(texts("B2:C", true), [["1", "2"], ["", "4"]]);
        assert_eq!(texts("B:B", false), [["a"], ["1"]]);
        assert_eq!(texts("C3", false), [["2"]]);
        assert_eq!(texts("A1:XFD1048576", false)[1], ["", "1", "2"]);
        assert!(texts("Z9", false).is_empty() && texts("E5:F9", false).is_empty());
    }
}
