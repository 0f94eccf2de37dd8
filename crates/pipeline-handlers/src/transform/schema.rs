//! Checks results against the JSON Schema of their rule. Shared by every transform that has one.

use jsonschema::{PatternOptions, Validator};
use millrace_domain::Fault;
use serde_json::{Value, json};

use super::Trace;

/// Violations told at most.
const MAX_VIOLATIONS: usize = 20;
/// Characters of one violation's text.
const MAX_TEXT: usize = 300;
/// Steps that a regular expression of a schema may take back, so that none runs for ever.
const BACKTRACK_LIMIT: usize = 100_000;

/// One way in which a value is not as its schema says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SchemaViolation {
    /// JSON Pointer into the value.
    pub(crate) pointer: String,
    /// What is wrong, for those who may see the value: the model that gave it, and whoever tries a rule.
    pub(crate) message: String,
    /// The same without the value, for failures of tasks: they are told in places where documents are not.
    pub(crate) masked: String,
}

impl SchemaViolation {
    /// A violation that says nothing of the value.
    pub(crate) fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { pointer: pointer.into(), masked: message.clone(), message }
    }

    /// Place and reason without the value.
    pub(crate) fn without_value(&self) -> String {
        format!("{}: {}", self.place(), self.masked)
    }

    fn place(&self) -> &str {
        if self.pointer.is_empty() { "the value itself" } else { &self.pointer }
    }
}

impl std::fmt::Display for SchemaViolation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.place(), self.message)
    }
}

/// A schema, ready to check values.
#[derive(Debug)]
pub(crate) struct ResultSchema {
    validator: Validator,
}

impl ResultSchema {
    /// Reads a schema, of the draft that it names (2020-12 by default). Nothing is fetched: references go into the schema
    /// itself.
    ///
    /// # Errors
    /// `invalid_rule` with a pointer below `/json_schema`.
    pub(crate) fn compile(schema: &Value) -> Result<Self, Fault> {
        let options =
            jsonschema::options().with_pattern_options(PatternOptions::fancy_regex().backtrack_limit(BACKTRACK_LIMIT));
        let validator = options.build(schema).map_err(|error| {
            let pointer = format!("/json_schema{}", error.instance_path().as_str());
            Fault::invalid("invalid_rule", format!("the JSON Schema is not valid: {}", shown(&error.to_string())))
                .at(pointer)
        })?;
        Ok(Self { validator })
    }

    /// What is wrong with a value; at most 20 things.
    pub(crate) fn violations(&self, value: &Value) -> Vec<SchemaViolation> {
        let violation = |error: jsonschema::ValidationError<'_>| SchemaViolation {
            pointer: error.instance_path().as_str().to_owned(),
            message: shown(&error.to_string()),
            masked: shown(&error.masked().to_string()),
        };
        self.validator.iter_errors(value).take(MAX_VIOLATIONS).map(violation).collect()
    }

    /// Takes out members that are null where null is refused: models write null for what a document does not say, and a
    /// member that is left out says the same.
    pub(crate) fn drop_refused_nulls(&self, value: &mut Value) {
        let refused: Vec<String> = self
            .validator
            .iter_errors(value)
            .filter(|error| error.instance().is_null())
            .map(|error| error.instance_path().as_str().to_owned())
            .collect();
        for pointer in refused {
            let Some((parent, name)) = pointer.rsplit_once('/') else { continue };
            let name = name.replace("~1", "/").replace("~0", "~");
            if let Some(Value::Object(members)) = value.pointer_mut(parent) {
                members.shift_remove(&name);
            }
        }
    }
}

/// Notes for whoever tries a rule how its result was checked.
pub(crate) fn note_check(trace: &Trace, target: &str, violations: &[SchemaViolation]) {
    let problems: Vec<String> = violations.iter().map(ToString::to_string).collect();
    trace.note("validate", target, || json!({ "valid": problems.is_empty(), "problems": problems }));
}

fn shown(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn violations_have_their_place() {
        let schema = json!({"type": "object", "properties": {"a": {"type": "array", "items": {"type": "number"}}}});
        let schema = ResultSchema::compile(&schema).expect("a schema");
        assert_eq!(schema.violations(&json!({"a": [1]})), []);
        let violations = schema.violations(&json!({"a": [1, "x"]}));
        assert_eq!(violations.len(), 1);
        assert_eq!(violations[0].pointer, "/a/1");
        assert!(violations[0].to_string().contains("\"x\""), "{violations:?}");
        let told = violations[0].without_value();
        assert!(told.starts_with("/a/1: ") && !told.contains("\"x\""), "{told}");
        assert!(schema.violations(&json!([]))[0].without_value().starts_with("the value itself: "));
    }

    #[test]
    fn refused_nulls_are_left_out() {
        let schema = json!({"type": "object", "properties": {
            "a": {"type": "string"}, "b": {"type": ["string", "null"]}, "c~/d": {"$ref": "#/$defs/n"},
            "e": {"type": "array", "items": {"type": "object", "properties": {"f": {"enum": ["x"]}}}}
        }, "$defs": {"n": {"type": "number"}}});
        let schema = ResultSchema::compile(&schema).expect("a schema");
        let mut value = json!({"a": null, "b": null, "c~/d": null, "e": [{"f": null}, {"f": "x"}]});
        schema.drop_refused_nulls(&mut value);
        assert_eq!(value, json!({"b": null, "e": [{}, {"f": "x"}]}));
    }

    #[test]
    fn bad_schemas_are_refused_with_a_pointer() {
        let fault = ResultSchema::compile(&json!({"type": "object", "properties": {"a": {"type": "text"}}}))
            .expect_err("no such type");
        assert_eq!((fault.code, fault.pointer.as_deref()), ("invalid_rule", Some("/json_schema/properties/a/type")));
        let elsewhere = json!({"$ref": "https://example.org/schema.json"});
        assert_eq!(ResultSchema::compile(&elsewhere).expect_err("nothing is fetched").code, "invalid_rule");
    }

    #[test]
    fn a_hostile_pattern_ends() {
        let schema = ResultSchema::compile(&json!({"type": "string", "pattern": "^(a+)+(?=b)$"})).expect("a schema");
        assert_eq!(schema.violations(&json!("a".repeat(60))).len(), 1);
    }
}
