//! Comparing names: of columns, keys and headings, as people write them.

use regex::Regex;

use crate::transform::citations::normalise;

/// Compares texts.
#[derive(Debug, Clone)]
pub(super) enum Matcher {
    /// Folded.
    Exact(String),
    Regex(Regex),
}

impl Matcher {
    /// Whether a text is meant.
    pub(super) fn is_match(&self, text: &str) -> bool {
        match self {
            Self::Exact(folded) => fold(text) == *folded,
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

/// A text without what does not count in names: case, blanks, and signs at its end.
pub(super) fn fold(text: &str) -> String {
    let mut folded = normalise(text);
    folded.retain(|character| character != ' ');
    let end = folded.trim_end_matches([':', '.', '：', '。']).len();
    folded.truncate(end);
    folded
}
