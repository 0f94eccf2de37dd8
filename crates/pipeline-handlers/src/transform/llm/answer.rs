//! The JSON in what a model says: bare, in a Markdown fence, behind its thoughts, or among words.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Values inside values that are read; deeper answers are refused rather than overflow the stack.
const MAX_DEPTH: usize = 100;

/// Reads the JSON value of an answer.
///
/// # Errors
/// What is wrong, for the model's next turn: no JSON, JSON that ends too early, a name given twice.
pub(super) fn read(content: &str) -> Result<Value, String> {
    let text = without_fence(without_thoughts(content).trim());
    if text.is_empty() {
        return Err("the answer is empty".to_owned());
    }
    let start = begin(text).ok_or("the answer holds no JSON object or array")?;
    let mut reader = serde_json::Deserializer::from_str(&text[start..]);
    // Words behind the value do no harm.
    Strict(0).deserialize(&mut reader).map_err(|error| match error.is_eof() {
        true => "the answer is JSON that ends too early".to_owned(),
        false => format!("the answer is no JSON that can be read: {error}"),
    })
}

/// Where the value begins: at the first bracket that is not one of words in brackets. A value inside a broken one is not
/// what was meant, so nothing else is tried.
fn begin(text: &str) -> Option<usize> {
    let begins = |(at, character): &(usize, char)| match character {
        '{' => text[at + 1..].trim_start().starts_with(['"', '}']),
        '[' => {
            text[at + 1..].trim_start().starts_with(['{', '[', ']', '"', '-', 't', 'f', 'n'])
                || text[at + 1..].trim_start().starts_with(|next: char| next.is_ascii_digit())
        }
        _ => false,
    };
    text.char_indices().find(begins).map(|(at, _)| at)
}

/// What stands behind the model's thoughts (`<think>…</think>`), which some servers leave in the text, and some without
/// the opening tag.
fn without_thoughts(content: &str) -> &str {
    for tag in ["</think>", "</thinking>", "</reasoning>"] {
        if let Some((_, answer)) = content.rsplit_once(tag) {
            return answer;
        }
    }
    content
}

/// What stands inside the first Markdown fence, if the text has one.
fn without_fence(text: &str) -> &str {
    if text.starts_with(['{', '[']) {
        return text;
    }
    let Some((_, behind)) = text.split_once("```") else { return text };
    let body = behind.split_once('\n').map_or(behind, |(_language, body)| body);
    body.rsplit_once("```").map_or(body, |(inside, _)| inside).trim()
}

/// Reads any JSON value, but no name twice in one object: which of the two is meant cannot be known.
struct Strict(usize);

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if self.0 > MAX_DEPTH {
            return Err(D::Error::custom(format!("more than {MAX_DEPTH} levels")));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = members.next_element_seed(Self(self.0 + 1))? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(Self(self.0 + 1))?;
            if object.contains_key(&name) {
                return Err(A::Error::custom(format!("the name {name:?} is given twice")));
            }
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_value_is_found_wherever_it_stands() {
        for content in [
            r#"{"a": 1}"#,
            "  {\"a\": 1}\n",
            "```json\n{\"a\": 1}\n```",
            "```\n{\"a\": 1}\n```",
            "Here it is:\n\n```json\n{\"a\": 1}\n```\nI hope it helps.",
            "<think>maybe {\"a\": 2}?</think>\n{\"a\": 1}",
            "maybe {\"a\": 2}?</think>```json\n{\"a\": 1}\n```",
            "Sure! {\"a\": 1} Anything else?",
            "In {curly} words: {\"a\": 1}",
        ] {
            assert_eq!(read(content), Ok(json!({"a": 1})), "{content}");
        }
        assert_eq!(read("[1.5, -2, \"x\", null, true]"), Ok(json!([1.5, -2, "x", null, true])));
    }

    #[test]
    fn fences_inside_a_value_stay() {
        assert_eq!(read("{\"a\": \"```x```\"}"), Ok(json!({"a": "```x```"})));
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        for (content, expected) in [
            ("", "the answer is empty"),
            ("<think>hm</think>", "the answer is empty"),
            ("{\"a\": [1, 2", "ends too early"),
            ("I cannot do that.", "holds no JSON"),
            ("{\"a\": {\"x\": 1}, oops", "no JSON that can be read"),
            ("Well: {\"a\": {\"x\": 1}", "ends too early"),
            ("{\"a\": 1, \"a\": 2}", "given twice"),
            (&"[".repeat(200), "levels"),
        ] {
            let problem = read(content).expect_err(content);
            assert!(problem.contains(expected), "{content}: {problem}");
        }
    }
}
