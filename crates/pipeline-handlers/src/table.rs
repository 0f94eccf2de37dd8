//! Markdown tables: written from cells, read back into cells.

use std::fmt::Write as _;

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
