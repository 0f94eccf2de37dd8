//! JSON Pointers, what is written and removed by them, and lists of pages.

use millrace_domain::assembly::{assemble, element_index, remove_at, write_at};
use millrace_domain::parse_options::PageRanges;
use millrace_domain::pointer::JsonPointer;
use serde_json::{Value, json};

/// The first line is a pointer, or its keys; what follows is a document.
pub fn pointer(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (line, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let _lenient = JsonPointer::parse_lenient(line);
    let Ok(pointer) = JsonPointer::parse(line).or_else(|_none| JsonPointer::from_tokens(line.split(','))) else {
        return;
    };
    assert_eq!(JsonPointer::parse(pointer.as_str()).as_ref(), Ok(&pointer), "its own text");
    let tokens: Vec<String> = pointer.tokens().collect();
    assert_eq!(tokens.len(), pointer.depth());
    assert_eq!(JsonPointer::from_tokens(&tokens).as_ref(), Ok(&pointer), "its own keys");
    assert_eq!(pointer.ancestors_and_self().len(), tokens.len() + 1);
    if let Some((parent, last)) = pointer.split_last() {
        assert_eq!(parent.join(&last).as_ref(), Ok(&pointer));
        assert!(pointer.strip_prefix(&parent).is_some());
    }
    let Ok(document) = serde_json::from_str::<Value>(rest) else { return };
    change(&document, &pointer);
}

fn change(document: &Value, pointer: &JsonPointer) {
    let mut changed = document.clone();
    match write_at(&mut changed, pointer, json!("written")) {
        Err(_refused) => assert_eq!(&changed, document, "refused, and changed all the same"),
        // One past the end of an array is somewhere else once it is written.
        Ok(()) if pointer.tokens().any(|token| token == "-") => {}
        Ok(()) => {
            assert_eq!(pointer.resolve(&changed), Some(&json!("written")), "what was written is there");
            assert_eq!(remove_at(&mut changed, pointer), Some(json!("written")));
        }
    }
    if element_index(document, pointer).is_some() {
        assert!(pointer.resolve(document).is_some(), "an index of nothing");
    }
    let _whole = assemble(Some(document.clone()), vec![(pointer.clone(), json!(1)), (pointer.clone(), json!({}))]);
}

/// Pages as people write them.
pub fn page_ranges(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(ranges) = PageRanges::parse(text) else { return };
    assert_eq!(PageRanges::parse(&ranges.to_string()).as_ref(), Ok(&ranges), "{ranges}");
    assert!(ranges.within(1_000).take(10_000).all(|page| ranges.contains(page)));
    assert!(ranges.ranges().windows(2).all(|pair| pair[0].1 < pair[1].0), "overlapping {ranges}");
}
