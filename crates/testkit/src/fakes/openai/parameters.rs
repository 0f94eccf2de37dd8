//! What servers refuse of a request: members that they do not know, and schemas beyond their subset.

use serde_json::{Value, json};

use super::Flavour;

/// The error of a member of the request that the server does not take.
pub(super) fn refused(flavour: Flavour, refuses: &[&str], body: &Value) -> Option<Value> {
    let error = |param: &str, text: &str| {
        Some(flavour.error(400, "invalid_request_error", Some("unsupported_parameter"), Some(param), text))
    };
    let format = body["response_format"]["type"].as_str().unwrap_or_default();
    let is_strict = body.pointer("/response_format/json_schema/strict") == Some(&json!(true));
    if flavour == Flavour::OpenAi
        && is_strict
        && let Some(problem) = not_strict(&body["response_format"]["json_schema"]["schema"])
    {
        return error("response_format", &format!("Invalid schema for response_format 'answer': {problem}"));
    }
    for name in refuses {
        match *name {
            "max_tokens" if body.get("max_tokens").is_some() => {
                return error(
                    "max_tokens",
                    "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
                );
            }
            "temperature" if body.get("temperature").is_some_and(|value| value != 1) => {
                return error(
                    "temperature",
                    "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.",
                );
            }
            "seed" if body.get("seed").is_some() => return error("seed", "Unsupported parameter: 'seed'"),
            "json_schema" | "json_object" if *name == format => {
                let text = format!(
                    "Invalid parameter: 'response_format' of type '{format}' is not supported with this model."
                );
                return error("response_format", &text);
            }
            _ => {}
        }
    }
    None
}

/// What OpenAI says of a schema that is not of its strict subset.
fn not_strict(schema: &Value) -> Option<String> {
    for word in ["allOf", "oneOf", "not", "if", "minLength", "maxLength", "uniqueItems", "$schema", "default"] {
        if schema.get(word).is_some() {
            return Some(format!("In context=(), '{word}' is not permitted."));
        }
    }
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        if schema.get("additionalProperties") != Some(&json!(false)) {
            return Some(
                "In context=(), 'additionalProperties' is required to be supplied and to be false.".to_owned(),
            );
        }
        let required = schema["required"].as_array();
        if let Some(missing) =
            properties.keys().find(|name| !required.is_some_and(|all| all.iter().any(|one| one == *name)))
        {
            return Some(format!(
                "In context=(), 'required' is required to be supplied and to be an array including every key in properties. Missing '{missing}'."
            ));
        }
    }
    let named =
        ["properties", "$defs"].iter().filter_map(|name| schema.get(*name)?.as_object()).flat_map(|all| all.values());
    let listed = schema.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    named.chain(listed).chain(schema.get("items")).find_map(not_strict)
}
