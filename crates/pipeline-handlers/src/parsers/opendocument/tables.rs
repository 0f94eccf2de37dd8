//! The tables of a body, which stand in each other.

use quick_xml::events::BytesStart;

use crate::xml::attribute;

/// Cells of all tables together, repeated ones included.
const MAX_CELLS: usize = 1_000_000;
/// Empty cells that one stands for: rows of sheets end in one that is repeated to the edge.
const MAX_EMPTY_CELLS: usize = 64;

/// Rows of cells.
pub(super) type Rows = Vec<Vec<String>>;

#[derive(Default)]
struct Table {
    rows: Rows,
    row: Vec<String>,
    row_repeats: usize,
    cell: String,
    cell_repeats: usize,
    /// Covered cells that repeat the one before them.
    spanned: usize,
    in_cell: bool,
}

impl Table {
    /// The text of the open cell, ready for another line.
    fn next_line(&mut self) -> &mut String {
        if !self.cell.is_empty() {
            self.cell.push('\n');
        }
        &mut self.cell
    }
}

/// The tables that are open, the innermost last.
#[derive(Default)]
pub(super) struct Tables {
    open: Vec<Table>,
    cells: usize,
}

impl Tables {
    /// Whether none is open.
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// A table begins.
    pub(super) fn start(&mut self) {
        self.open.push(Table::default());
    }

    /// A row begins.
    pub(super) fn start_row(&mut self, tag: &BytesStart<'_>) {
        if let Some(table) = self.open.last_mut() {
            table.row_repeats = repeats(tag, "number-rows-repeated");
        }
    }

    /// A cell begins.
    pub(super) fn start_cell(&mut self, tag: &BytesStart<'_>) {
        if let Some(table) = self.open.last_mut() {
            table.cell_repeats = repeats(tag, "number-columns-repeated");
            table.spanned = repeats(tag, "number-columns-spanned") - 1;
            table.in_cell = true;
        }
    }

    /// A cell begins that another one covers.
    pub(super) fn start_covered_cell(&mut self, tag: &BytesStart<'_>) {
        if let Some(table) = self.open.last_mut() {
            table.cell_repeats = repeats(tag, "number-columns-repeated");
            if table.spanned > 0 {
                table.cell = table.row.last().cloned().unwrap_or_default();
                table.spanned = table.spanned.saturating_sub(table.cell_repeats);
            }
        }
    }

    /// The text of the open cell, ready for another line; `None` outside cells.
    pub(super) fn next_line(&mut self) -> Option<&mut String> {
        Some(self.open.last_mut().filter(|table| table.in_cell)?.next_line())
    }

    /// A cell ends.
    ///
    /// # Errors
    /// When there are too many.
    pub(super) fn end_cell(&mut self) -> Result<(), String> {
        let Some(table) = self.open.last_mut() else { return Ok(()) };
        table.in_cell = false;
        let cell = std::mem::take(&mut table.cell);
        let repeats = if cell.is_empty() { table.cell_repeats.min(MAX_EMPTY_CELLS) } else { table.cell_repeats };
        count(&mut self.cells, repeats)?;
        table.row.extend(std::iter::repeat_n(cell, repeats));
        Ok(())
    }

    /// A row ends.
    ///
    /// # Errors
    /// When there are too many cells.
    pub(super) fn end_row(&mut self) -> Result<(), String> {
        let Some(table) = self.open.last_mut() else { return Ok(()) };
        let row = std::mem::take(&mut table.row);
        let repeats = if row.iter().all(String::is_empty) { 1 } else { table.row_repeats };
        count(&mut self.cells, row.len().saturating_mul(repeats - 1))?;
        table.rows.extend(std::iter::repeat_n(row, repeats));
        Ok(())
    }

    /// A table ends. Its rows; `None` when it stood in a cell, whose text it is now.
    pub(super) fn end(&mut self) -> Option<Rows> {
        let mut table = self.open.pop()?;
        for row in &mut table.rows {
            while row.last().is_some_and(String::is_empty) {
                row.pop();
            }
        }
        let Some(outer) = self.open.last_mut().filter(|outer| outer.in_cell) else { return Some(table.rows) };
        // Markdown knows no tables in tables: the text of the inner one stays in its cell.
        for row in table.rows {
            outer.next_line().push_str(&row.join(" "));
        }
        None
    }
}

fn count(cells: &mut usize, more: usize) -> Result<(), String> {
    *cells = cells.saturating_add(more);
    if *cells > MAX_CELLS {
        return Err(format!("its tables have more than {MAX_CELLS} cells"));
    }
    Ok(())
}

/// How often an element stands for itself, at least once.
fn repeats(tag: &BytesStart<'_>, name: &str) -> usize {
    attribute(tag, name).and_then(|count| count.parse::<usize>().ok()).unwrap_or(1).max(1)
}
