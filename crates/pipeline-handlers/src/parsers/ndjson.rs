//! NDJSON (JSON Lines): one value a line, each a row.

use millrace_domain::document::{Block, BlockKind};
use serde_json::{Map, Value};

use super::text::decode_some;
use crate::failure::ParseFailure;
use crate::format::Format;
use crate::parser::{Draft, Input, Isolation, Parser};

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
        let mut bad: Vec<(usize, serde_json::Error)> = Vec::new();
        for (index, line) in decoded.text.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            match serde_json::from_str(line) {
                Ok(Value::Object(row)) => rows.push(row),
                Ok(value) => rows.push([(VALUE_KEY.to_owned(), value)].into_iter().collect()),
                Err(error) => bad.push((index + 1, error)),
            }
        }
        if let Some((line, error)) = bad.first() {
            if bad.len() > rows.len() {
                return Err(ParseFailure::unreadable("NDJSON", format!("line {line}: {error}")));
            }
            let numbers: Vec<String> = bad.iter().take(NAMED_LINES).map(|(line, _)| line.to_string()).collect();
            let more = if bad.len() > NAMED_LINES { ", …" } else { "" };
            let numbers = numbers.join(", ");
            warnings.push(format!(
                "{} lines are no JSON and not in rows: {numbers}{more} (line {line}: {error})",
                bad.len()
            ));
        }
        let text = decoded.text.clone();
        let block = Block::new(BlockKind::Code, text);
        Ok(Draft {
            markdown: decoded.text,
            blocks: vec![block],
            pages: 1,
            warnings,
            rows: Some(rows),
            ..Draft::default()
        })
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
