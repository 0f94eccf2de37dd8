//! Where the values of a result stand in the document they were taken from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Where one value stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Citation {
    /// Page, slide or sheet, from 1; absent where the format has none or the place is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// The words of the document that say it; empty when nothing was quoted.
    pub quote: String,
    /// Left, top, right, bottom of the block that holds the quote, in the unit of the block's box.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bbox: Option<[f32; 4]>,
    /// Whether the quote was found in the parsed text. A value that was not found is marked, never hidden.
    pub verified: bool,
}

/// Citations of a result, by the JSON Pointer of the leaf value inside it.
pub type Citations = BTreeMap<String, Citation>;

/// How many values are cited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CitationCount {
    /// Leaf values of the result.
    pub values: u32,
    /// Those whose quote was found in the text.
    pub verified: u32,
}

impl CitationCount {
    /// Counts.
    pub fn of(citations: &Citations) -> Self {
        let count = |citations: usize| u32::try_from(citations).unwrap_or(u32::MAX);
        Self {
            values: count(citations.len()),
            verified: count(citations.values().filter(|citation| citation.verified).count()),
        }
    }
}
