//! What selectors find: parts of the document, from the whole down to one cell.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::rc::Rc;

use millrace_domain::document::Block;
use serde_json::Value;

use super::matcher::fold;

/// Where something stands.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Place {
    pub(super) page: Option<u32>,
    pub(super) bbox: Option<[f32; 4]>,
}

impl Place {
    /// The place of a block.
    pub(super) fn of(block: &Block) -> Self {
        Self { page: Some(block.page).filter(|page| *page > 0), bbox: block.bbox }
    }

    /// A page without a box.
    pub(super) fn page(page: u32) -> Self {
        Self { page: Some(page).filter(|page| *page > 0), bbox: None }
    }
}

/// Named groups of a match.
pub(super) type Groups = Vec<(String, Option<String>)>;

/// A text with its place, and its value where the document types it.
#[derive(Debug, Clone, Default)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) value: Option<Value>,
    pub(super) place: Place,
    pub(super) groups: Option<Rc<Groups>>,
}

impl Piece {
    /// A plain text.
    pub(super) fn text(text: impl Into<String>, place: Place) -> Self {
        Self { text: text.into(), value: None, place, groups: None }
    }

    /// A value of the document.
    pub(super) fn value(value: &Value, place: Place) -> Self {
        Self { text: text_of_value(value).into_owned(), value: Some(value.clone()), place, groups: None }
    }
}

/// The text of a value; containers have theirs as JSON.
pub(super) fn text_of_value(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed(""),
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

/// The header of a table.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) names: Vec<String>,
    folded: Vec<String>,
}

impl Columns {
    /// Columns of these names.
    pub(super) fn new(names: Vec<String>) -> Self {
        let folded = names.iter().map(|name| fold(name)).collect();
        Self { names, folded }
    }

    /// The names, folded.
    pub(super) fn folded(&self) -> &[String] {
        &self.folded
    }
}

/// A row of a table.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) columns: Rc<Columns>,
    pub(super) cells: Vec<Piece>,
}

/// Blocks in reading order.
#[derive(Debug, Default)]
pub(super) struct BlockSet {
    pub(super) indexes: Vec<usize>,
    /// Whether these are all blocks of the document.
    pub(super) is_whole: bool,
    joined: OnceCell<Joined>,
}

/// The text of several blocks, and where each begins.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) text: String,
    /// Byte offset and place, ascending.
    pub(super) starts: Vec<(usize, Place)>,
}

impl Joined {
    /// The place of a byte.
    pub(super) fn place(&self, at: usize) -> Place {
        let after = self.starts.partition_point(|(start, _)| *start <= at);
        after.checked_sub(1).and_then(|index| self.starts.get(index)).map(|(_, place)| *place).unwrap_or_default()
    }
}

impl BlockSet {
    /// Some blocks.
    pub(super) fn some(indexes: Vec<usize>) -> Self {
        Self { indexes, is_whole: false, joined: OnceCell::new() }
    }

    /// All blocks of a document with so many.
    pub(super) fn whole(count: usize) -> Self {
        Self { indexes: (0..count).collect(), is_whole: true, joined: OnceCell::new() }
    }

    /// The text, one line break between blocks.
    pub(super) fn joined(&self, blocks: &[Block]) -> &Joined {
        self.joined.get_or_init(|| {
            let mut joined = Joined { text: String::new(), starts: Vec::with_capacity(self.indexes.len()) };
            for block in self.indexes.iter().filter_map(|index| blocks.get(*index)) {
                if !joined.text.is_empty() {
                    joined.text.push('\n');
                }
                joined.starts.push((joined.text.len(), Place::of(block)));
                joined.text.push_str(&block.text);
            }
            joined
        })
    }
}

/// What a selector finds, and what the next one looks into.
#[derive(Debug, Clone)]
pub(super) enum Item<'d> {
    /// The document, a page, a section, a block.
    Blocks(Rc<BlockSet>),
    /// A text or a cell.
    Piece(Rc<Piece>),
    /// A row of a table.
    Row(Rc<Row>),
    /// A value of the document, and the place of the block that it belongs to.
    Value(&'d Value, Place),
    /// An element of an HTML page.
    Node(usize),
}
