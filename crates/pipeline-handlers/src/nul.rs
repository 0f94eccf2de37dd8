//! Removes U+0000, which Postgres' `text` and `jsonb` refuse.

use millrace_domain::document::{Block, ParsedDocument};
use serde_json::{Map, Value};

/// Removes NUL from every text of a document; tells whether there was one.
pub(crate) fn strip_document(document: &mut ParsedDocument) -> bool {
    let mut found = strip(&mut document.markdown);
    for block in &mut document.blocks {
        found |= strip_block(block);
    }
    for warning in &mut document.warnings {
        found |= strip(warning);
    }
    for row in document.rows.iter_mut().flatten() {
        found |= strip_row(row);
    }
    if let Some(data) = &mut document.data {
        found |= strip_value(data);
    }
    for sheet in &mut document.sheets {
        found |= strip(&mut sheet.name);
        for cell in sheet.runs.iter_mut().flat_map(|run| &mut run.cells) {
            found |= strip_value(cell);
        }
    }
    for node in &mut document.html {
        found |= strip(&mut node.text);
        for (_, value) in &mut node.attributes {
            found |= strip(value);
        }
    }
    found
}

/// Removes NUL from one text; tells whether there was one.
pub(crate) fn strip(text: &mut String) -> bool {
    let found = text.contains('\0');
    if found {
        text.retain(|character| character != '\0');
    }
    found
}

fn strip_block(block: &mut Block) -> bool {
    let mut found = strip(&mut block.text);
    if let Some(table) = &mut block.table {
        for cell in table.rows.iter_mut().flatten() {
            found |= strip(cell);
        }
    }
    found
}

/// Removes NUL from the keys and values of a row; tells whether there was one.
pub(crate) fn strip_row(row: &mut Map<String, Value>) -> bool {
    let mut found = false;
    for value in row.values_mut() {
        found |= strip_value(value);
    }
    if row.keys().any(|key| key.contains('\0')) {
        found = true;
        *row = std::mem::take(row).into_iter().map(|(key, value)| (key.replace('\0', ""), value)).collect();
    }
    found
}

/// Parsers bound the depth of the values they make, so recursion is safe.
pub(crate) fn strip_value(value: &mut Value) -> bool {
    match value {
        Value::String(text) => strip(text),
        Value::Array(items) => items.iter_mut().fold(false, |found, item| strip_value(item) | found),
        Value::Object(fields) => strip_row(fields),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Removes `\u0000` escapes from JSON text; `None` when there are none.
///
/// A backslash that is itself escaped does not start an escape: `"\\u0000"` is six plain characters.
pub(crate) fn strip_json_escapes(json: &str) -> Option<String> {
    if !json.contains("\\u0000") {
        return None;
    }
    let mut kept = String::with_capacity(json.len());
    let mut rest = json;
    let mut removed = false;
    while let Some(at) = rest.find('\\') {
        kept.push_str(&rest[..at]);
        let escape = &rest[at..];
        if let Some(after) = escape.strip_prefix("\\u0000") {
            removed = true;
            rest = after;
        } else {
            // The character after a backslash is always one byte in valid JSON.
            let end = escape.char_indices().nth(2).map_or(escape.len(), |(index, _)| index);
            kept.push_str(&escape[..end]);
            rest = &escape[end..];
        }
    }
    kept.push_str(rest);
    removed.then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_real_escapes_are_removed() {
        assert_eq!(strip_json_escapes(r#""a\u0000b""#).as_deref(), Some(r#""ab""#));
        assert_eq!(strip_json_escapes(r#""a\\u0000b""#), None);
        assert_eq!(strip_json_escapes(r#""a\\\u0000b""#).as_deref(), Some(r#""a\\b""#));
        assert_eq!(strip_json_escapes(r#""\"é\u0000\u0000\n""#).as_deref(), Some(r#""\"é\n""#));
        assert_eq!(strip_json_escapes(r#""plain""#), None);
    }

    #[test]
    fn keys_and_cells_lose_their_nul() {
        let row = [("a\0".to_owned(), Value::from("x\0y"))].into_iter().collect();
        let markdown = "a\0b".to_owned();
        let mut document = ParsedDocument { rows: Some(vec![row]), markdown, ..ParsedDocument::default() };
        assert!(strip_document(&mut document));
        assert_eq!(document.markdown, "ab");
        assert_eq!(serde_json::to_string(&document.rows).expect("JSON"), r#"[{"a":"xy"}]"#);
        assert!(!strip_document(&mut document));
    }
}
