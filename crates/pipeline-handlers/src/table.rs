//! Markdown tables: written from cells, read back into cells.

use std::fmt::Write as _;

/// Empty cells that any table may be given, and how many more for each cell of its own.
const SPARE_CELLS: usize = 1 << 18;
const SPARE_PER_CELL: usize = 2;

/// Whether rows of so many cells together may all be made as wide as the widest. One row of a million cells above a
/// million rows of one cell would be a small file and a table that no memory holds.
pub(crate) fn may_be_padded(rows: usize, width: usize, cells: usize) -> bool {
    let padded = rows.saturating_mul(width);
    padded <= cells.saturating_mul(1 + SPARE_PER_CELL).saturating_add(SPARE_CELLS)
}

/// Makes all rows as wide as the widest by empty cells; false when they are too uneven for that, and stay as they are.
pub(crate) fn pad(rows: &mut [Vec<String>]) -> bool {
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    let may = may_be_padded(rows.len(), width, rows.iter().map(Vec::len).sum());
    if may {
        for row in rows {
            row.resize(width, String::new());
        }
    }
    may
}

/// Writes rows as a Markdown table; the first row is the header. Rows are padded to the widest.
pub(crate) fn render<S: AsRef<str>>(rows: &[Vec<S>]) -> String {
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut markdown = String::new();
    for (index, row) in rows.iter().enumerate() {
        markdown.push('|');
        for column in 0..width {
            let cell = row.get(column).map_or("", AsRef::as_ref);
            markdown.push(' ');
            push_cell(&mut markdown, cell);
            markdown.push_str(" |");
        }
        markdown.push('\n');
        if index == 0 {
            markdown.push('|');
            for _ in 0..width {
                let _infallible = write!(markdown, " --- |");
            }
            markdown.push('\n');
        }
    }
    markdown
}

/// A cell on one line, its bars escaped.
fn push_cell(markdown: &mut String, cell: &str) {
    if !cell.contains(['|', '\n', '\r']) {
        markdown.push_str(cell.trim());
        return;
    }
    for (index, line) in cell.lines().map(str::trim).filter(|line| !line.is_empty()).enumerate() {
        if index > 0 {
            markdown.push(' ');
        }
        markdown.push_str(&line.replace('|', "\\|"));
    }
}

/// Splits one line of a table into cells, still with their inline markup.
pub(crate) fn split_row(line: &str) -> Vec<String> {
    let inner = line.trim();
    let inner = inner.strip_prefix('|').unwrap_or(inner);
    let mut cells = vec![String::new()];
    let mut escaped = false;
    for character in inner.chars() {
        match (character, cells.last_mut()) {
            ('|', _) if !escaped => cells.push(String::new()),
            (other, Some(cell)) => cell.push(other),
            (_, None) => {}
        }
        escaped = character == '\\' && !escaped;
    }
    // The bar that ends a line opens no cell.
    if cells.len() > 1 && cells.last().is_some_and(|last| last.trim().is_empty()) {
        cells.pop();
    }
    for cell in &mut cells {
        *cell = cell.trim().to_owned();
    }
    cells
}

/// Whether cells are `---`, `:--` and the like.
pub(crate) fn is_delimiter_row(cells: &[String]) -> bool {
    !cells.is_empty()
        && cells.iter().all(|cell| {
            let dashes = cell.strip_prefix(':').unwrap_or(cell);
            let dashes = dashes.strip_suffix(':').unwrap_or(dashes);
            !dashes.is_empty() && dashes.bytes().all(|byte| byte == b'-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_padded_within_reason() {
        let row = |width: usize| vec!["x".to_owned(); width];
        let mut rows = vec![row(3), row(1), row(0)];
        assert!(pad(&mut rows) && rows.iter().all(|row| row.len() == 3), "{rows:?}");
        let mut uneven = vec![row(2_000); 1];
        uneven.extend(vec![row(1); 2_000]);
        assert!(!pad(&mut uneven) && uneven[1].len() == 1);
        assert!(may_be_padded(1_000_000, 3, 1_000_000) && !may_be_padded(usize::MAX, 2, 3));
    }

    #[test]
    fn what_is_written_reads_back() {
        let rows = vec![vec!["a", "b|c"], vec!["line\nbreak", ""]];
        let markdown = render(&rows);
        assert_eq!(markdown, "| a | b\\|c |\n| --- | --- |\n| line break |  |\n");
        let first = markdown.lines().next().map(split_row);
        assert_eq!(first, Some(vec!["a".to_owned(), "b\\|c".to_owned()]));
        assert!(is_delimiter_row(&split_row("|:-:|--|")));
        assert!(!is_delimiter_row(&split_row("| - x | - |")));
    }
}
