//! Workbooks (XLSX, XLSB, XLS, ODS) → typed rows and Markdown tables.
//!
//! A sheet may hold several tables; `regions` finds them. The rows of all tables with a header and data become one
//! list; each row names its sheet in `_sheet` when more than one sheet has rows.

mod cell;
mod drawings;
mod grid;
mod regions;
mod sheets;

use std::collections::HashMap;
use std::fmt::Write as _;

use calamine::Data;
use serde_json::{Map, Value};

use self::grid::Grid;
use self::regions::Region;
use self::sheets::Workbook;
use super::office::chart::Chart;
use crate::blocks::{Markers, scan};
use crate::failure::ParseFailure;
use crate::format::Format;
use crate::header::Header;
use crate::parser::{Draft, Input, Isolation, Parser};
use crate::table;

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
        "2+calamine-0.38"
    }

    fn formats(&self) -> &'static [Format] {
        &[Format::Xlsx, Format::Xlsb, Format::Xls, Format::Ods]
    }

    fn isolation(&self) -> Isolation {
        Isolation::Child
    }

    fn parse(&self, input: Input<'_>) -> Result<Draft, ParseFailure> {
        let workbook = sheets::read(&input)?;
        let charts = if input.format == Format::Xlsx { drawings::charts(input.bytes) } else { HashMap::new() };
        Ok(draft(workbook, &charts))
    }
}

/// One table of a sheet: what precedes its header, the header, and the data.
struct Table<'a> {
    sheet: &'a str,
    titles: Vec<String>,
    /// Header first.
    rows: Vec<Vec<&'a Data>>,
    /// Whether cells stand below each other as they do in the sheet.
    is_aligned: bool,
}

fn draft(workbook: Workbook, charts: &HashMap<String, Vec<Chart>>) -> Draft {
    let Workbook { sheets, count, mut warnings } = workbook;
    let mut markdown = String::new();
    let mut tables = Vec::new();
    let mut has_charts = false;
    for sheet in &sheets {
        let name = sheet.name.replace("--", "- ").replace('\n', " ");
        let _infallible = write!(markdown, "<!-- sheet {}: {name} -->\n\n## {name}\n\n", sheet.number);
        for region in regions::find(&sheet.grid) {
            let table = table_of(&sheet.name, &sheet.grid, region);
            if !table.is_aligned {
                warnings.push(format!("sheet '{name}': scattered cells are listed row by row, without their columns"));
            }
            write_table(&mut markdown, &table);
            tables.push(table);
        }
        for chart in charts.get(&sheet.name).into_iter().flatten() {
            has_charts = true;
            write_chart(&mut markdown, chart);
        }
    }
    if tables.is_empty() && !has_charts {
        warnings.push("the workbook holds no cells".to_owned());
    }
    let rows = rows_of(&tables, &mut warnings);
    let blocks = scan(&markdown, Markers::Trusted);
    Draft { markdown, blocks, pages: count, warnings, rows: Some(rows), ..Draft::default() }
}

fn table_of<'a>(sheet: &'a str, grid: &'a Grid, region: Region) -> Table<'a> {
    let lines = grid.between(region.top, region.bottom).iter().map(|row| region.cells_of(row));
    let lines: Vec<_> = lines.filter(|cells| !cells.is_empty()).collect();
    let filled: usize = lines.iter().map(|cells| cells.len()).sum();
    let width = (region.right - region.left + 1) as usize;
    let is_aligned = lines.len() * width <= filled * MAX_PLACES_PER_CELL + MAX_FREE_PLACES;
    if !is_aligned {
        let rows = lines.iter().map(|cells| cells.iter().map(|cell| &cell.data).collect()).collect();
        return Table { sheet, titles: Vec::new(), rows, is_aligned };
    }
    let rows: Vec<Vec<&Data>> = lines
        .iter()
        .map(|cells| {
            let mut row = vec![&Data::Empty; width];
            for cell in *cells {
                row[(cell.column - region.left) as usize] = &cell.data;
            }
            row
        })
        .collect();
    let header = regions::header_row(&rows);
    let filled_texts = |row: &Vec<&Data>| {
        let texts = row.iter().filter(|cell| **cell != &Data::Empty).map(|cell| cell::text(cell));
        texts.collect::<Vec<_>>().join(" ")
    };
    let titles = rows[..header].iter().map(filled_texts).collect();
    Table { sheet, titles, rows: rows[header..].to_vec(), is_aligned }
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

fn write_table(markdown: &mut String, table: &Table<'_>) {
    for title in &table.titles {
        markdown.push_str(&one_line(title));
        markdown.push_str("\n\n");
    }
    if !table.is_aligned {
        for row in &table.rows {
            let texts: Vec<String> = row.iter().map(|cell| one_line(&cell::text(cell))).collect();
            let _infallible = write!(markdown, "{}\n\n", texts.join("; "));
        }
        return;
    }
    let texts: Vec<Vec<String>> =
        table.rows.iter().map(|row| row.iter().map(|cell| cell::text(cell)).collect()).collect();
    match texts.as_slice() {
        // A cell on its own is a caption, not a table.
        [row] if row.len() == 1 => {
            markdown.push_str(&one_line(&row[0]));
            markdown.push('\n');
        }
        rows => markdown.push_str(&table::render(rows)),
    }
    markdown.push('\n');
}

fn write_chart(markdown: &mut String, chart: &Chart) {
    for line in chart.title.iter().chain([&chart.kind]) {
        markdown.push_str(&one_line(line));
        markdown.push_str("\n\n");
    }
    if !chart.rows.is_empty() {
        markdown.push_str(&table::render(&chart.rows));
        markdown.push('\n');
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
