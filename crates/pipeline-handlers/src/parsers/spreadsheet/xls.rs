//! XLS: what is checked of the records of a workbook (MS-XLS 2.1.4) before their reader sees them.
//!
//! The reader of calamine has a container of its own reading, trusts the size that a sheet gives itself with memory, and
//! makes a rectangle of all cells. It gets a container that holds nothing but the records, and no sheet with cells where
//! a sheet has no columns.

use crate::failure::ParseFailure;
use crate::format::Format;
use crate::limits::ParserLimits;
use crate::ole2::{self, Container, u16_at, u32_at};

/// Kinds of records.
const BEGIN: u16 = 0x0809;
const END: u16 = 0x000A;
const CONTINUE: u16 = 0x003C;
const BOUND_SHEET: u16 = 0x0085;
const DIMENSIONS: u16 = 0x0200;
/// Cells that begin with their row and column: formulas, rows of numbers, labels, numbers, truths and errors.
const CELLS: [u16; 8] = [0x0006, 0x00BD, 0x00D6, 0x00FD, 0x0203, 0x0204, 0x0205, 0x027E];
/// Columns of a sheet.
const COLUMNS: u16 = 256;
/// A record is continued once it has 8 224 bytes. Shorter pieces are made by few programs, and never this many of them;
/// putting the pieces together takes time by the square of their number.
const SHORT: usize = 1_024;
const MAX_SHORT: usize = 10_000;

/// A container with the workbook of a file and nothing else.
///
/// # Errors
/// `unreadable_file`, `too_many_pages`.
pub(super) fn workbook_of(file: &[u8], limits: &ParserLimits) -> Result<Vec<u8>, ParseFailure> {
    let label = Format::Xls.label();
    let broken = |detail: &str| ParseFailure::unreadable(label, detail);
    let mut container = Container::open(file).ok_or_else(|| broken("its container cannot be read"))?;
    let found = ["Workbook", "Book"].into_iter().find_map(|name| Some((name, container.stream(name)?)));
    let (name, mut records) = found.ok_or_else(|| broken("it holds no workbook"))?;
    let sheets = sheets_of(&records).map_err(broken)?;
    let count = u32::try_from(sheets.len()).unwrap_or(u32::MAX);
    if count > limits.max_pages {
        return Err(ParseFailure::too_many_pages(count, limits));
    }
    let mut left = records.len();
    for start in sheets {
        left = check_sheet(&mut records, start, left).map_err(broken)?;
    }
    ole2::of_stream(name, &records).map_err(|error| ParseFailure::unreadable(label, error))
}

/// One record.
struct Record {
    kind: u16,
    /// Where its data begins, and behind its end.
    start: usize,
    end: usize,
}

/// The record at a place; `None` when there is none, or it ends beyond the stream.
fn record_at(records: &[u8], at: usize) -> Option<Record> {
    let start = at.checked_add(4)?;
    let end = start + usize::from(u16_at(records, at + 2)?);
    (end <= records.len()).then_some(Record { kind: u16_at(records, at)?, start, end })
}

/// Where the sheets begin.
fn sheets_of(records: &[u8]) -> Result<Vec<usize>, &'static str> {
    let mut sheets = Vec::new();
    let (mut at, mut short) = (0, 0);
    while let Some(record) = record_at(records, at) {
        at = record.end;
        short = if record.kind == CONTINUE { short + usize::from(record.end - record.start < SHORT) } else { 0 };
        if short > MAX_SHORT {
            return Err("a record is cut into too many pieces");
        }
        match record.kind {
            BOUND_SHEET => {
                let start =
                    u32_at(&records[..record.end], record.start).ok_or("a sheet is listed without its place")?;
                sheets.push(start as usize);
            }
            END => break,
            _ => {}
        }
    }
    if sheets.iter().any(|start| *start >= records.len()) {
        return Err("a sheet begins beyond its end");
    }
    Ok(sheets)
}

/// Checks the sheet that begins at a place, and has it give no size. `left` is how many bytes of sheets may be read;
/// returned is what then is left: sheets lie one behind the other, and many in one place would take time without end.
fn check_sheet(records: &mut [u8], start: usize, left: usize) -> Result<usize, &'static str> {
    let (mut at, mut depth) = (start, 0_usize);
    while let Some(record) = record_at(records, at) {
        at = record.end;
        if at - start > left {
            return Err("its sheets lie in each other");
        }
        match record.kind {
            BEGIN => depth += 1,
            END if depth <= 1 => break,
            END => depth -= 1,
            // What lies deeper are charts.
            _ if depth > 1 => {}
            // The reader takes it for how much memory the sheet will need, and for nothing else.
            DIMENSIONS => records[record.start..record.end].fill(0),
            kind if CELLS.contains(&kind) => {
                let column = u16_at(&records[..record.end], record.start + 2).ok_or("a cell is cut short")?;
                // A row of numbers ends with its last column.
                let last = if kind == 0x00BD { u16_at(records, record.end - 2) } else { None };
                if column.max(last.unwrap_or(0)) >= COLUMNS {
                    return Err("a cell stands beyond the last column");
                }
            }
            _ => {}
        }
    }
    Ok(left - (at - start))
}

#[cfg(test)]
#[path = "xls_tests.rs"]
mod tests;
