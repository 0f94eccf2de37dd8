//! Citations of a result: the model's quotes, verified; the values themselves, looked up, where it gave none.

use std::collections::{BTreeMap, HashMap};

use millrace_domain::citation::{Citation, Citations};
use serde_json::Value;

use super::contract::Given;
use super::merge::{Merged, below};
use crate::transform::citations::CitationIndex;

/// Cites every value of a result that says something. What neither a quote nor the value itself proves is marked.
pub(super) fn cite(merged: &Merged, given: &[Given], index: &CitationIndex) -> Citations {
    let quotes: Vec<HashMap<&str, &str>> = given
        .iter()
        .map(|given| given.quotes.iter().map(|(at, words)| (at.as_str(), words.as_str())).collect())
        .collect();
    let mut citing = Citing { origins: &merged.origins, quotes, index, citations: Citations::new() };
    citing.visit("", &merged.value);
    citing.citations
}

struct Citing<'a> {
    origins: &'a BTreeMap<String, (usize, String)>,
    quotes: Vec<HashMap<&'a str, &'a str>>,
    index: &'a CitationIndex,
    citations: Citations,
}

impl Citing<'_> {
    fn visit(&mut self, pointer: &str, value: &Value) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    self.visit(&below(pointer, name), member);
                }
            }
            Value::Array(members) => {
                for (index, member) in members.iter().enumerate() {
                    self.visit(&format!("{pointer}/{index}"), member);
                }
            }
            // Nothing is said, so nothing is cited.
            Value::Null => {}
            Value::String(text) if text.is_empty() => {}
            leaf => {
                let citation = self.citation(pointer, leaf);
                self.citations.insert(pointer.to_owned(), citation);
            }
        }
    }

    fn citation(&self, pointer: &str, value: &Value) -> Citation {
        let quoted = self.quote(pointer).map(|quote| self.index.verify(quote, None));
        match quoted {
            Some(citation) if citation.verified => citation,
            // A quote that is not in the document proves nothing; the value itself may be there.
            other => self.index.cite_value(value).or(other).unwrap_or_else(unproved),
        }
    }

    /// The model's words for a value: those of the part that the value comes from, at the place where it stood there.
    fn quote(&self, pointer: &str) -> Option<&str> {
        let mut prefix = pointer;
        loop {
            if let Some((part, there)) = self.origins.get(prefix) {
                let place = format!("{there}{}", &pointer[prefix.len()..]);
                let quote = self.quotes.get(*part)?.get(place.as_str()).copied();
                return quote.filter(|quote| !quote.trim().is_empty());
            }
            prefix = &prefix[..prefix.rfind('/')?];
        }
    }
}

fn unproved() -> Citation {
    Citation { page: None, quote: String::new(), bbox: None, verified: false }
}

#[cfg(test)]
mod tests {
    use millrace_domain::document::{Block, BlockKind, ParsedDocument};
    use serde_json::json;

    use super::*;
    use crate::transform::llm::merge::merge;
    use crate::transform::llm::options::Duplicates;

    fn given(value: Value, quotes: &[(&str, &str)]) -> Given {
        let quotes = quotes.iter().map(|(at, words)| ((*at).to_owned(), (*words).to_owned())).collect();
        Given { value, quotes }
    }

    #[test]
    fn every_value_has_a_citation_that_says_whether_it_is_proved() {
        let texts = ["Invoice 2041 of Northwind", "Pen, 3 pieces", "Ink, 5 pieces"];
        let blocks = texts
            .iter()
            .enumerate()
            .map(|(at, text)| Block { page: at as u32 + 1, ..Block::new(BlockKind::Paragraph, *text) });
        let document = ParsedDocument { blocks: blocks.collect(), ..ParsedDocument::default() };
        let given = [
            given(
                json!({"from": "Northwind", "paid": true, "note": "", "lines": [{"name": "Pen", "n": 3}]}),
                &[("/from", "of NORTHWIND"), ("/lines/0/name", "Pen, 3 pieces"), ("/lines/0/n", "three pens")],
            ),
            given(
                json!({"no": 2041, "lines": [{"name": "Ink", "n": 7}]}),
                &[("/lines/0/name", "Ink, 5 pieces"), ("/lines/0/n", "7 pieces")],
            ),
        ];
        let values: Vec<Value> = given.iter().map(|given| given.value.clone()).collect();
        let citations = cite(&merge(&values, Duplicates::Drop), &given, &CitationIndex::of(&document));
        let told: Vec<_> = citations
            .iter()
            .map(|(at, cited)| (at.as_str(), cited.page, cited.quote.as_str(), cited.verified))
            .collect();
        assert_eq!(
            told,
            [
                ("/from", Some(1), "of NORTHWIND", true),
                ("/lines/0/n", Some(2), "3", true),
                ("/lines/0/name", Some(2), "Pen, 3 pieces", true),
                ("/lines/1/n", None, "7 pieces", false),
                ("/lines/1/name", Some(3), "Ink, 5 pieces", true),
                ("/no", Some(1), "2041", true),
                ("/paid", None, "", false),
            ]
        );
    }
}
