//! What several resources share on the wire.

use std::fmt;
use std::marker::PhantomData;

use millrace_domain::{InvalidId, JsonPointer, ids::MAX_ID};
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::http::query::QueryParameters;
use crate::problem::{Problem, all};

/// An id: an integer that a double holds exactly. On input, a string of digits is read too.
#[derive(Debug, ToSchema)]
#[schema(value_type = i64, minimum = 1, maximum = 9007199254740991_i64, example = 42)]
pub struct Id(#[expect(dead_code, reason = "describes ids in the document; values are typed ids of the domain")] i64);

const _: () = assert!(MAX_ID == 9_007_199_254_740_991);

struct IdVisitor<T>(PhantomData<T>);

impl<T: TryFrom<i64, Error = InvalidId>> Visitor<'_> for IdVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an id: {InvalidId}")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
        T::try_from(number).map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        i64::try_from(number).map_or(Err(InvalidId), T::try_from).map_err(E::custom)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| digits);
        number.map_or(Err(InvalidId), T::try_from).map_err(E::custom)
    }
}

/// Reads an id from an integer or a string of digits.
pub fn id<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i64, Error = InvalidId>,
{
    deserializer.deserialize_any(IdVisitor(PhantomData))
}

struct Wrapped<T>(T);

impl<'de, T: TryFrom<i64, Error = InvalidId>> Deserialize<'de> for Wrapped<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        id(deserializer).map(Self)
    }
}

/// Reads an id that may be absent or null.
pub fn optional_id<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i64, Error = InvalidId>,
{
    Ok(Option::<Wrapped<T>>::deserialize(deserializer)?.map(|wrapped| wrapped.0))
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listing<T> {
    /// The objects of this page, newest first.
    pub items: Vec<T>,
    /// Continues the list; null at its end.
    pub next_page_token: Option<String>,
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Most objects to return; 50 by default, larger values are cut to 200.
    #[param(minimum = 1, example = 50)]
    pub limit: Option<u32>,
    /// Continues a list: `next_page_token` of the page before.
    pub page_token: Option<String>,
}

impl QueryParameters for PageQuery {}

/// Longest name of anything, in characters.
pub const MAX_NAME: usize = 200;
/// Longest description of anything, in characters.
pub const MAX_DESCRIPTION: usize = 10_000;

/// Checks a name: not blank, not too long, nothing that cannot be stored.
///
/// # Errors
/// `invalid_value` at the pointer.
pub fn checked_name(name: &str, pointer: &str) -> Result<String, Problem> {
    let name = name.trim();
    let count = name.chars().count();
    if count == 0 || count > MAX_NAME || name.chars().any(char::is_control) {
        let detail = format!("a name has 1 to {MAX_NAME} characters and no control characters");
        return Err(Problem::new("invalid_value", detail).at(pointer));
    }
    Ok(name.to_owned())
}

/// Checks a text: not too long, nothing that cannot be stored.
///
/// # Errors
/// `invalid_value` or `nul_character` at the pointer.
pub fn checked_text(text: &str, most: usize, pointer: &str) -> Result<String, Problem> {
    if text.contains('\0') {
        return Err(Problem::new("nul_character", "the text holds the character U+0000").at(pointer));
    }
    if text.chars().count() > most {
        return Err(Problem::new("invalid_value", format!("the text has more than {most} characters")).at(pointer));
    }
    Ok(text.to_owned())
}

/// Checks the name and the description of something, the members `name` and `description`.
///
/// # Errors
/// `invalid_value` or `nul_character` at either or both.
pub fn checked_title(name: &str, description: Option<&str>) -> Result<(String, String), Problem> {
    all((checked_name(name, "/name"), checked_text(description.unwrap_or_default(), MAX_DESCRIPTION, "/description")))
}

/// Checks a JSON object: it is one, and holds nothing that cannot be stored.
///
/// # Errors
/// `invalid_value` or `nul_character` at the pointer.
pub fn checked_object(value: Value, pointer: &str) -> Result<Value, Problem> {
    if !value.is_object() {
        return Err(Problem::new("invalid_value", "the value must be a JSON object").at(pointer));
    }
    if contains_nul(&value) {
        return Err(Problem::new("nul_character", "the value holds the character U+0000").at(pointer));
    }
    Ok(value)
}

/// Whether a key or string anywhere in a value holds U+0000, which cannot be stored. The depth of a `Value` is bounded
/// by its reader.
pub fn contains_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(contains_nul),
        Value::Object(members) => members.iter().any(|(key, member)| key.contains('\0') || contains_nul(member)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Reads a pointer. `"/"` means the root, as older clients write it; the warning says so.
///
/// # Errors
/// `invalid_pointer`.
pub fn pointer(text: &str, place: &str) -> Result<(JsonPointer, Option<String>), Problem> {
    match JsonPointer::parse_lenient(text) {
        Ok((pointer, false)) => Ok((pointer, None)),
        Ok((pointer, true)) => {
            Ok((pointer, Some(format!("{place}: \"/\" was read as the root; write \"\" for the root"))))
        }
        Err(error) => Err(Problem::new("invalid_pointer", error.to_string()).at(place)),
    }
}

#[cfg(test)]
mod tests {
    use millrace_domain::TaskId;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Body {
        #[serde(deserialize_with = "id")]
        a: TaskId,
        #[serde(default, deserialize_with = "optional_id")]
        b: Option<TaskId>,
    }

    #[test]
    fn ids_are_integers_or_digits() {
        let read = |text: &str| serde_json::from_str::<Body>(text);
        let body = read(r#"{"a": 7, "b": "8"}"#).expect("ids");
        assert_eq!((body.a.get(), body.b.map(TaskId::get)), (7, Some(8)));
        assert!(read(r#"{"a": "9007199254740991", "b": null}"#).is_ok());
        for bad in ["0", "-1", "1.5", "\"x\"", "\"+7\"", "\" 7\"", "true", "null", "9007199254740992", "\"\"", "[]"] {
            let error = read(&format!("{{\"a\": {bad}}}")).expect_err(bad).to_string();
            assert!(error.contains("an id is an integer between"), "{bad}: {error}");
        }
    }

    #[test]
    fn names_are_checked() {
        assert_eq!(checked_name("  a b ", "/name").expect("good"), "a b");
        for bad in ["", "  ", "a\0b", &"x".repeat(MAX_NAME + 1)] {
            assert_eq!(checked_name(bad, "/name").expect_err(bad).pointers(), ["/name"]);
        }
        assert_eq!(checked_text("a\0", 9, "/d").expect_err("NUL").code(), "nul_character");
    }
}
