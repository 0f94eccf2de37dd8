//! The schema as it is sent to a server, made from the rule's own: wrapped with quotes, loosened for a part of a
//! document, or rewritten into the subset that OpenAI's strict mode accepts.
//!
//! The answer is always checked against the rule's own schema; what is left out here is checked there.

use serde_json::{Map, Value, json};

/// The member of a wrapped answer that holds the result.
pub(super) const RESULT: &str = "result";
/// The member of a wrapped answer that holds the quotes.
pub(super) const QUOTES: &str = "quotes";

/// Members whose value is one schema.
const ONE: [&str; 8] = ["items", "additionalProperties", "contains", "not", "if", "then", "else", "propertyNames"];
/// Members whose value is a list of schemas.
const LIST: [&str; 4] = ["anyOf", "oneOf", "allOf", "prefixItems"];
/// Members whose value has schemas by name.
const NAMED: [&str; 5] = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];

/// Puts a result's schema into that of an answer: `{"result": …}`, with `quotes` if they are asked for. References keep
/// their meaning: definitions move to the root.
pub(super) fn wrap(schema: &Value, quotes: bool) -> Value {
    let mut inner = schema.clone();
    let mut definitions = Map::new();
    if let Value::Object(members) = &mut inner {
        for name in ["$schema", "$id"] {
            members.remove(name);
        }
        for name in ["$defs", "definitions"] {
            definitions.extend(members.remove(name).map(|moved| (name.to_owned(), moved)));
        }
    }
    each_reference(&mut inner, &point_inside);
    definitions.values_mut().for_each(|moved| {
        moved.as_object_mut().into_iter().flat_map(Map::values_mut).for_each(|one| each_reference(one, &point_inside));
    });
    let mut properties = Map::from_iter([(RESULT.to_owned(), inner)]);
    if quotes {
        properties.insert(
            QUOTES.to_owned(),
            json!({
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"pointer": {"type": "string"}, "quote": {"type": "string"}},
                    "required": ["pointer", "quote"],
                    "additionalProperties": false
                }
            }),
        );
    }
    let required: Vec<&String> = properties.keys().collect();
    let mut wrapped = Map::from_iter([
        ("type".to_owned(), json!("object")),
        ("required".to_owned(), json!(required)),
        ("additionalProperties".to_owned(), json!(false)),
    ]);
    wrapped.insert("properties".to_owned(), Value::Object(properties));
    wrapped.extend(definitions);
    Value::Object(wrapped)
}

fn point_inside(reference: &str) -> Option<String> {
    let rest = reference.strip_prefix('#')?;
    let stays = rest.starts_with("/$defs/") || rest.starts_with("/definitions/");
    // Anchors (`#name`) are found by name, wherever they stand.
    (!stays && (rest.is_empty() || rest.starts_with('/'))).then(|| format!("#/properties/{RESULT}{rest}"))
}

fn each_reference(schema: &mut Value, change: &impl Fn(&str) -> Option<String>) {
    visit(schema, &mut |members| {
        if let Some(Value::String(reference)) = members.get_mut("$ref")
            && let Some(changed) = change(reference)
        {
            *reference = changed;
        }
    });
}

/// The schema of a part of a document: everything that the whole must have may be missing or null in a part.
pub(super) fn partial(schema: &Value) -> Value {
    const WHOLE_ONLY: [&str; 10] = [
        "required",
        "minItems",
        "minProperties",
        "contains",
        "minContains",
        "dependentRequired",
        "dependentSchemas",
        "if",
        "then",
        "else",
    ];
    let mut loosened = schema.clone();
    visit(&mut loosened, &mut |members| {
        for name in WHOLE_ONLY {
            members.remove(name);
        }
        if let Some(Value::Object(properties)) = members.get_mut("properties") {
            properties.values_mut().for_each(make_nullable);
        }
    });
    loosened
}

/// Calls `change` for a schema and for each schema inside it, inner ones first.
fn visit(schema: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    let Value::Object(members) = schema else { return };
    for name in ONE {
        if let Some(inner) = members.get_mut(name) {
            visit(inner, change);
        }
    }
    for name in LIST {
        members.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten().for_each(|one| visit(one, change));
    }
    for name in NAMED {
        let named = members.get_mut(name).and_then(Value::as_object_mut);
        named.into_iter().flat_map(Map::values_mut).for_each(|one| visit(one, change));
    }
    change(members);
}

/// Lets null stand for the value.
pub(super) fn make_nullable(schema: &mut Value) {
    if allows_null(schema) {
        return;
    }
    let Value::Object(members) = schema else { return };
    let only_typed =
        !["enum", "const", "$ref", "anyOf", "oneOf", "allOf", "not"].iter().any(|name| members.contains_key(*name));
    match members.get_mut("type") {
        Some(Value::String(name)) if only_typed => {
            let name = std::mem::take(name);
            members.insert("type".to_owned(), json!([name, "null"]));
        }
        Some(Value::Array(names)) if only_typed => names.push(json!("null")),
        _ => *schema = json!({"anyOf": [schema.take(), {"type": "null"}]}),
    }
}

/// Whether a schema says by itself that null is a value of it. References are not followed.
fn allows_null(schema: &Value) -> bool {
    let Value::Object(members) = schema else { return schema == &Value::Bool(true) };
    let any = |name: &str| members.get(name).and_then(Value::as_array);
    if let Some(values) = any("enum") {
        return values.contains(&Value::Null);
    }
    if let Some(value) = members.get("const") {
        return value.is_null();
    }
    match members.get("type") {
        Some(Value::String(name)) => return name == "null",
        Some(Value::Array(names)) => return names.contains(&json!("null")),
        _ => {}
    }
    match any("anyOf").or_else(|| any("oneOf")) {
        Some(choices) => choices.iter().any(allows_null),
        None => !["$ref", "allOf", "not"].iter().any(|name| members.contains_key(*name)),
    }
}
