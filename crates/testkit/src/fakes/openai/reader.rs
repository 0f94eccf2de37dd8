//! A reader that stands in for a language model: it answers from what it was sent, by simple rules, so that what a test
//! sees depends on the request. `Label: value` lines fill properties of that name; tables fill arrays of objects.

use serde_json::{Map, Value, json};

/// What a request shows to a model.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Lines of the document, of the context above it, and of its pictures.
    lines: Vec<String>,
    /// Header cells of the table that goes on from an earlier part.
    header: Option<Vec<String>>,
}

impl Seen {
    /// Reads the messages of a request.
    pub(super) fn of(body: &Value) -> Self {
        let mut seen = Self::default();
        let Some(message) = body.pointer("/messages/1/content") else { return seen };
        let text = text_of(message);
        let context = between(&text, "<context>\n", "\n</context>").unwrap_or_default();
        seen.header = context.lines().find(|line| line.starts_with('|')).map(cells);
        let document = between(&text, "<document>\n", "\n</document>").unwrap_or_default();
        seen.lines.extend(document.lines().map(str::to_owned));
        for part in message.as_array().into_iter().flatten() {
            let url = part.pointer("/image_url/url").and_then(Value::as_str).unwrap_or_default();
            seen.lines.extend(legible(url));
        }
        seen
    }

    /// The answer to a schema, with quotes where it asks for them.
    pub(super) fn answer(&self, schema: &Value) -> Value {
        let is_wrapped = schema.pointer("/properties/result").is_some();
        if !is_wrapped {
            return self.value(schema, schema, "", "", &mut Vec::new()).unwrap_or_else(|| json!({}));
        }
        let mut quotes = Vec::new();
        let inner = &schema["properties"]["result"];
        let result = self.value(schema, inner, "", "", &mut quotes).unwrap_or_else(|| json!({}));
        let mut answer = json!({"result": result});
        if schema.pointer("/properties/quotes").is_some() {
            answer["quotes"] = quotes.into_iter().map(|(at, words)| json!({"pointer": at, "quote": words})).collect();
        }
        answer
    }

    fn value(
        &self,
        root: &Value,
        schema: &Value,
        name: &str,
        at: &str,
        quotes: &mut Vec<(String, String)>,
    ) -> Option<Value> {
        let schema = resolve(root, schema);
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            let required = schema.get("required").and_then(Value::as_array);
            let mut object = Map::new();
            for (name, property) in properties {
                let must = required.is_some_and(|names| names.iter().any(|one| one == name));
                let found = self.value(root, property, name, &format!("{at}/{name}"), quotes);
                let value = found.or_else(|| must.then(|| nothing(resolve(root, property))));
                object.extend(value.map(|value| (name.clone(), value)));
            }
            return Some(Value::Object(object));
        }
        if let Some(items) = schema.get("items") {
            return self.members(root, resolve(root, items), name, at, quotes);
        }
        let (line, text) = self.labelled(name)?;
        let value = typed(schema, &text)?;
        quotes.push((at.to_owned(), line));
        Some(value)
    }

    fn members(
        &self,
        root: &Value,
        items: &Value,
        name: &str,
        at: &str,
        quotes: &mut Vec<(String, String)>,
    ) -> Option<Value> {
        let Some(properties) = items.get("properties").and_then(Value::as_object) else {
            let (line, text) = self.labelled(name)?;
            let values: Vec<Value> = text.split(',').filter_map(|one| typed(items, one.trim())).collect();
            (0..values.len()).for_each(|index| quotes.push((format!("{at}/{index}"), line.clone())));
            return Some(Value::Array(values));
        };
        let mut members = Vec::new();
        let mut header = self.header.clone();
        for line in &self.lines {
            if !line.starts_with('|') {
                header = header.filter(|_| members.is_empty() && line.trim().is_empty());
                continue;
            }
            let cells = cells(line);
            if cells.iter().all(|cell| !cell.is_empty() && cell.bytes().all(|byte| matches!(byte, b'-' | b':'))) {
                continue;
            }
            let Some(names) = &header else {
                header = Some(cells);
                continue;
            };
            let mut member = Map::new();
            for (name, property) in properties {
                let column = names.iter().position(|cell| label(cell) == label(name));
                let cell = column.and_then(|column| cells.get(column));
                let value = cell.and_then(|cell| typed(resolve(root, property), cell));
                if value.is_some() {
                    quotes.push((format!("{at}/{}/{name}", members.len()), cell.cloned().unwrap_or_default()));
                }
                member.insert(name.clone(), value.unwrap_or(Value::Null));
            }
            members.push(Value::Object(member));
        }
        (!members.is_empty()).then_some(Value::Array(members))
    }

    /// The line that begins with a label, and what it says.
    fn labelled(&self, name: &str) -> Option<(String, String)> {
        let wanted = label(name);
        self.lines.iter().find_map(|line| {
            let plain = line.trim_matches(|sign: char| sign.is_whitespace() || matches!(sign, '*' | '#' | '-'));
            let (found, value) = plain.split_once(':')?;
            let value = value.trim().trim_matches('*').trim();
            (label(found) == wanted && !value.is_empty()).then(|| (plain.to_owned(), value.to_owned()))
        })
    }
}

/// The answer to a value that has to be corrected: lists are cut to the length that the schema in the prompt allows.
/// `None` when the request is about a document.
pub(super) fn corrected(body: &Value) -> Option<Value> {
    let text = text_of(body.pointer("/messages/1/content")?);
    let mut value = serde_json::from_str(between(&text, "<value>\n", "\n</value>")?).ok()?;
    let schema = serde_json::from_str(between(&text, "```json\n", "\n```")?).ok()?;
    shorten(&schema, &mut value);
    Some(value)
}

fn shorten(schema: &Value, value: &mut Value) {
    match value {
        Value::Object(members) => members.iter_mut().for_each(|(name, one)| shorten(&schema["properties"][name], one)),
        Value::Array(members) => {
            let most = schema["maxItems"].as_u64().and_then(|most| usize::try_from(most).ok());
            members.truncate(most.unwrap_or(usize::MAX));
        }
        _ => {}
    }
}

/// The schema of a request: that of `response_format`, else the one in the prompt.
pub(super) fn schema_of(body: &Value) -> Value {
    let format = &body["response_format"];
    let sent = format.pointer("/json_schema/schema").or_else(|| format.get("schema"));
    sent.cloned().unwrap_or_else(|| {
        let text = text_of(&body["messages"][1]["content"]);
        between(&text, "```json\n", "\n```").and_then(|schema| serde_json::from_str(schema).ok()).unwrap_or_default()
    })
}

/// All text of a message.
pub(super) fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    }
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    let (_, behind) = text.split_once(from)?;
    behind.split_once(to).map(|(inside, _)| inside)
}

/// The first reading of a schema that is no reference and not null.
fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        return target.map_or(schema, |target| resolve(root, target));
    }
    let choices = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array());
    let choice = choices.and_then(|all| all.iter().find(|one| one["type"] != "null"));
    choice.map_or(schema, |choice| resolve(root, choice))
}

fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// A text as the schema wants it.
fn typed(schema: &Value, text: &str) -> Option<Value> {
    let types = types(schema);
    if types.contains(&"number") || types.contains(&"integer") {
        let digits: String = text.chars().filter(|sign| sign.is_ascii_digit() || matches!(sign, '.' | '-')).collect();
        return match digits.parse::<i64>() {
            Ok(whole) => Some(whole.into()),
            Err(_) => digits.parse::<f64>().ok().map(Value::from),
        };
    }
    if types.contains(&"boolean") {
        return Some(matches!(text.to_lowercase().as_str(), "yes" | "true").into());
    }
    if let Some(allowed) = schema["enum"].as_array() {
        return allowed.iter().find(|one| one.as_str().is_some_and(|one| one.eq_ignore_ascii_case(text))).cloned();
    }
    (!text.is_empty()).then(|| text.into())
}

/// What a model that must say something says when there is nothing to say.
fn nothing(schema: &Value) -> Value {
    let types = types(schema);
    match types.first() {
        _ if types.contains(&"null") => Value::Null,
        Some(&"string") => "".into(),
        Some(&("number" | "integer")) => 0.into(),
        Some(&"array") => json!([]),
        Some(&"boolean") => false.into(),
        _ => Value::Null,
    }
}

fn label(text: &str) -> String {
    text.trim().to_lowercase().replace(['_', '-'], " ")
}

fn cells(line: &str) -> Vec<String> {
    line.trim().trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
}

/// The words in a picture: pictures of tests carry them as a comment.
fn legible(url: &str) -> Vec<String> {
    use base64::Engine;
    let Some((_, data)) = url.split_once(";base64,") else { return Vec::new() };
    let bytes = base64::engine::general_purpose::STANDARD.decode(data).unwrap_or_default();
    String::from_utf8_lossy(&bytes).lines().filter(|line| line.contains(": ")).map(str::to_owned).collect()
}
