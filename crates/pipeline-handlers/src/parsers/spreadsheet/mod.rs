//! Workbooks (XLSX, XLSB, XLS, ODS) → typed rows and Markdown tables.
//!
//! A sheet may hold several tables; `regions` finds them. The rows of all tables with a header and data become one
//! list; each row names its sheet in `_sheet` when more than one sheet has rows.

mod cell;
mod regions;

use std::fmt::{Display, Write as _};
use std::io::Cursor;

use calamine::{Data, Ods, OdsError, Range, Reader, SheetType, Xls, XlsError, Xlsb, XlsbError, Xlsx, XlsxError};
use serde_json::{Map, Value};

use self::regions::Region;
use crate::blocks::{Markers, scan};
use crate::failure::ParseFailure;
use crate::format::Format;
use crate::header::Header;
use crate::parser::{Draft, Input, Isolation, Parser};
use crate::registry::too_many_pages;
use crate::table;

/// Key of the sheet's name in rows of workbooks with several sheets.
const SHEET_KEY: &str = "_sheet";

/// Reads workbooks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SpreadsheetParser;

impl Parser for SpreadsheetParser {
    fn name(&self) -> &'static str {
        "spreadsheet"
    }

    fn version(&self) -> &'static str {
        "1+calamine-0.38"
    }

    fn formats(&self) -> &'static [Format] {
        &[Format::Xlsx, Format::Xlsb, Format::Xls, Format::Ods]
    }

    fn isolation(&self) -> Isolation {
        Isolation::Child
    }

    fn parse(&self, input: Input<'_>) -> Result<Draft, ParseFailure> {
        let bytes = Cursor::new(input.bytes);
        let label = input.format.label();
        let sheets = match input.format {
            Format::Xlsb => read(Xlsb::new(bytes), &input, |error| matches!(error, XlsbError::Password))?,
            Format::Xls => read(Xls::new(bytes), &input, |error| matches!(error, XlsError::Password))?,
            Format::Ods => read(Ods::new(bytes), &input, |error| matches!(error, OdsError::Password))?,
            Format::Xlsx => read(Xlsx::new(bytes), &input, |error| matches!(error, XlsxError::Password))?,
            _ => return Err(crate::sniff::unsupported(label)),
        };
        Ok(draft(&sheets))
    }
}

/// One sheet as read.
struct Sheet {
    name: String,
    /// `None` for charts and macros, which have no cells.
    cells: Option<Range<Data>>,
}

fn read<'a, R, E>(
    opened: Result<R, E>,
    input: &Input<'a>,
    is_password: fn(&E) -> bool,
) -> Result<Vec<Sheet>, ParseFailure>
where
    R: Reader<Cursor<&'a [u8]>, Error = E>,
    E: Display + std::fmt::Debug + From<std::io::Error>,
{
    let label = input.format.label();
    let refused = |error: E| {
        if is_password(&error) { ParseFailure::encrypted(label) } else { ParseFailure::unreadable(label, error) }
    };
    let mut workbook = opened.map_err(refused)?;
    let listed = workbook.sheets_metadata().to_vec();
    let count = u32::try_from(listed.len()).unwrap_or(u32::MAX);
    if count > input.limits.max_pages {
        return Err(too_many_pages(count, input.limits));
    }
    let mut sheets = Vec::with_capacity(listed.len());
    for sheet in listed {
        let cells = match sheet.typ {
            SheetType::WorkSheet => Some(workbook.worksheet_range(&sheet.name).map_err(refused)?),
            _ => None,
        };
        sheets.push(Sheet { name: sheet.name, cells });
    }
    Ok(sheets)
}

/// One table of a sheet: what precedes its header, the header, and the data.
struct Table<'a> {
    sheet: &'a str,
    titles: Vec<String>,
    /// Header first.
    rows: Vec<&'a [Data]>,
}

fn draft(sheets: &[Sheet]) -> Draft {
    let mut markdown = String::new();
    let mut tables = Vec::new();
    for (index, sheet) in sheets.iter().enumerate() {
        let name = sheet.name.replace("--", "- ").replace('\n', " ");
        let _infallible = write!(markdown, "<!-- sheet {}: {name} -->\n\n## {name}\n\n", index + 1);
        let Some(cells) = &sheet.cells else {
            continue;
        };
        for region in regions::find(cells) {
            let table = table_of(&sheet.name, cells, region);
            write_table(&mut markdown, &table);
            tables.push(table);
        }
    }
    let mut warnings = Vec::new();
    if tables.is_empty() {
        warnings.push("the workbook holds no cells".to_owned());
    }
    let rows = rows_of(&tables, &mut warnings);
    let blocks = scan(&markdown, Markers::Trusted);
    let pages = u32::try_from(sheets.len()).unwrap_or(u32::MAX).max(1);
    Draft { markdown, blocks, pages, warnings, rows: Some(rows), ..Draft::default() }
}

fn table_of<'a>(sheet: &'a str, cells: &'a Range<Data>, region: Region) -> Table<'a> {
    let rows: Vec<&[Data]> = cells
        .rows()
        .skip(region.top)
        .take(region.bottom - region.top + 1)
        .map(|row| &row[region.left..=region.right])
        .filter(|row| row.iter().any(|cell| !cell::is_blank(cell)))
        .collect();
    let header = regions::header_row(&rows);
    let titles = rows[..header]
        .iter()
        .map(|row| row.iter().filter(|cell| !cell::is_blank(cell)).map(cell::text).collect::<Vec<_>>().join(" "))
        .collect();
    Table { sheet, titles, rows: rows[header..].to_vec() }
}

fn write_table(markdown: &mut String, table: &Table<'_>) {
    for title in &table.titles {
        markdown.push_str(&title.lines().collect::<Vec<_>>().join(" "));
        markdown.push_str("\n\n");
    }
    let texts: Vec<Vec<String>> = table.rows.iter().map(|row| row.iter().map(cell::text).collect()).collect();
    match texts.as_slice() {
        // A cell on its own is a caption, not a table.
        [row] if row.len() == 1 => markdown.push_str(&row[0].lines().collect::<Vec<_>>().join(" ")),
        rows => markdown.push_str(&table::render(rows)),
    }
    markdown.push('\n');
}

fn rows_of(tables: &[Table<'_>], warnings: &mut Vec<String>) -> Vec<Map<String, Value>> {
    let has_data = |table: &&Table<'_>| table.rows.len() > 1;
    let is_wide = |table: &&Table<'_>| table.rows[0].len() > 1;
    // Lists of one column are notes, unless there is nothing else.
    let any_wide = tables.iter().filter(has_data).any(|table| is_wide(&table));
    let chosen: Vec<&Table<'_>> = tables.iter().filter(has_data).filter(|table| !any_wide || is_wide(table)).collect();
    let several_sheets = chosen.windows(2).any(|pair| pair[0].sheet != pair[1].sheet);
    let mut rows = Vec::new();
    for table in chosen {
        let names: Vec<String> = table.rows[0].iter().map(cell::text).collect();
        let reserved: &[&str] = if several_sheets { &[SHEET_KEY] } else { &[] };
        let header = Header::reserving(&names, reserved);
        warnings.extend(header.warnings().into_iter().map(|warning| format!("sheet '{}': {warning}", table.sheet)));
        for data in &table.rows[1..] {
            let mut row = Map::new();
            if several_sheets {
                row.insert(SHEET_KEY.to_owned(), Value::from(table.sheet));
            }
            row.extend(header.row(data.iter().map(cell::value)));
            rows.push(row);
        }
    }
    rows
}
