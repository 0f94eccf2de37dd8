//! One result from those of a document's parts, the same for the same parts.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value};

use super::options::Duplicates;

/// Conflicts told at most.
const MAX_WARNINGS: usize = 50;

/// A merged result.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Merged {
    /// The value.
    pub(super) value: Value,
    /// Where subtrees came from: the pointer in the merged value, the part, and the pointer there.
    pub(super) origins: BTreeMap<String, (usize, String)>,
    /// What was given in several ways, for people.
    pub(super) warnings: Vec<String>,
}

/// Merges: objects by name, arrays one after the other, of other values the first that is not null.
pub(super) fn merge(parts: &[Value], duplicates: Duplicates) -> Merged {
    let mut merging = Merging { origins: BTreeMap::new(), warnings: Vec::new(), untold: 0, duplicates };
    let candidates =
        parts.iter().enumerate().map(|(part, value)| Candidate { part, at: String::new(), value }).collect();
    let value = merging.values("", candidates);
    if merging.untold > 0 {
        merging.warnings.push(format!("and {} more differences between parts of the document", merging.untold));
    }
    Merged { value, origins: merging.origins, warnings: merging.warnings }
}

struct Candidate<'a> {
    part: usize,
    at: String,
    value: &'a Value,
}

struct Merging {
    origins: BTreeMap<String, (usize, String)>,
    warnings: Vec<String>,
    untold: usize,
    duplicates: Duplicates,
}

impl Merging {
    fn values(&mut self, pointer: &str, candidates: Vec<Candidate<'_>>) -> Value {
        // A model that finds nothing writes null, or an empty text where null is not allowed.
        let said = |candidate: &Candidate<'_>| !candidate.value.is_null() && candidate.value != "";
        let (said, unsaid): (Vec<_>, Vec<_>) = candidates.into_iter().partition(said);
        if said.is_empty() {
            return unsaid
                .iter()
                .map(|candidate| candidate.value)
                .find(|value| !value.is_null())
                .cloned()
                .unwrap_or_default();
        }
        if said.iter().all(|candidate| candidate.value.is_object()) {
            return self.objects(pointer, &said);
        }
        if said.iter().all(|candidate| candidate.value.is_array()) {
            return self.arrays(pointer, &said);
        }
        let first = &said[0];
        let others: Vec<String> =
            said[1..].iter().filter(|other| other.value != first.value).map(|other| shown(other.value)).collect();
        if !others.is_empty() {
            let text = format!(
                "{} of part {} was kept; other parts say {}",
                shown(first.value),
                first.part + 1,
                others.join(", ")
            );
            self.warn(pointer, &text);
        }
        self.origins.insert(pointer.to_owned(), (first.part, first.at.clone()));
        first.value.clone()
    }

    fn objects(&mut self, pointer: &str, candidates: &[Candidate<'_>]) -> Value {
        let mut by_name: Vec<(&String, Vec<Candidate<'_>>)> = Vec::new();
        for candidate in candidates {
            for (name, value) in candidate.value.as_object().into_iter().flatten() {
                let found = Candidate { part: candidate.part, at: below(&candidate.at, name), value };
                match by_name.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, all)) => all.push(found),
                    None => by_name.push((name, vec![found])),
                }
            }
        }
        let mut merged = Map::new();
        for (name, all) in by_name {
            let value = self.values(&below(pointer, name), all);
            merged.insert(name.clone(), value);
        }
        Value::Object(merged)
    }

    fn arrays(&mut self, pointer: &str, candidates: &[Candidate<'_>]) -> Value {
        let mut merged: Vec<Value> = Vec::new();
        let mut earlier: HashSet<&Value> = HashSet::new();
        let mut dropped = 0_usize;
        for candidate in candidates {
            let members = candidate.value.as_array().map_or(&[][..], Vec::as_slice);
            for (index, member) in members.iter().enumerate() {
                if self.duplicates == Duplicates::Drop && earlier.contains(member) {
                    dropped += 1;
                    continue;
                }
                let to = format!("{pointer}/{}", merged.len());
                self.origins.insert(to, (candidate.part, format!("{}/{index}", candidate.at)));
                merged.push(member.clone());
            }
            // Only now: what one part names twice stands twice in it.
            earlier.extend(members);
        }
        if dropped > 0 {
            self.warn(pointer, &format!("{dropped} members that earlier parts of the document have too were left out"));
        }
        Value::Array(merged)
    }

    fn warn(&mut self, pointer: &str, text: &str) {
        if self.warnings.len() < MAX_WARNINGS {
            let place = if pointer.is_empty() { "the result" } else { pointer };
            self.warnings.push(format!("{place}: {text}"));
        } else {
            self.untold += 1;
        }
    }
}

/// The pointer of a member.
pub(super) fn below(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parts_become_one() {
        let parts = [
            json!({"no": "7", "date": null, "lines": [{"a": 1}, {"a": 1}], "to": {"city": ""}}),
            json!({"no": "8", "date": "2024-01-02", "lines": [{"a": 1}, {"a": 2}], "to": {"city": "Bonn", "zip": 5}}),
            json!({"no": null, "lines": null}),
        ];
        let merged = merge(&parts, Duplicates::Drop);
        let expected = json!({
            "no": "7", "date": "2024-01-02", "lines": [{"a": 1}, {"a": 1}, {"a": 2}], "to": {"city": "Bonn", "zip": 5}
        });
        assert_eq!(merged.value, expected);
        assert_eq!(merged.origins["/lines/2"], (1, "/lines/1".to_owned()));
        assert_eq!(merged.origins["/to/city"], (1, "/to/city".to_owned()));
        assert_eq!(merged.warnings.len(), 2, "{:?}", merged.warnings);
        assert!(
            merged.warnings[0].contains("/no: \"7\" of part 1 was kept; other parts say \"8\""),
            "{:?}",
            merged.warnings
        );
        assert!(merged.warnings[1].contains("/lines: 1 members"), "{:?}", merged.warnings);
        let all = merge(&parts, Duplicates::Keep);
        assert_eq!(all.value["lines"], json!([{"a": 1}, {"a": 1}, {"a": 1}, {"a": 2}]));
    }

    #[test]
    fn roots_of_any_kind_merge() {
        assert_eq!(merge(&[json!([1]), json!([2])], Duplicates::Drop).value, json!([1, 2]));
        assert_eq!(merge(&[json!(null), json!(false)], Duplicates::Drop).value, json!(false));
        assert_eq!(merge(&[json!(null)], Duplicates::Drop).value, json!(null));
        assert_eq!(merge(&[json!({"a/b": ""})], Duplicates::Drop).value, json!({"a/b": ""}));
    }
}
