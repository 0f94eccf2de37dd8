//! The JSON Schema of the extract language, made from its types. `docs/extract.schema.json` is its committed form.

use schemars::Schema;
use serde_json::json;

/// Kinds of selectors; `group` is one only without `regex`.
const KINDS: [&str; 11] =
    ["pointer", "heading", "table", "column", "regex", "css", "cells", "key", "page", "block", "text"];
/// What refines which kind.
const REFINEMENTS: [(&str, &str); 4] =
    [("attribute", "css"), ("sheet", "cells"), ("header", "cells"), ("matches", "block")];

/// Says of selectors what their types do not: exactly one kind, and refinements only of it.
pub(super) fn exactly_one_kind(schema: &mut Schema) {
    let mut choices: Vec<_> = KINDS.iter().map(|kind| json!({ "required": [kind] })).collect();
    let group_alone = json!({ "required": ["group"], "not": { "required": ["regex"] } });
    choices.push(group_alone);
    schema.insert("oneOf".to_owned(), json!(choices));
    let owners = REFINEMENTS.iter().map(|(name, owner)| ((*name).to_owned(), json!([owner])));
    schema.insert("dependentRequired".to_owned(), owners.collect::<serde_json::Map<_, _>>().into());
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use millrace_domain::document::ParsedDocument;
    use millrace_domain::parse_options::ParseOptions;
    use serde_json::Value;

    use super::super::program::Program;
    use super::super::{ExtractTransform, tests};
    use crate::limits::ParserLimits;
    use crate::registry::builtin;

    fn docs(name: &str) -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name)
    }

    fn committed() -> Value {
        let text = std::fs::read_to_string(docs("extract.schema.json")).expect("the schema");
        serde_json::from_str(&text).expect("JSON")
    }

    /// `UPDATE_EXTRACT_SCHEMA=1 cargo test -p millrace-pipeline-handlers extract::schema` writes it anew.
    #[test]
    fn the_committed_schema_is_that_of_the_types() {
        let made = schemars::schema_for!(Program).to_value();
        if std::env::var_os("UPDATE_EXTRACT_SCHEMA").is_some() {
            let text = serde_json::to_string_pretty(&made).expect("JSON") + "\n";
            std::fs::write(docs("extract.schema.json"), text).expect("written");
        }
        assert_eq!(committed(), made, "docs/extract.schema.json is out of date");
    }

    /// Fenced blocks of the page: what follows the first three ticks, and the text.
    fn fences(page: &str) -> Vec<(String, String)> {
        let mut fences = Vec::new();
        let mut lines = page.lines();
        while let Some(line) = lines.next() {
            if let Some(info) = line.strip_prefix("```") {
                let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
                fences.push((info.to_owned(), text.join("\n") + "\n"));
            }
        }
        fences
    }

    fn parse(kind: &str, text: &str) -> ParsedDocument {
        let name = format!("example.{kind}");
        builtin().parse(text.as_bytes(), &name, &ParserLimits::default(), &ParseOptions::default()).expect("a document")
    }

    #[test]
    fn documented_examples_do_what_the_page_says() {
        let page = std::fs::read_to_string(docs("rules.md")).expect("the page");
        let schema = jsonschema::validator_for(&committed()).expect("a schema");
        let fences = fences(&page);
        let mut run = 0;
        for (at, (info, text)) in fences.iter().enumerate() {
            let (kind, role) = info.split_once(' ').unwrap_or((info, ""));
            let options = match (kind, role) {
                ("json", "options") => serde_json::from_str::<Value>(text).expect("JSON"),
                ("json", "rule") => serde_json::from_str::<Value>(text).expect("JSON")["options"].clone(),
                _ => continue,
            };
            assert!(schema.is_valid(&options), "{text}");
            ExtractTransform::default().plan(&options).expect("a plan");
            if role == "rule" {
                let [(document_info, document), (_, result)] = &fences[at + 1..at + 3] else { panic!("{text}") };
                let rule: Value = serde_json::from_str(text).expect("JSON");
                let kind = document_info.strip_suffix(" document").expect("a document behind its rule");
                let schema = rule.get("json_schema").cloned().unwrap_or_else(|| serde_json::json!({}));
                let found = tests::run(&parse(kind, document), options, schema);
                assert_eq!(found, serde_json::from_str::<Value>(result).expect("JSON"), "{text}");
                run += 1;
            }
        }
        assert!(run >= 4, "the examples are gone");
    }

    #[test]
    fn schema_and_checks_agree() {
        let schema = jsonschema::validator_for(&committed()).expect("a schema");
        for (fields, fits) in [
            (r#"{"a": {"from": {"key": "k"}}}"#, true),
            (r#"{"a": {"from": [{"key": ["k", {"regex": "k"}]}, {"regex": "x", "group": "g"}]}}"#, true),
            (r#"{"a": {"each": {"group": "g"}, "fields": {"b": {"from": {"column": 2}, "default": null}}}}"#, true),
            (r#"{"a": {"from": {"css": "a", "attribute": "href"}, "apply": [{"split": ","}, {"take": 1}]}}"#, true),
            (r#"{"a": {"from": {"page": 2, "nth": -1, "then": {"cells": "B2", "header": true}}}}"#, true),
            (r#"{"a": {"from": {}}}"#, false),
            (r#"{"a": {"from": {"key": "k", "regex": "x"}}}"#, false),
            (r#"{"a": {"from": {"key": "k", "attribute": "x"}}}"#, false),
            (r#"{"a": {"from": []}}"#, false),
            (r#"{"a": {"from": {"key": 1}}}"#, false),
            (r#"{"a": {"form": {"key": "k"}}}"#, false),
            (r#"{"a": {"from": {"key": "k"}, "type": "float"}}"#, false),
            (r#"{"a": {"from": {"key": "k"}, "apply": [{"chop": 1}]}}"#, false),
            (r#"{"a": {"from": {"table": {"header": ["h"], "rows": 1}}}}"#, false),
        ] {
            let fields: Value = serde_json::from_str(fields).expect("JSON");
            let options = serde_json::json!({ "fields": fields });
            let is_read = serde_json::from_value::<Program>(options.clone()).is_ok();
            assert_eq!(schema.is_valid(&options), fits, "{options}");
            assert!(is_read || !fits, "{options}");
            // What the types let pass, the plan refuses.
            let is_planned = ExtractTransform::default().plan(&options).is_ok();
            assert!(!is_planned || fits, "{options}");
        }
    }
}
