//! What is asked of every file before a parser sees it: its kind and its encoding.

use millrace_pipeline_handlers::encoding;
use millrace_pipeline_handlers::sniff::{HEAD_BYTES, sniff};

use crate::parse::REGISTRY;

/// Names that promise something, one of each kind.
const NAMES: [&str; 8] = ["a", "a.txt", "a.csv", "a.json", "a.eml", "a.html", "run.sh", "a.bin"];

/// The kind of a file.
pub fn kind(data: &[u8]) {
    let head = &data[..data.len().min(HEAD_BYTES)];
    for name in NAMES {
        let told = sniff(head, name);
        assert_eq!(sniff(head, name), told, "told twice, and not the same");
        let _where_it_is_read = REGISTRY.isolation(head, name);
    }
}

/// Text in any encoding; the first line may name one.
pub fn encodings(data: &[u8]) {
    let decoded = encoding::decode(data);
    let _for_people = decoded.warnings();
    if std::str::from_utf8(data).is_ok_and(|text| !text.starts_with('\u{FEFF}')) && !data.contains(&0) {
        assert_eq!(decoded.text.as_bytes(), data, "UTF-8 is taken as it is");
    }
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let (label, rest) = data.split_at(end);
    let _declared = encoding::decode_declared(rest, &String::from_utf8_lossy(label));
}
