//! JSON: checked, and kept as the text it is, so that no number and no order is lost.

use millrace_domain::document::{Block, BlockKind};
use serde_json::Value;

use super::text::decode_some;
use crate::draft::Draft;
use crate::failure::ParseFailure;
use crate::format::Format;
use crate::parser::{Input, Isolation, Parser};

/// Reads one JSON value. The document's `markdown` is the JSON text itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct JsonParser;

/// The parser's name; the `skip` transform adds `data` to results of this parser.
pub(crate) const NAME: &str = "json";
/// How the warning begins that says that the value cannot be handed on; the transform then leaves `data` out.
pub(crate) const TEXT_ONLY: &str = "kept as text only";

impl Parser for JsonParser {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn formats(&self) -> &'static [Format] {
        &[Format::Json]
    }

    fn isolation(&self) -> Isolation {
        Isolation::InProcess
    }

    fn parse(&self, input: Input<'_>) -> Result<Draft, ParseFailure> {
        let decoded = decode_some(input.bytes)?;
        let mut warnings = decoded.warnings();
        serde_json::from_str::<serde::de::IgnoredAny>(&decoded.text)
            .map_err(|error| ParseFailure::unreadable("JSON", error))?;
        if let Some(reason) = why_not_portable(&decoded.text) {
            warnings.push(format!("{TEXT_ONLY}: {reason}"));
        }
        let block = Block::new(BlockKind::Code, decoded.text.clone());
        Ok(Draft { markdown: decoded.text, blocks: vec![block], pages: 1, warnings, ..Draft::default() })
    }
}

/// Why a valid JSON text cannot be handed on as a value: nested too deeply, a number beyond a double, a lone surrogate.
/// Databases and clients refuse those, each in its own way; better to say so here.
fn why_not_portable(json: &str) -> Option<String> {
    serde_json::from_str::<Value>(json).err().map(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::FailureCode;
    use crate::limits::ParserLimits;

    fn parse(bytes: &[u8]) -> Result<Draft, ParseFailure> {
        let limits = ParserLimits::default();
        JsonParser.parse(Input::new(bytes, Format::Json, &limits))
    }

    #[test]
    fn the_text_is_kept() {
        let draft = parse(b"\xEF\xBB\xBF{\"b\": 1.10, \"a\": 12345678901234567890123}").expect("a document");
        assert_eq!(draft.markdown, "{\"b\": 1.10, \"a\": 12345678901234567890123}");
        assert_eq!(draft.warnings, Vec::<String>::new());
    }

    #[test]
    fn broken_json_says_where() {
        let failure = parse(b"{\"a\": }").expect_err("broken");
        assert_eq!(failure.code, FailureCode::UnreadableFile);
        assert!(failure.message.contains("line 1 column 7"), "{}", failure.message);
    }

    #[test]
    fn what_others_refuse_is_said() {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        for text in [deep.as_str(), "[1e999]", "[\"\\ud800\"]"] {
            let draft = parse(text.as_bytes()).expect("valid JSON");
            assert!(draft.warnings[0].starts_with(TEXT_ONLY), "{:?}", draft.warnings);
        }
    }
}
