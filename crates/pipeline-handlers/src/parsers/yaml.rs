//! YAML: kept as the text it is, and as a JSON value.

use millrace_domain::document::{Block, BlockKind};
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::options::{AliasLimits, DuplicateKeyPolicy};
use serde_saphyr::{Error, Options};

use super::json::TEXT_ONLY;
use super::text::decode_some;
use crate::draft::Draft;
use crate::failure::{FailureCode, ParseFailure};
use crate::format::Format;
use crate::parser::{Input, Isolation, Parser};

/// Collections inside collections. The reader recurses with large frames, which is why it runs in a child.
const MAX_DEPTH: usize = 64;
/// Values, those that aliases repeat included.
const MAX_NODES: usize = 2_000_000;
/// Parsing events that aliases may repeat.
const MAX_REPEATED: usize = 200_000;

/// Reads YAML: one document, or several, which become an array.
#[derive(Debug, Clone, Copy, Default)]
pub struct YamlParser;

impl Parser for YamlParser {
    fn name(&self) -> &'static str {
        "yaml"
    }

    fn version(&self) -> &'static str {
        "1+serde-saphyr-2.1"
    }

    fn formats(&self) -> &'static [Format] {
        &[Format::Yaml]
    }

    fn isolation(&self) -> Isolation {
        Isolation::Child
    }

    fn parse(&self, input: Input<'_>) -> Result<Draft, ParseFailure> {
        let decoded = decode_some(input.bytes)?;
        let mut warnings = decoded.warnings();
        let data = match serde_saphyr::from_multiple_with_options::<Value>(&decoded.text, options()) {
            Ok(mut documents) if documents.len() == 1 => documents.pop(),
            Ok(documents) => Some(Value::Array(documents)),
            Err(error) => {
                warnings.push(format!("{TEXT_ONLY}: {}", why_not_a_value(&decoded.text, &error)?));
                None
            }
        };
        let text = decoded.text.clone();
        let block = Block::new(BlockKind::Code, text);
        Ok(Draft { markdown: decoded.text, blocks: vec![block], pages: 1, warnings, data, ..Draft::default() })
    }
}

fn options() -> Options {
    let mut alias_limits = AliasLimits::default();
    alias_limits.max_total_replayed_events = MAX_REPEATED;
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_events: MAX_NODES * 3,
            max_documents: MAX_NODES,
        },
        alias_limits: alias_limits,
        duplicate_keys: DuplicateKeyPolicy::Error,
        // `00123` is a code, not a number, and `no` is a country.
        leading_zero_numbers_as_strings: true,
        strict_booleans: true,
        with_snippet: false,
    }
}

/// Tells valid YAML that JSON cannot hold, which stays text, from broken YAML and from bombs, which fail.
fn why_not_a_value(text: &str, error: &Error) -> Result<String, ParseFailure> {
    match error {
        Error::AliasError { error, .. } => why_not_a_value(text, error),
        Error::Budget { breach: BudgetBreach::Depth { .. }, .. } => {
            Ok(format!("it is nested deeper than {MAX_DEPTH} levels"))
        }
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => Err(ParseFailure::new(
            FailureCode::OutputTooLarge,
            format!("the YAML stands for more than may be made of it: {error}"),
        )),
        // Keys that are no texts, for one, are sound YAML and no JSON.
        _ => match serde_saphyr::from_multiple_with_options::<IgnoredAny>(text, options()) {
            Ok(_) => Ok(error.to_string()),
            Err(_) => Err(ParseFailure::unreadable("YAML", error)),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::limits::ParserLimits;

    fn parse(text: &str) -> Result<Draft, ParseFailure> {
        let limits = ParserLimits::default();
        YamlParser.parse(Input::new(text.as_bytes(), Format::Yaml, &limits))
    }

    #[track_caller]
    fn value(text: &str) -> Option<Value> {
        parse(text).expect("a document").data
    }

    #[test]
    fn values_are_those_of_json() {
        assert_eq!(
            value("b: 1.5\na: [x, 2, true, null, no]\nid: 00123\nday: 2024-01-31\n1: one\ntext: |\n  two\n  lines\n"),
            Some(json!({
                "b": 1.5, "a": ["x", 2, true, null, "no"], "id": "00123", "day": "2024-01-31", "1": "one",
                "text": "two\nlines\n",
            }))
        );
        let draft = parse("? [a, b]\n: c\n").expect("a document");
        assert!(draft.data.is_none() && draft.warnings[0].starts_with(TEXT_ONLY), "{:?}", draft.warnings);
        assert_eq!(value("---\na: 1\n---\nb: 2\n"), Some(json!([{"a": 1}, {"b": 2}])));
        assert_eq!(
            value("base: &b {x: 1}\nmore:\n  <<: *b\n  y: 2\n"),
            Some(json!({"base": {"x": 1}, "more": {"x": 1, "y": 2}}))
        );
    }

    #[test]
    fn aliases_do_not_laugh() {
        let mut bomb = "a0: &a0 [x, x]\n".to_owned();
        for level in 1..40 {
            let alias = format!("*a{}", level - 1);
            bomb += &format!("a{level}: &a{level} [{}]\n", [alias.as_str(); 9].join(", "));
        }
        let failure = parse(&bomb).expect_err("a bomb");
        assert_eq!(failure.code, FailureCode::OutputTooLarge, "{failure}");
        let failure = parse("a: &a [*a]\n").expect_err("a loop");
        assert_eq!(failure.code, FailureCode::UnreadableFile, "{failure}");
    }

    #[test]
    fn depth_is_bounded() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let nested: String = (0..3_000).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
        for text in [deep, nested] {
            let outcome = parse(&text);
            let is_told = match &outcome {
                Ok(draft) => draft.data.is_none() && draft.warnings[0].starts_with(TEXT_ONLY),
                Err(failure) => failure.code == FailureCode::UnreadableFile,
            };
            assert!(is_told, "{:?}", outcome.map(|draft| draft.warnings));
        }
    }

    #[test]
    fn broken_yaml_says_where() {
        let failure = parse("a: [1, 2\nb: }\n").expect_err("broken");
        assert_eq!(failure.code, FailureCode::UnreadableFile);
        assert!(failure.message.contains("line"), "{failure}");
    }
}
