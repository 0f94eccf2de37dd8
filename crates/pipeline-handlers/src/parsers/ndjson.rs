//! NDJSON (JSON Lines): one value a line, each a row.

use std::fs::File;
use std::io::{BufRead, BufReader};

use millrace_domain::document::{Block, BlockKind};
use serde_json::{Map, Value};

use super::text::{self, decode_some};
use crate::draft::Draft;
use crate::failure::ParseFailure;
use crate::format::Format;
use crate::limits::ParserLimits;
use crate::nul;
use crate::parser::{Input, Isolation, Parser};
use crate::rows::{Allowance, HEAD_BYTES, HEAD_ROWS, LargeText, RowStream, RowWriter, cut_warning};

/// Bytes of a large file read at a time.
const BUFFER_BYTES: usize = 64 << 10;

/// Key of lines that are no objects.
const VALUE_KEY: &str = "value";
/// Numbers of bad lines named in the warning.
const NAMED_LINES: usize = 20;

/// Reads NDJSON. A line that is no JSON is left out of `rows` and named in a warning; when more lines are bad than
/// good, the file is not NDJSON and fails.
#[derive(Debug, Clone, Copy, Default)]
pub struct NdjsonParser;

impl Parser for NdjsonParser {
    fn name(&self) -> &'static str {
        "ndjson"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn formats(&self) -> &'static [Format] {
        &[Format::Ndjson]
    }

    fn isolation(&self) -> Isolation {
        Isolation::InProcess
    }

    fn parse(&self, input: Input<'_>) -> Result<Draft, ParseFailure> {
        let decoded = decode_some(input.bytes)?;
        let mut warnings = decoded.warnings();
        let mut rows: Vec<Map<String, Value>> = Vec::new();
        let mut bad = BadLines::default();
        for (index, line) in decoded.text.lines().enumerate() {
            match row(line) {
                Some(Ok(row)) => rows.push(row),
                Some(Err(error)) => bad.add(index as u64 + 1, error),
                None => {}
            }
        }
        warnings.extend(bad.warning(rows.len() as u64)?);
        Ok(Draft { warnings, rows: Some(rows), ..draft(decoded.text) })
    }

    fn streaming(&self) -> Option<&dyn RowStream> {
        Some(self)
    }
}

impl RowStream for NdjsonParser {
    fn read_rows(
        &self,
        file: &File,
        limits: &ParserLimits,
        rows: &mut RowWriter<'_>,
    ) -> Result<Option<Draft>, ParseFailure> {
        let Some(large) = LargeText::of(file)? else { return Ok(None) };
        let allowance = Allowance::new(limits.max_inline_bytes);
        let mut reader = BufReader::with_capacity(BUFFER_BYTES, large.reader(file)?.limited(allowance.clone()));
        let (mut line, mut number, mut head) = (String::new(), 0, String::new());
        let mut bad = BadLines::default();
        let mut is_blank = true;
        while read_line(&mut reader, &mut line)? {
            allowance.renew();
            number += 1;
            if number <= HEAD_ROWS as u64 && (head.len() + line.len()) as u64 <= HEAD_BYTES {
                head.push_str(&line);
            }
            is_blank = is_blank && text::is_blank(&line);
            match row(&line) {
                Some(Ok(mut row)) => {
                    nul::strip_row(&mut row);
                    rows.push(&row)?;
                }
                Some(Err(error)) => bad.add(number, error),
                None => {}
            }
        }
        if is_blank {
            return Err(text::only_blanks());
        }
        let mut warnings = large.warnings(reader.get_ref().is_lossy());
        warnings.extend(bad.warning(rows.rows())?);
        let (first, reference) = rows.finish()?;
        warnings.push(cut_warning(reference.rows));
        Ok(Some(Draft { warnings, rows: Some(first), rows_ref: Some(reference), ..draft(head) }))
    }
}

/// The next line; false at the end of the file.
fn read_line(reader: &mut impl BufRead, line: &mut String) -> Result<bool, ParseFailure> {
    line.clear();
    Ok(reader.read_line(line).map_err(|error| ParseFailure::unreadable("NDJSON", error))? > 0)
}

/// The text in a block of code.
fn draft(text: String) -> Draft {
    let block = Block::new(BlockKind::Code, text.clone());
    Draft { markdown: text, blocks: vec![block], pages: 1, ..Draft::default() }
}

/// The row of a line; none of a blank one.
fn row(line: &str) -> Option<serde_json::Result<Map<String, Value>>> {
    if line.trim().is_empty() {
        return None;
    }
    Some(serde_json::from_str(line).map(|value| match value {
        Value::Object(row) => row,
        value => [(VALUE_KEY.to_owned(), value)].into_iter().collect(),
    }))
}

/// Lines that are no JSON.
#[derive(Debug, Default)]
struct BadLines {
    count: u64,
    /// Numbers of the first, from 1.
    named: Vec<u64>,
    /// What is wrong with the first of all.
    first: Option<serde_json::Error>,
}

impl BadLines {
    fn add(&mut self, line: u64, error: serde_json::Error) {
        self.count += 1;
        if self.named.len() < NAMED_LINES {
            self.named.push(line);
        }
        self.first.get_or_insert(error);
    }

    /// What to say of them, if there are any, in a file with so many good rows.
    ///
    /// # Errors
    /// `unreadable_file` when more lines are bad than good.
    fn warning(self, rows: u64) -> Result<Option<String>, ParseFailure> {
        let (Some(error), [line, ..]) = (self.first, self.named.as_slice()) else { return Ok(None) };
        if self.count > rows {
            return Err(ParseFailure::unreadable("NDJSON", format!("line {line}: {error}")));
        }
        let numbers = self.named.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        let more = if self.count > self.named.len() as u64 { ", …" } else { "" };
        Ok(Some(format!("{} lines are no JSON and not in rows: {numbers}{more} (line {line}: {error})", self.count)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::failure::FailureCode;
    use crate::limits::ParserLimits;

    fn parse(text: &str) -> Result<Draft, ParseFailure> {
        let limits = ParserLimits::default();
        NdjsonParser.parse(Input::new(text.as_bytes(), Format::Ndjson, &limits))
    }

    #[test]
    fn lines_are_rows() {
        let draft = parse("{\"b\": \"007\", \"a\": 1}\r\n\n[1, 2]\n{\"c\": null}").expect("a document");
        assert_eq!(json!(draft.rows), json!([{"b": "007", "a": 1}, {"value": [1, 2]}, {"c": null}]));
        assert_eq!(draft.warnings, Vec::<String>::new());
    }

    #[test]
    fn a_bad_line_is_named_and_costs_only_itself() {
        let draft = parse("{\"a\": 1}\n{\"a\": \n{\"a\": 3}\n").expect("a document");
        assert_eq!(json!(draft.rows), json!([{"a": 1}, {"a": 3}]));
        assert!(
            draft.warnings[0].starts_with("1 lines are no JSON and not in rows: 2 (line 2: EOF"),
            "{:?}",
            draft.warnings
        );
    }

    #[test]
    fn more_bad_than_good_is_no_ndjson() {
        let failure = parse("one\ntwo\n{}\n").expect_err("not NDJSON");
        assert_eq!(failure.code, FailureCode::UnreadableFile);
        assert!(failure.message.contains("line 1"), "{failure}");
    }

    #[test]
    fn deep_lines_are_bad_lines() {
        let deep = format!("{}{}\n{{\"a\": 1}}\n{{\"a\": 2}}", "[".repeat(100_000), "]".repeat(100_000));
        let draft = parse(&deep).expect("a document");
        assert_eq!(draft.rows.map(|rows| rows.len()), Some(2));
        assert!(draft.warnings[0].contains("recursion limit"), "{:?}", draft.warnings);
    }
}
