//! Workbooks (XLSX, XLSB, XLS, ODS) → typed rows and Markdown tables.
//!
//! A sheet may hold several tables; `regions` finds them. The rows of all tables with a header and data become one
//! list; each row names its sheet in `_sheet` when more than one sheet has rows.

mod addresses;
mod cell;
mod drawings;
mod grid;
mod number_formats;
mod ods;
mod regions;
mod sheets;
mod units;
mod xls;

use std::collections::HashMap;

use calamine::Data;
use serde_json::{Map, Value};

use self::grid::{Grid, GridCell};
use self::regions::Region;
use self::sheets::Workbook;
use super::office::assembly::Assembly;
use super::office::content::{Content, paragraph};
use super::office::line::Line;
use crate::draft::Draft;
use crate::failure::ParseFailure;
use crate::format::Format;
use crate::header::Header;
use crate::parser::{Input, Isolation, Parser};

/// Key of the sheet's name in rows of workbooks with several sheets.
const SHEET_KEY: &str = "_sheet";
/// Places of a table for each filled cell, and places that are always borne; a table with more is no table.
const MAX_PLACES_PER_CELL: usize = 16;
const MAX_FREE_PLACES: usize = 200_000;

/// Reads workbooks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SpreadsheetParser;

impl Parser for SpreadsheetParser {
    fn name(&self) -> &'static str {
        "spreadsheet"
    }

    fn version(&self) -> &'static str {
        "5+calamine-0.38"
    }

    fn formats(&self) -> &'static [Format] {
        &[Format::Xlsx, Format::Xlsb, Format::Xls, Format::Ods]
    }

    fn isolation(&self) -> Isolation {
        Isolation::Child
    }

    fn parse(&self, input: Input<'_>) -> Result<Draft, ParseFailure> {
        let workbook = sheets::read(&input)?;
        let drawn = if input.format == Format::Xlsx { drawings::read(input.bytes) } else { HashMap::new() };
        Ok(draft(workbook, &drawn))
    }
}

/// One table of a sheet: what precedes its header, the header, and the data.
struct Table<'a> {
    sheet: &'a str,
    titles: Vec<String>,
    /// Header first.
    rows: Vec<Vec<&'a Data>>,
    /// The same as people see it.
    texts: Vec<Vec<String>>,
    /// Whether cells stand below each other as they do in the sheet.
    is_aligned: bool,
}

fn draft(workbook: Workbook, drawn: &HashMap<String, Vec<Content>>) -> Draft {
    let Workbook { sheets, count, mut warnings } = workbook;
    let mut assembly = Assembly::default();
    let mut tables = Vec::new();
    for sheet in &sheets {
        let name = sheet.name.replace("--", "- ").replace('\n', " ");
        assembly.page(sheet.number, Some(&format!("sheet {}: {name}", sheet.number)));
        assembly.write(&Content::Heading { level: 2, line: Line::of(&name) });
        for region in regions::find(&sheet.grid) {
            let mut table = table_of(&sheet.name, &sheet.grid, region);
            if !table.is_aligned {
                warnings.push(format!("sheet '{name}': scattered cells are listed row by row, without their columns"));
            }
            write_table(&mut assembly, &mut table);
            tables.push(table);
        }
        drawn.get(&sheet.name).into_iter().flatten().for_each(|content| assembly.write(content));
    }
    if tables.is_empty() && drawn.values().all(Vec::is_empty) {
        warnings.push("the workbook holds no cells".to_owned());
    }
    let rows = rows_of(&tables, &mut warnings);
    let (markdown, blocks) = assembly.finish();
    let sheets = addresses::cells(&sheets);
    Draft { markdown, blocks, pages: count, warnings, rows: Some(rows), sheets, ..Draft::default() }
}

fn table_of<'a>(sheet: &'a str, grid: &'a Grid, region: Region) -> Table<'a> {
    let lines = grid.between(region.top, region.bottom).iter().map(|row| region.cells_of(row));
    let lines: Vec<_> = lines.filter(|cells| !cells.is_empty()).collect();
    let filled: usize = lines.iter().map(|cells| cells.len()).sum();
    let width = (region.right - region.left + 1) as usize;
    let is_aligned = lines.len() * width <= filled * MAX_PLACES_PER_CELL + MAX_FREE_PLACES;
    if !is_aligned {
        let rows = lines.iter().map(|cells| cells.iter().map(|cell| &cell.data).collect()).collect();
        let texts = lines.iter().map(|cells| cells.iter().map(shown).collect()).collect();
        return Table { sheet, titles: Vec::new(), rows, texts, is_aligned };
    }
    let mut rows = vec![vec![&Data::Empty; width]; lines.len()];
    let mut texts = vec![vec![String::new(); width]; lines.len()];
    for (cells, (row, texts)) in lines.iter().zip(rows.iter_mut().zip(&mut texts)) {
        for cell in *cells {
            let column = (cell.column - region.left) as usize;
            row[column] = &cell.data;
            texts[column] = shown(cell);
        }
    }
    let header = regions::header_row(&rows);
    rows.drain(..header);
    let title = |texts: Vec<String>| texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ");
    let titles = texts.drain(..header).map(title).collect();
    Table { sheet, titles, rows, texts, is_aligned }
}

/// What people see of a cell.
fn shown(cell: &GridCell) -> String {
    cell.shown.as_deref().map_or_else(|| cell::text(&cell.data), str::to_owned)
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

fn write_table(assembly: &mut Assembly, table: &mut Table<'_>) {
    let mut write = |text: &str| {
        paragraph(Line::of(&one_line(text)), false).iter().for_each(|content| assembly.write(content));
    };
    table.titles.iter().for_each(|title| write(title));
    // Nobody asks for them again.
    match std::mem::take(&mut table.texts) {
        rows if !table.is_aligned => rows.iter().for_each(|row| write(&row.join("; "))),
        // A cell on its own is a caption, not a table.
        rows => match rows.as_slice() {
            [row] if row.len() == 1 => write(&row[0]),
            _ => assembly.plain_table(true, rows),
        },
    }
}

fn rows_of(tables: &[Table<'_>], warnings: &mut Vec<String>) -> Vec<Map<String, Value>> {
    let has_data = |table: &&Table<'_>| table.is_aligned && table.rows.len() > 1;
    let is_wide = |table: &&Table<'_>| table.rows[0].len() > 1;
    // Lists of one column are notes, unless there is nothing else.
    let any_wide = tables.iter().filter(has_data).any(|table| is_wide(&table));
    let chosen: Vec<&Table<'_>> = tables.iter().filter(has_data).filter(|table| !any_wide || is_wide(table)).collect();
    let several_sheets = chosen.windows(2).any(|pair| pair[0].sheet != pair[1].sheet);
    let mut rows = Vec::new();
    for table in chosen {
        let names: Vec<String> = table.rows[0].iter().map(|cell| cell::text(cell)).collect();
        let reserved: &[&str] = if several_sheets { &[SHEET_KEY] } else { &[] };
        let header = Header::reserving(&names, reserved);
        warnings.extend(header.warnings().into_iter().map(|warning| format!("sheet '{}': {warning}", table.sheet)));
        for data in &table.rows[1..] {
            let mut row = Map::new();
            if several_sheets {
                row.insert(SHEET_KEY.to_owned(), Value::from(table.sheet));
            }
            row.extend(header.row(data.iter().map(|cell| cell::value(cell))));
            rows.push(row);
        }
    }
    rows
}
