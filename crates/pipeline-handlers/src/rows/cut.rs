//! Documents that are in memory already: their rows move out when there are too many.

use std::io::{self, Write};
use std::path::Path;

use millrace_domain::document::{Block, BlockKind, ParsedDocument};

use super::{HEAD_ROWS, RowWriter, cut_warning};
use crate::failure::ParseFailure;
use crate::file;
use crate::limits::ParserLimits;
use crate::sections::is_raw;

/// Moves the rows into the file at `place` when there are more than a document may hold, and cuts its tables to their first rows.
///
/// # Errors
/// `output_too_large`, and `parser_unavailable` when the file cannot be written.
pub(crate) fn keep_beside<'a>(
    document: &mut ParsedDocument,
    limits: &ParserLimits,
    place: impl FnOnce() -> io::Result<&'a Path>,
) -> Result<(), ParseFailure> {
    if document.rows_ref.is_some() || !is_large(document, limits) {
        return Ok(());
    }
    let path = place().map_err(|error| file::unavailable(&error))?;
    let mut writer = RowWriter::new(path, limits);
    for row in document.rows.take().into_iter().flatten() {
        writer.push(&row)?;
    }
    let (head, reference) = writer.finish()?;
    document.warnings.push(cut_warning(reference.rows));
    document.rows = Some(head);
    document.rows_ref = Some(reference);
    if is_raw(document) {
        document.markdown = first_lines(&document.markdown);
        document.blocks = vec![Block::new(BlockKind::Code, document.markdown.clone())];
    } else {
        document.markdown = cut_tables(&document.markdown);
        document.blocks.iter_mut().for_each(cut_block);
    }
    Ok(())
}

/// Whether a document has more rows than may stand in it.
fn is_large(document: &ParsedDocument, limits: &ParserLimits) -> bool {
    let Some(rows) = &document.rows else { return false };
    let mut room = Room(limits.max_inline_bytes);
    rows.len() > limits.max_inline_rows || serde_json::to_writer(&mut room, rows).is_err()
}

/// Takes so many bytes and fails at the next.
struct Room(u64);

impl Write for Room {
    fn write(&mut self, chunk: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(chunk.len() as u64).ok_or_else(|| io::Error::other("no room"))?;
        Ok(chunk.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn first_lines(text: &str) -> String {
    text.lines().take(HEAD_ROWS).flat_map(|line| [line, "\n"]).collect()
}

/// Every run of table lines, cut to its header, its delimiter and the first rows.
fn cut_tables(markdown: &str) -> String {
    let mut cut = String::new();
    let mut run = 0;
    for line in markdown.lines() {
        run = if line.starts_with('|') { run + 1 } else { 0 };
        if run <= HEAD_ROWS + 2 {
            cut.push_str(line);
            cut.push('\n');
        }
    }
    cut
}

fn cut_block(block: &mut Block) {
    let Some(table) = &mut block.table else { return };
    let most = HEAD_ROWS + usize::from(table.has_header);
    if table.rows.len() > most {
        table.rows.truncate(most);
        block.text = table.rows.iter().map(|row| row.join("\t")).collect::<Vec<_>>().join("\n");
    }
}

#[cfg(test)]
mod tests {
    use millrace_domain::parse_options::ParseOptions;

    use super::*;
    use crate::registry::builtin;
    use crate::rows::RowSpool;

    fn parsed(name: &str, text: &str, limits: &ParserLimits) -> (ParsedDocument, RowSpool) {
        let mut document =
            builtin().parse(text.as_bytes(), name, limits, &ParseOptions::default()).expect("a document");
        let spool = RowSpool::default();
        keep_beside(&mut document, limits, || spool.path()).expect("kept");
        (document, spool)
    }

    #[test]
    fn only_large_tables_move_out() {
        let text = format!("k,v\n{}", "a,1\n".repeat(200));
        let at = |max_inline_rows, max_inline_bytes| {
            let limits = ParserLimits { max_inline_rows, max_inline_bytes, ..ParserLimits::default() };
            let (document, spool) = parsed("a.csv", &text, &limits);
            (document.rows_ref.map(|rows| rows.rows), spool.written().is_some())
        };
        assert_eq!(at(200, 1 << 20), (None, false));
        assert_eq!(at(199, 1 << 20), (Some(200), true));
        assert_eq!(at(200, 100), (Some(200), true));
    }

    #[test]
    fn what_stays_is_cut_alike() {
        let limits = ParserLimits { max_inline_rows: 150, ..ParserLimits::default() };
        let (csv, spool) = parsed("a.csv", &format!("k,v\n{}", "a,1\n".repeat(200)), &limits);
        let table = csv.blocks[0].table.as_ref().expect("a table");
        assert_eq!((csv.markdown.lines().count(), table.rows.len()), (102, 101));
        assert_eq!((csv.blocks[0].text.lines().count(), csv.rows.as_ref().map(Vec::len)), (101, Some(100)));
        assert!(csv.warnings[0].contains("200 rows"), "{:?}", csv.warnings);
        let written = std::fs::read_to_string(spool.written().expect("rows")).expect("text");
        assert_eq!(written, "{\"k\":\"a\",\"v\":\"1\"}\n".repeat(200));
        let (lines, _) = parsed("a.ndjson", &"{\"a\":1}\n".repeat(200), &limits);
        assert_eq!((lines.markdown.lines().count(), lines.blocks[0].text.lines().count()), (100, 100));
    }
}
