//! The `skip` transform: the parsed text as it is, as result JSON.

use async_trait::async_trait;
use millrace_domain::Fault;
use millrace_domain::artifact::ArtifactKind;
use millrace_domain::document::RowsRef;
use millrace_domain::rule::{PostprocessMode, RuleDefinition};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::{Transform, TransformError, TransformInput, Transformed, unreadable_artifact};
use crate::nul;
use crate::parsers::json;

/// Documents up to this size, as JSON, are transformed without leaving the runtime's thread.
const INLINE_BYTES: usize = 128 << 10;

/// The transform of rules of mode `skip`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SkipTransform;

#[async_trait]
impl Transform for SkipTransform {
    fn mode(&self) -> PostprocessMode {
        PostprocessMode::Skip
    }

    fn check(&self, _rule: &RuleDefinition) -> Result<(), Fault> {
        Ok(())
    }

    fn accepts_rows_beside(&self) -> bool {
        true
    }

    async fn apply(&self, input: TransformInput) -> Result<Transformed, TransformError> {
        let is_small = input.parsed.len() <= INLINE_BYTES;
        let make = move || {
            let mut view: ParsedView = serde_json::from_slice(&input.parsed)?;
            let value = skip(&input.filename, &mut view)?;
            Ok::<_, serde_json::Error>((value, view))
        };
        let made = if is_small {
            make()
        } else {
            tokio::task::spawn_blocking(make).await.map_err(|_panic| unreadable_artifact())?
        };
        let (value, view) = made.map_err(|error| {
            tracing::error!(%error, "a parsed document cannot be read");
            unreadable_artifact()
        })?;
        Ok(Transformed {
            value,
            pages: view.pages,
            parser: view.parser,
            warnings: view.warnings,
            citations: None,
            exchange: None,
            tokens: None,
            cost_usd: None,
        })
    }
}

/// The parts of a stored [`ParsedDocument`](millrace_domain::document::ParsedDocument) that results are made of.
/// Rows stay JSON text: a large sheet costs its own length, not a tree.
#[derive(Debug, Deserialize)]
pub(crate) struct ParsedView {
    markdown: String,
    pub(crate) pages: u32,
    pub(crate) warnings: Vec<String>,
    pub(crate) parser: String,
    #[serde(default)]
    rows: Option<Box<RawValue>>,
    #[serde(default)]
    rows_ref: Option<RowsRef>,
    #[serde(default)]
    data: Option<Box<RawValue>>,
}

/// A result as clients read it.
#[derive(Debug, Serialize)]
struct SkipResult<'a> {
    filename: &'a str,
    content: &'a str,
    pages: u32,
    parser: &'a str,
    warnings: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows_artifact: Option<RowsArtifact<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows_preview: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a RawValue>,
}

/// Where the rows of a large table are.
#[derive(Debug, Serialize)]
struct RowsArtifact<'a> {
    /// The kind of the artifact.
    artifact: &'static str,
    #[serde(flatten)]
    rows: &'a RowsRef,
}

/// What every result tells about itself; read back when the mount alone runs again.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ResultSummary {
    #[serde(default)]
    pub(crate) pages: Option<u32>,
    #[serde(default)]
    pub(crate) parser: Option<String>,
    #[serde(default)]
    pub(crate) warnings: Vec<String>,
}

/// Makes the result: `{filename, content, pages, parser, warnings}`, with `rows` for tabular files and `data`: what the
/// parser found, or for JSON files the value itself, digit for digit, if every consumer can hold it. Of large tables it
/// holds `rows_artifact` and `rows_preview` instead of `rows`. May add to the view's warnings.
///
/// # Errors
/// Only when a text cannot be serialised, which no text makes happen.
pub(crate) fn skip(filename: &str, parsed: &mut ParsedView) -> serde_json::Result<Box<RawValue>> {
    let data = if parsed.parser == json::NAME { json_value(parsed)? } else { parsed.data.take() };
    let rows = parsed.rows.as_deref();
    let beside = parsed.rows_ref.as_ref();
    to_raw_value(&SkipResult {
        filename,
        content: &parsed.markdown,
        pages: parsed.pages,
        parser: &parsed.parser,
        warnings: &parsed.warnings,
        rows: if beside.is_none() { rows } else { None },
        rows_artifact: beside.map(|rows| RowsArtifact { artifact: ArtifactKind::Rows.as_str(), rows }),
        rows_preview: beside.and(rows),
        data: data.as_deref(),
    })
}

fn json_value(parsed: &mut ParsedView) -> serde_json::Result<Option<Box<RawValue>>> {
    if parsed.warnings.iter().any(|warning| warning.starts_with(json::TEXT_ONLY)) {
        return Ok(None);
    }
    match nul::strip_json_escapes(&parsed.markdown) {
        Some(stripped) => {
            parsed.warnings.push("NUL characters were removed from data".to_owned());
            RawValue::from_string(stripped).map(Some)
        }
        // Going through a borrowed value trims the blanks around it.
        None => serde_json::from_str::<&RawValue>(&parsed.markdown).map(|value| Some(value.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(parser: &str, markdown: &str) -> String {
        with_warnings(parser, markdown, &[])
    }

    fn with_warnings(parser: &str, markdown: &str, warnings: &[&str]) -> String {
        let document = serde_json::json!({
            "markdown": markdown, "blocks": [], "pages": 1, "warnings": warnings, "parser": parser, "version": "1",
        });
        let mut view: ParsedView = serde_json::from_str(&document.to_string()).expect("a document");
        skip("a.json", &mut view).expect("a result").get().to_owned()
    }

    #[test]
    fn json_is_kept_digit_for_digit() {
        assert_eq!(
            result("json", " {\"b\": 1.10, \"a\": [12345678901234567890123]} "),
            r#"{"filename":"a.json","content":" {\"b\": 1.10, \"a\": [12345678901234567890123]} ","pages":1,"parser":"json","warnings":[],"data":{"b": 1.10, "a": [12345678901234567890123]}}"#
        );
    }

    #[test]
    fn nul_never_reaches_the_value() {
        let text = result("json", r#"{"a": "x\u0000y", "b": "\\u0000"}"#);
        assert!(text.ends_with(r#""data":{"a": "xy", "b": "\\u0000"}}"#), "{text}");
        assert!(text.contains("NUL characters were removed"), "{text}");
    }

    #[test]
    fn unportable_json_stays_text() {
        assert!(!with_warnings("json", "[1e999]", &["kept as text only: why"]).contains("\"data\""));
        assert!(!result("text", "[1]").contains("\"data\""));
    }
}
