//! Cells that span columns or rows, repeated wherever they reach.
//!
//! Markdown has no spans: the converter writes a spanning cell once and leaves the rest of its area blank. A row then
//! no longer says what it is about. So each position gets the text of the cell that covers it.

use html_to_markdown_rs::{TableData, TableGrid};

use crate::inline::plain;
use crate::table;

/// Tables looked for in vain; each costs a pass over the rest of the text.
const MAX_MISSES: usize = 50;
/// Positions of a larger grid are not worth the memory.
const MAX_POSITIONS: usize = 1_000_000;

/// Whether a page may hold spanning cells at all.
pub(super) fn occur_in(html: &str) -> bool {
    html.as_bytes()
        .windows(7)
        .any(|window| window.eq_ignore_ascii_case(b"rowspan") || window.eq_ignore_ascii_case(b"colspan"))
}

/// Fills the tables of converted text; `tables` are those tables, in order.
pub(super) fn fill(markdown: &str, tables: &[TableData]) -> String {
    let mut filled = String::with_capacity(markdown.len());
    let mut rest = markdown;
    let mut misses = 0;
    for table in tables.iter().filter(|table| has_spans(&table.grid)) {
        // A table inside a list, a quotation or another table is not written like this; it stays as it is.
        let written = without_caption(&table.markdown);
        let Some(at) = (!written.is_empty()).then(|| rest.find(written)).flatten() else {
            misses += 1;
            if misses > MAX_MISSES {
                break;
            }
            continue;
        };
        filled.push_str(&rest[..at]);
        match fill_one(written, &table.grid) {
            Some(rendered) => filled.push_str(rendered.trim_end()),
            None => filled.push_str(written),
        }
        rest = &rest[at + written.len()..];
    }
    filled.push_str(rest);
    filled
}

fn has_spans(grid: &TableGrid) -> bool {
    grid.cells.iter().any(|cell| cell.row_span > 1 || cell.col_span > 1)
}

/// A table's rows, without what stands above them; empty if it is not written in rows.
fn without_caption(markdown: &str) -> &str {
    if markdown.starts_with('|') {
        return markdown;
    }
    markdown.find("\n|").map_or("", |at| &markdown[at + 1..])
}

/// `None` if the table is not written row by row as the grid has it.
fn fill_one(written: &str, grid: &TableGrid) -> Option<String> {
    let lines: Vec<&str> = written.lines().filter(|line| line.trim_start().starts_with('|')).collect();
    let mut rows: Vec<Vec<String>> = lines.iter().map(|line| table::split_row(line)).collect();
    if rows.len() < 2 || !table::is_delimiter_row(&rows[1]) || lines.len() != written.lines().count() {
        return None;
    }
    rows.remove(1);
    let owners = owners(grid)?;
    if owners.len() != rows.len() {
        return None;
    }
    let written_rows = rows.clone();
    let mut full = Vec::with_capacity(rows.len());
    for (index, (row, owned)) in rows.iter_mut().zip(&owners).enumerate() {
        row.resize(row.len().max(owned.len()), String::new());
        let mut says_something = index == 0 || owned.iter().all(Option::is_none);
        for (column, owner) in owned.iter().enumerate() {
            let Some(origin) = owner else { continue };
            says_something |= origin.row == index && !origin.goes_on_below;
            if (origin.row, origin.column) != (index, column) {
                // Pictures and the targets of links are not said again.
                row[column] = plain(written_rows.get(origin.row)?.get(origin.column)?);
            }
        }
        // A row of nothing but cells that go on below says nothing that the next one does not.
        if says_something {
            full.push(std::mem::take(row));
        }
    }
    // The cells are still escaped.
    let unescaped: Vec<Vec<String>> =
        full.into_iter().map(|row| row.into_iter().map(|cell| cell.replace("\\|", "|")).collect()).collect();
    Some(table::render(&unescaped))
}

#[derive(Debug, Clone, Copy)]
struct Owner {
    row: usize,
    column: usize,
    goes_on_below: bool,
}

/// The cell that covers each position, by the algorithm of the HTML standard: cells take the first free column.
fn owners(grid: &TableGrid) -> Option<Vec<Vec<Option<Owner>>>> {
    let rows = usize::try_from(grid.rows).ok()?;
    let mut owners: Vec<Vec<Option<Owner>>> = vec![Vec::new(); rows];
    let mut taken = 0_usize;
    for cell in &grid.cells {
        let row = usize::try_from(cell.row).ok()?;
        let (height, width) =
            (usize::try_from(cell.row_span).ok()?.max(1), usize::try_from(cell.col_span).ok()?.max(1));
        let last = row.checked_add(height)?.min(rows);
        let column = owners.get(row)?.iter().position(Option::is_none).unwrap_or(owners[row].len());
        taken = taken.checked_add((last - row).checked_mul(column.checked_add(width)?)?)?;
        if taken > MAX_POSITIONS {
            return None;
        }
        let owner = Owner { row, column, goes_on_below: last > row + 1 };
        for covered in &mut owners[row..last] {
            covered.resize(covered.len().max(column + width), None);
            covered[column..column + width].fill(Some(owner));
        }
    }
    Some(owners)
}
