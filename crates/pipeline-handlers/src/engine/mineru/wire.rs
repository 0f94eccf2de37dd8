//! `content_list` and `middle.json` as they are written.

use serde::Deserialize;
use serde_json::Value;

/// Deepest nesting of `middle.json` that is searched for scores.
const MAX_DEPTH: usize = 16;

/// An item of `content_list`; what the items of a type have is optional, since versions differ.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Item {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) page_idx: u32,
    pub(super) bbox: Option<Vec<f32>>,
    pub(super) text: String,
    pub(super) text_level: Option<u8>,
    pub(super) list_items: Vec<String>,
    pub(super) table_body: String,
    pub(super) table_caption: Lines,
    pub(super) table_footnote: Lines,
    pub(super) image_caption: Lines,
    pub(super) image_footnote: Lines,
    pub(super) chart_caption: Lines,
    pub(super) content: Option<String>,
    pub(super) code_body: String,
    pub(super) code_caption: Lines,
}

/// A list of texts, or one.
#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
pub(super) enum Lines {
    Many(Vec<String>),
    One(String),
    #[default]
    None,
}

impl Lines {
    /// Its texts, a line each.
    pub(super) fn join(&self) -> String {
        match self {
            Self::Many(lines) => lines.join("\n"),
            Self::One(line) => line.clone(),
            Self::None => String::new(),
        }
    }
}

/// `middle.json`, as far as it is read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Middle {
    pub(super) pdf_info: Vec<MiddlePage>,
    #[serde(rename = "_backend")]
    backend: String,
    #[serde(rename = "_version_name")]
    version: String,
}

/// A page of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MiddlePage {
    pub(super) page_idx: u32,
    pub(super) page_size: Option<[f32; 2]>,
    pub(super) para_blocks: Value,
}

impl Middle {
    /// Version and back end of the MinerU that made it.
    pub(crate) fn version(&self) -> String {
        format!("{}+{}", self.version, self.backend)
    }
}

impl MiddlePage {
    /// The mean of all `score`s of its spans.
    pub(super) fn score(&self) -> Option<f32> {
        let mut sum = (0.0, 0);
        collect_scores(&self.para_blocks, 0, &mut sum);
        #[expect(clippy::cast_possible_truncation, reason = "between 0 and 1")]
        (sum.1 > 0).then(|| (sum.0 / f64::from(sum.1)) as f32)
    }
}

/// Adds up scores, and counts them.
fn collect_scores(value: &Value, depth: usize, into: &mut (f64, u32)) {
    match value {
        _ if depth > MAX_DEPTH => {}
        Value::Array(items) => items.iter().for_each(|item| collect_scores(item, depth + 1, into)),
        Value::Object(fields) => {
            let is_span = fields.contains_key("content") || fields.contains_key("html");
            if let (true, Some(score)) = (is_span, fields.get("score").and_then(Value::as_f64)) {
                into.0 += score;
                into.1 += 1;
            }
            let inner = fields.values().filter(|value| !value.is_string());
            inner.for_each(|value| collect_scores(value, depth + 1, into));
        }
        _ => {}
    }
}
