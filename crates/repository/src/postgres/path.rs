//! JSON Pointers as `json_segment.path`: chr(1) before each plain key, so that byte order is tree order.

use millrace_domain::JsonPointer;

/// Stands before each key.
const SEPARATOR: char = '\u{1}';
/// Stands before an escaped `\u{1}` or `\u{2}` inside a key.
const ESCAPE: char = '\u{2}';

/// The stored form of a pointer.
pub(super) fn encode(pointer: &JsonPointer) -> String {
    let mut path = String::with_capacity(pointer.as_str().len());
    for key in pointer.tokens() {
        push_key(&mut path, &key);
    }
    path
}

/// Appends one key.
pub(super) fn push_key(path: &mut String, key: &str) {
    path.push(SEPARATOR);
    for character in key.chars() {
        match character {
            SEPARATOR => path.extend([ESCAPE, '3']),
            ESCAPE => path.extend([ESCAPE, '4']),
            other => path.push(other),
        }
    }
}

/// The plain keys of a stored path.
pub(super) fn keys(path: &str) -> impl Iterator<Item = String> + '_ {
    path.split(SEPARATOR).skip(1).map(|key| key.replace("\u{2}3", "\u{1}").replace("\u{2}4", "\u{2}"))
}

/// The pointer of a stored path; `None` if the path is bad.
pub(super) fn decode(path: &str) -> Option<JsonPointer> {
    JsonPointer::from_tokens(keys(path)).ok()
}

/// Bounds of everything strictly below a path: `low <= path < high`.
pub(super) fn below(path: &str) -> (String, String) {
    (format!("{path}{SEPARATOR}"), format!("{path}{ESCAPE}"))
}

/// The least path that is neither this one nor below it but could follow.
pub(super) fn past(path: &str) -> String {
    format!("{path}{ESCAPE}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn paths_read_back(keys in proptest::collection::vec("[\u{1}\u{2}a-c/~.-]{0,4}", 0..5)) {
            let pointer = JsonPointer::from_tokens(&keys).expect("valid");
            prop_assert_eq!(decode(&encode(&pointer)), Some(pointer));
        }

        #[test]
        fn order_is_tree_order(
            left in proptest::collection::vec("[ !a-c/~.-]{0,3}", 0..4),
            right in proptest::collection::vec("[ !a-c/~.-]{0,3}", 0..4),
        ) {
            let path = |keys: &[String]| encode(&JsonPointer::from_tokens(keys).expect("valid"));
            prop_assert_eq!(path(&left).cmp(&path(&right)), left.cmp(&right));
        }

        #[test]
        fn below_is_exactly_the_subtree(
            base in proptest::collection::vec("[a-b.-]{0,2}", 0..3),
            other in proptest::collection::vec("[a-b.-]{0,2}", 0..4),
        ) {
            let path = |keys: &[String]| encode(&JsonPointer::from_tokens(keys).expect("valid"));
            let (low, high) = below(&path(&base));
            let inside = other.len() > base.len() && other.starts_with(&base);
            prop_assert_eq!(low <= path(&other) && path(&other) < high, inside);
        }
    }
}
