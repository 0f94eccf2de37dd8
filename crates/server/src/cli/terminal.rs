//! Output for people: lines, and tables whose columns line up.

use std::io::{self, ErrorKind, Write};

use chrono::{DateTime, Utc};
use unicode_width::UnicodeWidthStr;

/// Prints text and a line end to standard output.
///
/// # Errors
/// When it cannot be written; see [`reader_left`].
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Prints a line to standard error.
pub(super) fn complain(text: &str) {
    // There is nobody left to tell when this fails.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Whether an error only says that whoever read our output (`head`, say) has seen enough.
pub(super) fn reader_left(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// Text from elsewhere made safe for a terminal: no control characters, so that no file name moves the cursor.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { '\u{fffd}' } else { char }).collect()
}

/// A time, to the second.
pub(super) fn time(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// The same for a time that may not have come.
pub(super) fn maybe_time(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(|| "-".to_owned(), time)
}

/// Bytes in the unit that fits.
pub(super) fn size(bytes: u64) -> String {
    indicatif::BinaryBytes(bytes).to_string()
}

/// Rows under a header, columns as wide as their widest cell on screen.
pub(super) fn columns<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> String {
    let mut widths = header.map(UnicodeWidthStr::width);
    let rows: Vec<[String; N]> = rows.iter().map(|row| row.each_ref().map(|cell| clean(cell))).collect();
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let line = |cells: [&str; N]| {
        let mut text = String::new();
        for (cell, width) in cells.iter().zip(widths) {
            text.push_str(cell);
            // Filled up by hand: the formatter counts characters, and a Chinese one takes two places.
            text.push_str(&" ".repeat(width - cell.width() + 2));
        }
        text.trim_end().to_owned()
    };
    let mut lines = vec![line(header)];
    lines.extend(rows.iter().map(|row| line(row.each_ref().map(String::as_str))));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_on_screen() {
        let rows = [
            ["1".to_owned(), "合同.txt".to_owned(), "ok".to_owned()],
            ["20".to_owned(), "a\u{7}b".to_owned(), String::new()],
        ];
        let text = columns(["id", "file", "state"], &rows);
        assert_eq!(text, "id  file      state\n1   合同.txt  ok\n20  a\u{fffd}b");
    }

    #[test]
    fn a_reader_that_left_is_no_failure() {
        assert!(reader_left(&io::Error::from(ErrorKind::BrokenPipe).into()));
        assert!(!reader_left(&anyhow::anyhow!("broken pipe")));
    }
}
