//! Blocks written as Markdown.

use std::fmt::Write as _;

use millrace_domain::document::{Block, BlockKind};

use crate::table;

/// Writes blocks as Markdown, with a comment where each page begins.
pub(super) fn write(blocks: &[Item]) -> String {
    let mut markdown = String::new();
    let mut page = 0;
    let mut in_list = false;
    for item in blocks {
        let block = &item.block;
        if block.page != page {
            page = block.page;
            let _infallible = write!(markdown, "{}<!-- page {page} -->", if markdown.is_empty() { "" } else { "\n\n" });
            in_list = false;
        }
        let is_item = block.kind == BlockKind::ListItem;
        if !markdown.is_empty() {
            markdown.push_str(if in_list && is_item { "\n" } else { "\n\n" });
        }
        in_list = is_item;
        push(&mut markdown, item);
    }
    markdown.push('\n');
    markdown
}

/// A block, and what of it only Markdown shows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    pub(super) block: Block,
    /// The number of a numbered item of a list.
    pub(super) number: Option<u32>,
    /// The text in pieces with what each links to; empty if nothing is linked.
    pub(super) linked: Vec<(String, Option<String>)>,
}

impl Item {
    /// Appends the pieces of another item, a blank between.
    pub(super) fn link_with(&mut self, other: &Self) {
        if self.linked.is_empty() {
            self.linked.push((self.block.text.clone(), None));
        }
        self.linked.push((" ".to_owned(), None));
        if other.linked.is_empty() {
            self.linked.push((other.block.text.clone(), None));
        }
        self.linked.extend(other.linked.iter().cloned());
    }
}

fn push(markdown: &mut String, item: &Item) {
    let block = &item.block;
    match (block.kind, &block.table) {
        (BlockKind::Heading, _) => {
            let level = usize::from(block.level.unwrap_or(1).clamp(1, 6));
            let _infallible = write!(markdown, "{} ", "#".repeat(level));
            push_inline(markdown, &block.text);
        }
        (BlockKind::ListItem, _) => {
            match item.number {
                Some(number) => {
                    let _infallible = write!(markdown, "{number}. ");
                }
                None => markdown.push_str("- "),
            }
            push_text(markdown, &block.text);
        }
        (BlockKind::Table, Some(cells)) => markdown.push_str(table::render(&cells.rows).trim_end()),
        (BlockKind::Code, _) => {
            let fence = if block.text.contains("```") { "````" } else { "```" };
            let _infallible = write!(markdown, "{fence}\n{}\n{fence}", block.text);
        }
        _ if !item.linked.is_empty() => push_linked(markdown, &item.linked),
        _ => push_text(markdown, &block.text),
    }
}

fn push_linked(markdown: &mut String, pieces: &[(String, Option<String>)]) {
    for (index, (piece, target)) in pieces.iter().enumerate() {
        match target {
            // A link that shows its own address is one already.
            Some(target) if !target.contains(piece.trim()) => {
                let label = piece.trim();
                let (before, after) = piece.split_once(label).unwrap_or_default();
                let target = target.replace(char::is_whitespace, "%20").replace('(', "%28").replace(')', "%29");
                let _infallible = write!(markdown, "{before}[");
                push_inline(markdown, label);
                let _infallible = write!(markdown, "]({target}){after}");
            }
            _ if index == 0 => push_text(markdown, piece),
            _ => push_inline(markdown, piece),
        }
    }
}

/// Text whose beginning must not read as the mark of a block.
fn push_text(markdown: &mut String, text: &str) {
    let first = text.chars().next();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 0 && [". ", ") "].iter().any(|mark| text[digits..].starts_with(mark)) {
        markdown.push_str(&text[..digits]);
        markdown.push('\\');
        push_inline(markdown, &text[digits..]);
        return;
    }
    if matches!(first, Some('#' | '>' | '|' | '='))
        || ["- ", "+ "].iter().any(|mark| text.starts_with(mark))
        || text.starts_with("---")
    {
        markdown.push('\\');
    }
    push_inline(markdown, text);
}

/// Text in which no character is a mark.
fn push_inline(markdown: &mut String, text: &str) {
    // Brackets are marks only where a link could be read.
    let has_link = text.contains("](");
    let mut before = ' ';
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let next = characters.peek().copied().unwrap_or(' ');
        let is_mark = match character {
            '*' | '`' | '\\' => true,
            // Underscores inside words are part of the word.
            '_' => !(before.is_alphanumeric() && next.is_alphanumeric()),
            '<' => next.is_ascii_alphabetic() || matches!(next, '/' | '!'),
            '~' => next == '~',
            '[' => has_link,
            _ => false,
        };
        if is_mark {
            markdown.push('\\');
        }
        markdown.push(if matches!(character, '\n' | '\r') { ' ' } else { character });
        before = character;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::{Markers, scan};

    fn item(kind: BlockKind, text: &str, level: Option<u8>) -> Item {
        let block = Block { page: 2, level, ..Block::new(kind, text) };
        Item { block, number: None, linked: Vec::new() }
    }

    #[test]
    fn what_is_written_reads_back() {
        let items = [
            item(BlockKind::Heading, "1. A *title*", Some(2)),
            item(BlockKind::Paragraph, "# no heading [a](b) <b> snake_case _x_", None),
            item(BlockKind::Paragraph, "1. no list", None),
            item(BlockKind::Paragraph, "- no list", None),
            item(BlockKind::ListItem, "one", None),
            item(BlockKind::ListItem, "two", None),
            item(BlockKind::Code, "a\n  ```b```", None),
        ];
        let mut items = items.to_vec();
        let mut linked = item(BlockKind::Paragraph, "see the *docs* now", None);
        linked.linked =
            vec![("see ".into(), None), ("the *docs*".into(), Some("http://a.b/c (d)".into())), (" now".into(), None)];
        items.push(linked);
        let blocks: Vec<Block> = items.iter().map(|item| item.block.clone()).collect();
        assert_eq!(scan(&write(&items), Markers::Trusted), blocks, "{}", write(&items));
    }
}
