//! RFC 6901's own examples, and properties that must hold for every key.

use proptest::prelude::*;
use serde_json::json;

use super::*;

#[test]
fn rfc_6901_examples_resolve() {
    let document = json!({"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "m~n": 8, " ": 7});
    let check = |text: &str, expected: Value| {
        let pointer = JsonPointer::parse(text).expect(text);
        assert_eq!(pointer.resolve(&document), Some(&expected), "{text}");
    };
    check("", document.clone());
    check("/foo/0", json!("bar"));
    check("/", json!(0));
    check("/a~1b", json!(1));
    check("/c%d", json!(2));
    check("/m~0n", json!(8));
    check("/ ", json!(7));
}

#[test]
fn bad_texts_say_why() {
    let check = |text: &str, expected: InvalidPointer| assert_eq!(JsonPointer::parse(text), Err(expected), "{text:?}");
    check("a", InvalidPointer::NoLeadingSlash);
    check("/~", InvalidPointer::BadEscape);
    check("/~2", InvalidPointer::BadEscape);
    check("/a\0", InvalidPointer::Nul);
    check(&"/a".repeat(65), InvalidPointer::TooDeep);
    check(&format!("/{}", "a".repeat(MAX_POINTER_BYTES)), InvalidPointer::TooLong);
}

#[test]
fn a_lone_slash_is_the_root_only_when_lenient() {
    assert_eq!(JsonPointer::parse_lenient("/"), Ok((JsonPointer::root(), true)));
    assert_eq!(JsonPointer::parse("/").map(|pointer| pointer.depth()), Ok(1));
}

#[test]
fn ancestors_go_from_the_root_down() {
    let pointer = JsonPointer::parse("/a/b").expect("valid");
    let texts: Vec<String> = pointer.ancestors_and_self().into_iter().map(String::from).collect();
    assert_eq!(texts, ["", "/a", "/a/b"]);
    assert_eq!(JsonPointer::root().ancestors_and_self(), [JsonPointer::root()]);
}

#[test]
fn a_prefix_ends_at_a_token() {
    let check = |text: &str, prefix: &str, rest: Option<&str>| {
        let (pointer, prefix) = (JsonPointer::parse(text).expect("valid"), JsonPointer::parse(prefix).expect("valid"));
        assert_eq!(pointer.strip_prefix(&prefix).map(String::from).as_deref(), rest);
    };
    check("/ab/c", "/ab", Some("/c"));
    check("/ab/c", "/a", None);
    check("/ab", "/ab", Some(""));
    check("/ab", "", Some("/ab"));
}

proptest! {
    #[test]
    fn any_keys_round_trip(keys in proptest::collection::vec("[^\0]{0,12}", 0..8)) {
        let pointer = JsonPointer::from_tokens(&keys).expect("short keys are valid");
        prop_assert_eq!(pointer.tokens().collect::<Vec<_>>(), keys.clone());
        prop_assert_eq!(JsonPointer::parse(pointer.as_str()), Ok(pointer.clone()));
        if let Some((parent, last)) = pointer.split_last() {
            prop_assert_eq!(parent.join(&last), Ok(pointer));
        }
    }

    #[test]
    fn a_document_built_along_a_pointer_resolves_there(keys in proptest::collection::vec("[a-z~/]{0,6}", 0..6)) {
        let pointer = JsonPointer::from_tokens(&keys).expect("short keys are valid");
        let document = keys.iter().rev().fold(json!("leaf"), |inner, key| json!({ key: inner }));
        prop_assert_eq!(pointer.resolve(&document), Some(&json!("leaf")));
    }

    #[test]
    fn parse_never_panics(text in ".{0,64}") {
        let _ = JsonPointer::parse(&text);
    }
}
