//! The result of a self-hosted MinerU: `{backend, version, results: {<stem>: {md_content, content_list, middle_json}}}`.
//!
//! `content_list` and `middle_json` are strings that hold JSON; the key is the file's stem as the server normalised it,
//! so that of one file the only entry is taken, whatever its key.

use std::collections::BTreeMap;

use millrace_domain::parse_options::PageRanges;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::content::draft;
use super::wire::{Item, Middle};
use crate::blocks::{Markers, scan};
use crate::draft::Draft;
use crate::engine::remote::form::{Understood, not_understood};
use crate::failure::ParseFailure;
use crate::limits::ParserLimits;

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    backend: String,
    #[serde(default)]
    version: String,
    results: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    md_content: Option<String>,
    #[serde(default)]
    content_list: Option<Value>,
    #[serde(default)]
    middle_json: Option<Value>,
}

/// Reads a result.
///
/// # Errors
/// When it is none.
pub(in crate::engine) fn read(
    bytes: &[u8],
    asked: Option<&PageRanges>,
    limits: &ParserLimits,
) -> Result<Understood, ParseFailure> {
    let body: Body = serde_json::from_slice(bytes).map_err(|error| not_understood("MinerU", error))?;
    let mut entries = body.results.into_values();
    let (Some(entry), None) = (entries.next(), entries.next()) else {
        return Err(not_understood("MinerU", "it holds not exactly one result"));
    };
    let draft = document(entry.content_list, entry.middle_json, entry.md_content, asked, limits)?;
    Ok(Understood { draft, version: format!("{}+{}", body.version, body.backend) })
}

/// A document of the parts that MinerU gives; of its Markdown only without the list.
pub(in crate::engine) fn document(
    list: Option<Value>,
    middle: Option<Value>,
    markdown: Option<String>,
    asked: Option<&PageRanges>,
    limits: &ParserLimits,
) -> Result<Draft, ParseFailure> {
    let middle: Middle = embedded(middle)?.unwrap_or_default();
    if let Some(items) = embedded::<Vec<Item>>(list)? {
        return Ok(draft(items, &middle, asked, limits));
    }
    let Some(markdown) = markdown else {
        return Err(not_understood("MinerU", "it holds neither blocks nor Markdown"));
    };
    let blocks = scan(&markdown, Markers::Ignored);
    let warnings = vec!["the service gave Markdown alone: pages and positions are not known".to_owned()];
    Ok(Draft { markdown, blocks, pages: 1, warnings, ..Draft::default() })
}

/// JSON, or a string that holds JSON.
fn embedded<T: DeserializeOwned>(value: Option<Value>) -> Result<Option<T>, ParseFailure> {
    let read = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => serde_json::from_str(&text),
        Some(value) => serde_json::from_value(value),
    };
    read.map(Some).map_err(|error| not_understood("MinerU", error))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::failure::FailureCode;

    fn understood(body: &Value) -> Result<Understood, ParseFailure> {
        read(body.to_string().as_bytes(), None, &ParserLimits::default())
    }

    #[test]
    fn strings_that_hold_json_are_opened() {
        let list = json!([{"type": "text", "text": "Hello", "page_idx": 0, "bbox": [0, 0, 500, 500]}]).to_string();
        let middle = json!({"pdf_info": [{"page_idx": 0, "page_size": [100, 200]}]}).to_string();
        let body = json!({"backend": "pipeline", "version": "3.4.4", "results": {"any_stem": {"md_content": "Hello", "content_list": list, "middle_json": middle}}});
        let understood = understood(&body).expect("understood");
        assert_eq!(understood.version, "3.4.4+pipeline");
        assert_eq!(understood.draft.blocks[0].bbox, Some([0.0, 0.0, 50.0, 100.0]));
    }

    #[test]
    fn markdown_alone_will_do() {
        let body = json!({"results": {"a": {"md_content": "# T\n\ntext"}}});
        assert_eq!(understood(&body).expect("understood").draft.blocks.len(), 2);
    }

    #[test]
    fn anything_else_is_refused() {
        for body in [
            json!({}),
            json!({"results": {}}),
            json!({"results": {"a": {}}}),
            json!({"results": {"a": {"md_content": "x"}, "b": {"md_content": "y"}}}),
            json!({"results": {"a": {"content_list": "not JSON"}}}),
            json!([]),
        ] {
            assert_eq!(understood(&body).expect_err("refused").code, FailureCode::ParserProtocol, "{body}");
        }
    }
}
