//! How a file is to be parsed: what a client may ask for beside the defaults.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Most ranges in one request.
const MAX_RANGES: usize = 100;
/// Most languages in one request.
const MAX_LANGUAGES: usize = 8;

/// Options of one parse. Equal options over equal bytes give equal documents.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ParseOptions {
    /// The parser to use, and no other; the configured order when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parser: Option<String>,
    /// Pages, slides or sheets to read; all when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pages: Option<PageRanges>,
    /// Languages for recognising text, in Tesseract's codes (`eng`, `chi_sim`); the configured ones when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ocr_languages: Vec<String>,
    /// Whether to recognise text even where the file has a text layer.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub force_ocr: bool,
}

impl ParseOptions {
    /// Whether nothing was asked for.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Checks what the types do not.
    ///
    /// # Errors
    /// The name of the field that is wrong, and why, for people.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        if self.ocr_languages.len() > MAX_LANGUAGES {
            return Err(("ocr_languages", format!("at most {MAX_LANGUAGES} languages")));
        }
        let is_code = |code: &String| {
            (2..=32).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        match self.ocr_languages.iter().find(|code| !is_code(code)) {
            Some(code) => Err(("ocr_languages", format!("{code:?} is no language code"))),
            None => Ok(()),
        }
    }
}

/// Pages as people write them: `1-3,7`. From 1, both ends included, sorted and joined.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PageRanges(Vec<(u32, u32)>);

/// Why a text is no list of pages.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageRangesError {
    /// Not of the form.
    #[error("{0:?} is not a page or a range of pages such as 3 or 1-5")]
    Syntax(String),
    /// Page 0, or a range that ends before it begins.
    #[error("{0:?} names no page; pages count from 1")]
    Empty(String),
    /// Too many parts.
    #[error("more than {MAX_RANGES} ranges of pages")]
    TooMany,
}

impl PageRanges {
    /// Reads `1-3,7`; blanks around numbers are allowed.
    ///
    /// # Errors
    /// [`PageRangesError`].
    pub fn parse(text: &str) -> Result<Self, PageRangesError> {
        let mut ranges = Vec::new();
        for part in text.split(',') {
            let number = |text: &str| {
                text.trim().parse::<u32>().map_err(|_not_a_number| PageRangesError::Syntax(part.to_owned()))
            };
            let (first, last) = match part.split_once('-') {
                Some((first, last)) => (number(first)?, number(last)?),
                None => (number(part)?, number(part)?),
            };
            if first == 0 || last < first {
                return Err(PageRangesError::Empty(part.to_owned()));
            }
            ranges.push((first, last));
            if ranges.len() > MAX_RANGES {
                return Err(PageRangesError::TooMany);
            }
        }
        Ok(Self::joined(ranges))
    }

    /// These pages, in any order and number; `None` without any.
    pub fn of_pages(pages: impl IntoIterator<Item = u32>) -> Option<Self> {
        let ranges: Vec<_> = pages.into_iter().filter(|page| *page > 0).map(|page| (page, page)).collect();
        (!ranges.is_empty()).then(|| Self::joined(ranges))
    }

    fn joined(mut ranges: Vec<(u32, u32)>) -> Self {
        ranges.sort_unstable();
        let mut joined: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match joined.last_mut() {
                Some(previous) if first <= previous.1.saturating_add(1) => previous.1 = previous.1.max(last),
                _ => joined.push((first, last)),
            }
        }
        Self(joined)
    }

    /// First and last page of each range, ascending, without overlaps.
    pub fn ranges(&self) -> &[(u32, u32)] {
        &self.0
    }

    /// Whether a page is wanted.
    pub fn contains(&self, page: u32) -> bool {
        self.0.iter().any(|(first, last)| (*first..=*last).contains(&page))
    }

    /// The wanted pages of a file with `total` pages, ascending.
    pub fn within(&self, total: u32) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().flat_map(move |(first, last)| *first..=(*last).min(total))
    }
}

impl fmt::Display for PageRanges {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (first, last)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            match first == last {
                true => write!(formatter, "{comma}{first}")?,
                false => write!(formatter, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

impl TryFrom<String> for PageRanges {
    type Error = PageRangesError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<PageRanges> for String {
    fn from(ranges: PageRanges) -> Self {
        ranges.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_sorted_and_joined() {
        for (text, canonical) in [("7, 1-3", "1-3,7"), ("1-3,4", "1-4"), ("2-9,3", "2-9"), ("5", "5")] {
            assert_eq!(PageRanges::parse(text).expect(text).to_string(), canonical);
        }
        assert_eq!(PageRanges::parse("2-4,9").expect("ranges").within(3).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(PageRanges::of_pages([7, 2, 1]).expect("pages").to_string(), "1-2,7");
        assert_eq!(PageRanges::of_pages([0]), None);
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "a", "1-", "-1", "1,,2", "1.5"] {
            assert!(matches!(PageRanges::parse(text), Err(PageRangesError::Syntax(_))), "{text}");
        }
        for text in ["0", "3-2", "0-1"] {
            assert!(matches!(PageRanges::parse(text), Err(PageRangesError::Empty(_))), "{text}");
        }
        let many = vec!["1"; MAX_RANGES + 1].join(",");
        assert_eq!(PageRanges::parse(&many), Err(PageRangesError::TooMany));
    }

    #[test]
    fn language_codes_are_checked() {
        let with = |codes: &[&str]| ParseOptions {
            ocr_languages: codes.iter().map(|code| (*code).to_owned()).collect(),
            ..ParseOptions::default()
        };
        assert!(with(&["eng", "chi_sim"]).check().is_ok());
        assert!(with(&["../x"]).check().is_err());
        assert!(with(&["eng"; 9]).check().is_err());
    }
}
