//! The JSON Schema that a rule demands of its results. Shared by every transform that checks them.

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

/// Errors that are told.
const MAX_ERRORS: usize = 50;

/// A schema ready to check with. Expressions in it run in linear time, and nothing is fetched.
#[derive(Debug)]
pub(crate) struct ResultSchema(Validator);

impl ResultSchema {
    /// Reads a schema.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub(crate) fn compile(schema: &Value) -> Result<Self, String> {
        let built = jsonschema::options().with_pattern_options(PatternOptions::regex()).build(schema);
        built.map(Self).map_err(|error| match error.instance_path().as_str() {
            "" => error.to_string(),
            place => format!("{place}: {error}"),
        })
    }

    /// What of a value does not fit: `<pointer>: <why>`, without the value itself. Empty when all of it fits.
    pub(crate) fn errors(&self, value: &Value) -> Vec<String> {
        let text = |error: jsonschema::ValidationError<'_>| {
            let place = error.instance_path().as_str().to_owned();
            format!("{}: {}", if place.is_empty() { "/" } else { &place }, error.masked())
        };
        self.0.iter_errors(value).take(MAX_ERRORS).map(text).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn misfits_are_told_with_their_place_and_without_the_value() {
        let schema = json!({"type": "object", "properties": {"a": {"type": "array", "items": {"type": "integer"}}}});
        let schema = ResultSchema::compile(&schema).expect("a schema");
        assert!(schema.errors(&json!({"a": [1]})).is_empty());
        let errors = schema.errors(&json!({"a": [1, "secret"]}));
        assert!(errors[0].starts_with("/a/1: ") && !errors[0].contains("secret"), "{errors:?}");
        assert!(schema.errors(&json!([]))[0].starts_with("/: "));
    }

    #[test]
    fn bad_schemas_are_refused_and_none_is_fetched() {
        assert!(ResultSchema::compile(&json!({"type": "nonsense"})).is_err());
        assert!(ResultSchema::compile(&json!({"$ref": "http://127.0.0.1:1/x.json"})).is_err());
        assert!(ResultSchema::compile(&json!({"pattern": "(?=a)"})).is_err());
    }
}
