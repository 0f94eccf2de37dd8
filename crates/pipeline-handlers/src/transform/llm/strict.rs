//! JSON Schemas for OpenAI's strict structured outputs.
//!
//! The subset (platform documentation, "Structured outputs", supported schemas): every object closed and all of its
//! properties required, optional ones by a union with null; no `allOf`, `not`, conditions or dependencies; at most 5000
//! properties, 10 levels, 1000 values of enums.

use serde_json::{Map, Value, json};

use super::wire_schema::make_nullable;

const MAX_PROPERTIES: usize = 5_000;
const MAX_LEVELS: usize = 10;
const MAX_ENUM_VALUES: usize = 1_000;
/// Characters of names and values of enums together.
const MAX_CHARACTERS: usize = 120_000;

/// What is taken over as it is.
const KEPT: [&str; 13] = [
    "type",
    "description",
    "title",
    "enum",
    "const",
    "$ref",
    "pattern",
    "multipleOf",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "maxItems",
];
/// Formats of texts that are supported.
const FORMATS: [&str; 9] = ["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"];

/// Rewrites a schema into the subset. What the subset has no words for but can do without (lengths, `uniqueItems`, …) is
/// left out.
///
/// # Errors
/// What the subset cannot express: free-form objects, `allOf`, sizes over its limits.
pub(super) fn rewrite(schema: &Value) -> Result<Value, String> {
    let mut rewriting = Rewriting::default();
    let rewritten = rewriting.schema(schema, 0)?;
    if rewritten.get("type") != Some(&json!("object")) {
        return Err("the root is no object".to_owned());
    }
    Ok(rewritten)
}

#[derive(Default)]
struct Rewriting {
    properties: usize,
    enum_values: usize,
    characters: usize,
}

impl Rewriting {
    fn schema(&mut self, schema: &Value, level: usize) -> Result<Value, String> {
        let Value::Object(members) = schema else { return Err("a schema that is true or false".to_owned()) };
        if level > MAX_LEVELS {
            return Err(format!("more than {MAX_LEVELS} levels"));
        }
        if let Some(Value::Array(all)) = members.get("allOf") {
            // One schema beside nothing else is only a way to write a reference.
            return match all.as_slice() {
                [only] if members.len() == 1 => self.schema(only, level),
                _ => Err("allOf".to_owned()),
            };
        }
        let mut rewritten = Map::new();
        for name in KEPT {
            rewritten.extend(members.get(name).map(|value| (name.to_owned(), value.clone())));
        }
        if let Some(format) = members.get("format").filter(|format| FORMATS.iter().any(|known| *format == known)) {
            rewritten.insert("format".to_owned(), format.clone());
        }
        self.count_enum(members)?;
        for name in ["anyOf", "oneOf"] {
            let Some(Value::Array(choices)) = members.get(name) else { continue };
            let choices = choices.iter().map(|one| self.schema(one, level)).collect::<Result<Vec<_>, _>>()?;
            rewritten.insert("anyOf".to_owned(), Value::Array(choices));
        }
        if let Some(items) = members.get("items") {
            rewritten.insert("items".to_owned(), self.schema(items, level + 1)?);
            if let Some(least) = members.get("minItems") {
                rewritten.insert("minItems".to_owned(), least.clone());
            }
        }
        self.object(members, &mut rewritten, level)?;
        for name in ["$defs", "definitions"] {
            let Some(Value::Object(definitions)) = members.get(name) else { continue };
            let mut made = Map::new();
            for (name, definition) in definitions {
                made.insert(name.clone(), self.schema(definition, level)?);
            }
            rewritten.insert(name.to_owned(), Value::Object(made));
        }
        let says_something =
            ["type", "enum", "const", "$ref", "anyOf"].iter().any(|name| rewritten.contains_key(*name));
        if !says_something {
            return Err("a schema that allows any value".to_owned());
        }
        if rewritten.get("type") == Some(&json!("array")) && !rewritten.contains_key("items") {
            return Err("an array of anything".to_owned());
        }
        Ok(Value::Object(rewritten))
    }

    /// Closes an object and requires all it has.
    fn object(
        &mut self,
        members: &Map<String, Value>,
        rewritten: &mut Map<String, Value>,
        level: usize,
    ) -> Result<(), String> {
        let is_object = match members.get("type") {
            Some(Value::String(name)) => name == "object",
            Some(Value::Array(names)) => names.contains(&json!("object")),
            _ => members.contains_key("properties"),
        };
        if !is_object {
            return Ok(());
        }
        let Some(Value::Object(properties)) = members.get("properties").filter(|_| !has_free_names(members)) else {
            return Err("an object whose names are not known beforehand".to_owned());
        };
        self.properties += properties.len();
        self.characters += properties.keys().map(|name| name.chars().count()).sum::<usize>();
        if self.properties > MAX_PROPERTIES || self.characters > MAX_CHARACTERS {
            return Err(format!("more than {MAX_PROPERTIES} properties or {MAX_CHARACTERS} characters of names"));
        }
        let required = members.get("required").and_then(Value::as_array);
        let mut made = Map::new();
        for (name, property) in properties {
            let mut property = self.schema(property, level + 1)?;
            if !required.is_some_and(|required| required.iter().any(|one| one == name)) {
                make_nullable(&mut property);
            }
            made.insert(name.clone(), property);
        }
        rewritten.entry("type").or_insert_with(|| json!("object"));
        rewritten.insert("required".to_owned(), made.keys().cloned().collect());
        rewritten.insert("properties".to_owned(), Value::Object(made));
        rewritten.insert("additionalProperties".to_owned(), json!(false));
        Ok(())
    }

    fn count_enum(&mut self, members: &Map<String, Value>) -> Result<(), String> {
        let Some(Value::Array(values)) = members.get("enum") else { return Ok(()) };
        self.enum_values += values.len();
        self.characters += values.iter().filter_map(Value::as_str).map(|text| text.chars().count()).sum::<usize>();
        if self.enum_values > MAX_ENUM_VALUES || self.characters > MAX_CHARACTERS {
            return Err(format!("more than {MAX_ENUM_VALUES} values of enums"));
        }
        Ok(())
    }
}

/// Whether an object asks for names beside its properties. One that merely does not forbid them is closed: a model that
/// knows the schema has nothing to put there.
fn has_free_names(members: &Map<String, Value>) -> bool {
    members.contains_key("patternProperties") || matches!(members.get("additionalProperties"), Some(Value::Object(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_closed_and_optional_values_nullable() {
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "required": ["number"],
            "properties": {
                "number": {"type": "string", "minLength": 1, "pattern": "^INV"},
                "date": {"type": "string", "format": "date"},
                "site": {"type": "string", "format": "uri"},
                "kind": {"enum": ["a", "b"]},
                "lines": {"type": "array", "minItems": 1, "uniqueItems": true, "items": {"$ref": "#/$defs/line"}},
                "either": {"oneOf": [{"type": "string"}, {"type": "number"}]}
            },
            "$defs": {"line": {"type": "object", "properties": {"price": {"type": ["number", "null"]}}}}
        });
        let expected = json!({
            "type": "object",
            "properties": {
                "number": {"type": "string", "pattern": "^INV"},
                "date": {"type": ["string", "null"], "format": "date"},
                "site": {"type": ["string", "null"]},
                "kind": {"anyOf": [{"enum": ["a", "b"]}, {"type": "null"}]},
                "lines": {"type": ["array", "null"], "items": {"$ref": "#/$defs/line"}, "minItems": 1},
                "either": {"anyOf": [{"anyOf": [{"type": "string"}, {"type": "number"}]}, {"type": "null"}]}
            },
            "required": ["number", "date", "site", "kind", "lines", "either"],
            "additionalProperties": false,
            "$defs": {"line": {
                "type": "object",
                "properties": {"price": {"type": ["number", "null"]}},
                "required": ["price"],
                "additionalProperties": false
            }}
        });
        assert_eq!(rewrite(&schema), Ok(expected));
    }

    #[test]
    fn what_the_subset_cannot_say_is_told() {
        let with = |property: Value| json!({"type": "object", "properties": {"a": property}});
        let mut deep = json!({"type": "string"});
        for _ in 0..12 {
            deep = with(deep);
        }
        for (schema, expected) in [
            (json!({"type": "array", "items": {"type": "string"}}), "root"),
            (with(json!({"type": "object"})), "names"),
            (with(json!({"type": "object", "properties": {}, "additionalProperties": {"type": "number"}})), "names"),
            (with(json!({})), "any value"),
            (with(json!(true)), "true or false"),
            (with(json!({"type": "array"})), "array of anything"),
            (with(json!({"allOf": [{"type": "string"}, {"maxLength": 2}]})), "allOf"),
            (with(json!({"enum": (0..1001).collect::<Vec<_>>()})), "enums"),
            (deep, "levels"),
        ] {
            let problem = rewrite(&schema).expect_err("not expressible");
            assert!(problem.contains(expected), "{schema}: {problem}");
        }
    }
}
