//! The parsed document as selectors see it.

use std::cell::OnceCell;
use std::rc::Rc;

use millrace_domain::document::ParsedDocument;
use serde_json::{Value, json};

use super::css::Dom;
use super::grid::SheetGrid;
use super::item::{BlockSet, Place};
use crate::parsers::json;

/// The parsed document, with what is made of it once.
pub(super) struct Doc {
    pub(super) parsed: ParsedDocument,
    /// Members that pointers reach, all but the blocks.
    values: Value,
    blocks: OnceCell<Value>,
    pub(super) whole: Rc<BlockSet>,
    pub(super) sheets: Vec<SheetGrid>,
    pub(super) dom: Dom,
}

impl Doc {
    /// Takes a document apart.
    pub(super) fn new(filename: &str, mut parsed: ParsedDocument) -> Self {
        let data = match parsed.parser.as_str() {
            // Not repeated in `data`, for the sake of its digits.
            json::NAME => serde_json::from_str(&parsed.markdown).ok(),
            _ => parsed.data.take(),
        };
        let rows = parsed.rows.take().map(|rows| Value::Array(rows.into_iter().map(Value::Object).collect()));
        let values = json!({
            "filename": filename,
            "markdown": parsed.markdown,
            "pages": parsed.pages,
            "parser": parsed.parser,
            "data": null,
            "rows": null,
        });
        let mut values = values;
        if let Some(members) = values.as_object_mut() {
            members.insert("data".to_owned(), data.unwrap_or_default());
            members.insert("rows".to_owned(), rows.unwrap_or_default());
        }
        let sheets = std::mem::take(&mut parsed.sheets).into_iter().map(SheetGrid::new).collect();
        let dom = Dom::new(std::mem::take(&mut parsed.html));
        let whole = Rc::new(BlockSet::whole(parsed.blocks.len()));
        Self { parsed, values, blocks: OnceCell::new(), whole, sheets, dom }
    }

    /// The page of what has no other place: that of a document with one, which is every format without pages.
    pub(super) fn only_page(&self) -> Option<u32> {
        (self.parsed.pages <= 1).then_some(1)
    }

    /// What a pointer from the root of the document leads to.
    pub(super) fn at(&self, tokens: &[String]) -> Option<(&Value, Place)> {
        let (first, rest) = tokens.split_first()?;
        if first != "blocks" {
            return step(self.values.get(first)?, rest).map(|value| (value, Place::default()));
        }
        let blocks = self.blocks.get_or_init(|| serde_json::to_value(&self.parsed.blocks).unwrap_or_default());
        let block = rest.first().and_then(|index| index.parse::<usize>().ok());
        let place = block.and_then(|index| self.parsed.blocks.get(index)).map(Place::of).unwrap_or_default();
        step(blocks, rest).map(|value| (value, place))
    }
}

/// What a pointer leads to from a value.
pub(super) fn step<'a>(value: &'a Value, tokens: &[String]) -> Option<&'a Value> {
    tokens.iter().try_fold(value, |value, token| match value {
        Value::Object(members) => members.get(token),
        Value::Array(elements) => {
            let is_index = token == "0" || (!token.starts_with('0') && token.bytes().all(|byte| byte.is_ascii_digit()));
            is_index.then(|| token.parse::<usize>().ok()).flatten().and_then(|index| elements.get(index))
        }
        _ => None,
    })
}
