//! Pure functions that put a document together from segments and change a value in place.
//! Every store uses these, so that they cannot differ.

use serde_json::{Map, Value};

use crate::pointer::JsonPointer;

/// Why a value cannot be written at a pointer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteRefused {
    /// The value at `at` is neither object nor array.
    #[error("the value at '{at}' is not a container")]
    NotContainer {
        /// Where the scalar is.
        at: JsonPointer,
    },
    /// An array index that is no number or out of range.
    #[error("'{index}' is no index of the array at '{at}'")]
    BadIndex {
        /// Where the array is.
        at: JsonPointer,
        /// The token that came.
        index: String,
    },
}

/// Lays deeper segments over a base value. `below` is in any order; pointers are relative to the base.
/// `None` when there is nothing at all.
pub fn assemble(base: Option<Value>, below: Vec<(JsonPointer, Value)>) -> Option<Value> {
    let mut below = below;
    below.sort_by(|left, right| left.0.tokens().cmp(right.0.tokens()));
    let mut document = base;
    for (pointer, value) in below {
        let tokens: Vec<String> = pointer.tokens().collect();
        let slot = document.get_or_insert_with(|| Value::Object(Map::new()));
        *descend_making_objects(slot, &tokens) = value;
    }
    document
}

fn descend_making_objects<'v>(mut slot: &'v mut Value, tokens: &[String]) -> &'v mut Value {
    for token in tokens {
        if !slot.is_object() {
            *slot = Value::Object(Map::new());
        }
        slot = match slot {
            Value::Object(members) => members.entry(token.clone()).or_insert(Value::Null),
            _ => unreachable!("made an object just above"),
        };
    }
    slot
}

/// Writes `value` at `pointer` inside `document`, making missing objects on the way. In arrays a token is an index or
/// `-` for one past the end.
///
/// # Errors
/// [`WriteRefused`] when a scalar stands in the way or an index is wrong; `document` is unchanged then.
pub fn write_at(document: &mut Value, pointer: &JsonPointer, value: Value) -> Result<(), WriteRefused> {
    check_writable(document, pointer)?;
    let mut slot = document;
    for token in pointer.tokens() {
        if slot.is_null() {
            *slot = Value::Object(Map::new());
        }
        slot = match slot {
            Value::Object(members) => members.entry(token).or_insert(Value::Null),
            Value::Array(items) => {
                let index = token.parse().unwrap_or(items.len());
                if index == items.len() {
                    items.push(Value::Null);
                }
                &mut items[index]
            }
            _ => unreachable!("checked above"),
        };
    }
    *slot = value;
    Ok(())
}

fn check_writable(document: &Value, pointer: &JsonPointer) -> Result<(), WriteRefused> {
    let mut at = JsonPointer::root();
    let mut here = Some(document);
    for token in pointer.tokens() {
        here = match here {
            None | Some(Value::Null) => None,
            Some(Value::Object(members)) => members.get(&token),
            Some(Value::Array(items)) => match array_index(&token, items.len()) {
                Some(index) => items.get(index),
                None => return Err(WriteRefused::BadIndex { at, index: token }),
            },
            Some(_) => return Err(WriteRefused::NotContainer { at }),
        };
        at = at.join(&token).unwrap_or(at);
    }
    Ok(())
}

/// An index up to and including `len`; `-` is `len`. Digits without leading zeros (RFC 6901).
fn array_index(token: &str, len: usize) -> Option<usize> {
    if token == "-" {
        return Some(len);
    }
    let digits = token.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || token.len() > 1 && token.starts_with('0') {
        return None;
    }
    token.parse().ok().filter(|index| *index <= len)
}

/// The index that `pointer` ends in, if it leads to a member of an array inside `document`.
pub fn element_index(document: &Value, pointer: &JsonPointer) -> Option<usize> {
    let (parent, last) = pointer.split_last()?;
    let items = parent.resolve(document)?.as_array()?;
    array_index(&last, items.len()).filter(|index| *index < items.len())
}

/// Removes what is at `pointer` inside `document` and returns it; `None` if nothing was there. Removing the root leaves
/// `null`.
pub fn remove_at(document: &mut Value, pointer: &JsonPointer) -> Option<Value> {
    let Some((parent, last)) = pointer.split_last() else {
        return Some(document.take());
    };
    match document.pointer_mut(parent.as_str())? {
        Value::Object(members) => members.shift_remove(&last),
        Value::Array(items) => {
            let index = array_index(&last, items.len()).filter(|index| *index < items.len())?;
            Some(items.remove(index))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(text: &str) -> JsonPointer {
        JsonPointer::parse(text).expect("valid")
    }

    #[test]
    fn deeper_segments_win() {
        let below =
            vec![(at("/data/b/x"), json!(3)), (at("/data/a"), json!(1)), (at("/data/b"), json!({"x": 0, "y": 2}))];
        assert_eq!(
            assemble(Some(json!({"data": {"c": 9}})), below),
            Some(json!({"data": {"c": 9, "a": 1, "b": {"x": 3, "y": 2}}}))
        );
        assert_eq!(assemble(None, vec![]), None);
        assert_eq!(assemble(None, vec![(at("/k"), json!(1))]), Some(json!({"k": 1})));
    }

    #[test]
    fn writes_make_objects_and_respect_arrays() {
        let check = |before: Value, pointer: &str, expected: Result<Value, WriteRefused>| {
            let mut document = before;
            let outcome = write_at(&mut document, &at(pointer), json!(1)).map(|()| document);
            assert_eq!(outcome, expected, "{pointer}");
        };
        check(json!({}), "/a/b", Ok(json!({"a": {"b": 1}})));
        check(json!(null), "/a", Ok(json!({"a": 1})));
        check(json!([0]), "/-", Ok(json!([0, 1])));
        check(json!([0]), "/0", Ok(json!([1])));
        check(json!([0]), "/2", Err(WriteRefused::BadIndex { at: at(""), index: "2".into() }));
        check(json!([0]), "/01", Err(WriteRefused::BadIndex { at: at(""), index: "01".into() }));
        check(json!([0]), "/+0", Err(WriteRefused::BadIndex { at: at(""), index: "+0".into() }));
        check(json!({"a": 5}), "/a/b", Err(WriteRefused::NotContainer { at: at("/a") }));
    }

    #[test]
    fn only_members_of_arrays_have_an_index() {
        let document = json!({"a": [1, [2]], "0": 3});
        let cases =
            [("/a/0", Some(0)), ("/a/1/0", Some(0)), ("/a/2", None), ("/a/-", None), ("/a/+0", None), ("/0", None)];
        for (pointer, index) in cases {
            assert_eq!(element_index(&document, &at(pointer)), index, "{pointer}");
        }
        assert_eq!(element_index(&json!([1]), &at("")), None);
    }

    #[test]
    fn removes_say_what_was_there() {
        let mut document = json!({"a": [1, 2], "b": 3});
        assert_eq!(remove_at(&mut document, &at("/a/0")), Some(json!(1)));
        assert_eq!(remove_at(&mut document, &at("/a/7")), None);
        assert_eq!(remove_at(&mut document, &at("/b")), Some(json!(3)));
        assert_eq!(document, json!({"a": [2]}));
    }
}
