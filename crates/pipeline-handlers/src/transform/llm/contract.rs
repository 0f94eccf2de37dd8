//! What is asked of an answer: its schema in the prompt, on the wire, and at the check.

use millrace_domain::Fault;
use millrace_domain::provider::ProviderProfile;
use serde_json::Value;

use super::merge::below;
use super::strict;
use super::wire_schema::{self, QUOTES, RESULT};
use crate::transform::schema::{ResultSchema, SchemaViolation};

/// The result in an answer, with the quotes that came with it: pointer and words.
#[derive(Debug, PartialEq)]
pub(super) struct Given {
    pub(super) value: Value,
    pub(super) quotes: Vec<(String, String)>,
}

/// A schema in all its shapes.
pub(super) struct Contract {
    schema: ResultSchema,
    /// As the model reads it.
    prompt: Value,
    strict: Result<Value, String>,
    is_wrapped: bool,
}

impl Contract {
    /// The contract of a result; answers are wrapped for quotes, and where a server would want an object.
    ///
    /// # Errors
    /// Those of [`ResultSchema::compile`].
    pub(super) fn new(schema: &Value, quotes: bool) -> Result<Self, Fault> {
        let is_object = schema.get("type").is_some_and(|name| name == "object");
        let is_wrapped = quotes || !is_object;
        let prompt = if is_wrapped { wire_schema::wrap(schema, quotes) } else { schema.clone() };
        Ok(Self { schema: ResultSchema::compile(schema)?, strict: strict::rewrite(&prompt), prompt, is_wrapped })
    }

    /// The schema for the prompt.
    pub(super) fn prompt(&self) -> &Value {
        &self.prompt
    }

    /// Whether answers are `{"result": …}`.
    pub(super) fn is_wrapped(&self) -> bool {
        self.is_wrapped
    }

    /// The schema for a server, and whether it is of the strict subset.
    pub(super) fn wire(&self, profile: ProviderProfile) -> (&Value, bool) {
        match &self.strict {
            Ok(strict) if profile == ProviderProfile::JsonSchema => (strict, true),
            _ => (&self.prompt, false),
        }
    }

    /// Why strict mode cannot be used, if it cannot.
    pub(super) fn not_strict(&self) -> Option<&str> {
        self.strict.as_ref().err().map(String::as_str)
    }

    /// Takes the result out of an answer and checks it.
    ///
    /// # Errors
    /// What is wrong with it, by the place in the answer.
    pub(super) fn take(&self, answer: Value) -> Result<Given, Vec<SchemaViolation>> {
        let mut given = self.unwrap(answer)?;
        self.schema.drop_refused_nulls(&mut given.value);
        let mut violations = self.schema.violations(&given.value);
        if violations.is_empty() {
            return Ok(given);
        }
        if self.is_wrapped {
            violations.iter_mut().for_each(|one| one.pointer = format!("/{RESULT}{}", one.pointer));
        }
        Err(violations)
    }

    /// Checks a result that was put together here.
    pub(super) fn check(&self, value: &mut Value) -> Vec<SchemaViolation> {
        self.schema.drop_refused_nulls(value);
        self.schema.violations(value)
    }

    fn unwrap(&self, answer: Value) -> Result<Given, Vec<SchemaViolation>> {
        if !self.is_wrapped {
            return Ok(Given { value: answer, quotes: Vec::new() });
        }
        match answer {
            Value::Object(mut members) if members.contains_key(RESULT) => {
                let value = members.remove(RESULT).unwrap_or_default();
                let quotes = members.remove(QUOTES).map(|quotes| read_quotes(&quotes)).unwrap_or_default();
                Ok(Given { value, quotes })
            }
            // Models that are not held to the schema like to leave the wrapping out.
            bare if self.schema.violations(&bare).is_empty() => Ok(Given { value: bare, quotes: Vec::new() }),
            _ => Err(vec![SchemaViolation::new("", format!("it has to be an object with the member `{RESULT}`"))]),
        }
    }
}

/// Quotes as they were asked for, and in the other shapes that models give: an object of words by pointer, paths with
/// dots. What is no quote is left out; the value is looked up then.
fn read_quotes(quotes: &Value) -> Vec<(String, String)> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    match quotes {
        Value::Array(entries) => entries
            .iter()
            .filter_map(|entry| Some((pointer_of(&text(entry.get("pointer"))?), text(entry.get("quote"))?)))
            .collect(),
        Value::Object(entries) => {
            entries.iter().filter_map(|(place, quote)| Some((pointer_of(place), text(Some(quote))?))).collect()
        }
        _ => Vec::new(),
    }
}

fn pointer_of(place: &str) -> String {
    let place = place.trim().trim_start_matches(['#', '$']);
    let inside = |rest: &str| rest.is_empty() || rest.starts_with('/');
    let pointer = if inside(place) {
        place.to_owned()
    } else {
        place
            .replace('[', ".")
            .replace(']', "")
            .split('.')
            .filter(|name| !name.is_empty())
            .fold(String::new(), |at, name| below(&at, name))
    };
    let bare = pointer.strip_prefix("/result").filter(|rest| inside(rest)).map(str::to_owned);
    bare.unwrap_or(pointer)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn contract(quotes: bool) -> Contract {
        let schema = json!({
            "type": "object", "required": ["a"],
            "properties": {"a": {"$ref": "#/$defs/n"}, "b": {"type": "string"}, "c": {"$ref": "#"}},
            "$defs": {"n": {"type": "number"}}
        });
        Contract::new(&schema, quotes).expect("a schema")
    }

    #[test]
    fn answers_are_unwrapped_and_checked() {
        let wrapped = contract(true);
        let given = wrapped.take(json!({
            "result": {"a": 1, "b": null}, "quotes": [{"pointer": "/a", "quote": "one"}, {"pointer": "/b"}]
        }));
        let quotes = vec![("/a".to_owned(), "one".to_owned())];
        assert_eq!(given, Ok(Given { value: json!({"a": 1}), quotes }));
        assert_eq!(wrapped.take(json!({"a": 2})).map(|given| given.value), Ok(json!({"a": 2})));
        let violations = wrapped.take(json!({"result": {"a": "x"}})).expect_err("not a number");
        assert_eq!(violations[0].pointer, "/result/a");
        assert!(wrapped.take(json!({"b": 2})).expect_err("nothing")[0].message.contains("result"));
        assert_eq!(contract(false).take(json!({"a": 3})).map(|given| given.value), Ok(json!({"a": 3})));
    }

    #[test]
    fn quotes_are_read_in_several_shapes() {
        let pairs = |quotes: Value| {
            read_quotes(&quotes).into_iter().map(|(at, words)| format!("{at}={words}")).collect::<Vec<_>>()
        };
        assert_eq!(pairs(json!([{"pointer": "#/a/0", "quote": "x"}, {"quote": "y"}])), ["/a/0=x"]);
        assert_eq!(
            pairs(json!({"$.lines[0].price": "x", "total": "y", "/result/n": "z"})),
            ["/lines/0/price=x", "/total=y", "/n=z"]
        );
        assert!(pairs(json!("x")).is_empty());
    }

    #[test]
    fn the_schema_of_the_answer_is_a_schema() {
        for (quotes, answer) in
            [(true, json!({"result": {"a": 1, "c": {"a": 2}}, "quotes": []})), (false, json!({"a": 1, "c": {"a": 2}}))]
        {
            let contract = contract(quotes);
            for profile in ProviderProfile::ALL {
                let (schema, _) = contract.wire(profile);
                let sent = ResultSchema::compile(schema).expect("a schema");
                let mut bad = answer.clone();
                *bad.pointer_mut(if quotes { "/result/c/a" } else { "/c/a" }).expect("there") = json!("x");
                assert!(!sent.violations(&bad).is_empty(), "{schema}");
            }
            assert_eq!(ResultSchema::compile(contract.prompt()).expect("a schema").violations(&answer), []);
        }
        let list = Contract::new(&json!({"type": "array", "items": {"type": "string"}}), false).expect("a schema");
        assert!(list.is_wrapped());
        assert_eq!(list.take(json!({"result": ["x"]})).map(|given| given.value), Ok(json!(["x"])));
        assert_eq!(list.take(json!(["x"])).map(|given| given.value), Ok(json!(["x"])));
    }

    #[test]
    fn a_part_may_lack_what_the_whole_must_have() {
        let schema = json!({
            "type": "object", "required": ["a"],
            "properties": {"a": {"type": "string"}, "l": {"type": "array", "minItems": 2, "items": {"enum": ["x"]}}}
        });
        let part = Contract::new(&wire_schema::partial(&schema), false).expect("a schema");
        assert!(part.take(json!({"l": ["x"]})).is_ok());
        assert!(part.take(json!({"a": null, "l": null})).is_ok());
        assert!(part.take(json!({"l": ["y"]})).is_err());
    }
}
