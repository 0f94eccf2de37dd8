//! Markdown and blocks written side by side, for readers that know their document's structure.
//!
//! Plain text goes into the blocks as it is, and into the Markdown with what would read as markup escaped.

use millrace_domain::document::{Block, BlockKind, TableBlock};

use crate::table;

/// Deepest heading of Markdown.
const MAX_LEVEL: u8 = 6;
/// Indentation of Markdown lists in spaces, and the deepest list that is still indented.
const INDENT: usize = 2;
const MAX_DEPTH: usize = 20;

/// A document in the making.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    markdown: String,
    blocks: Vec<Block>,
    page: u32,
    /// Whether the last line is an item of a list, which the next item follows without a blank line.
    in_list: bool,
}

impl Writer {
    /// Begins a page, slide or sheet; `kind` is the word of its marker, if there shall be one.
    pub(crate) fn page(&mut self, number: u32, kind: Option<&str>) {
        self.page = number;
        if let Some(kind) = kind {
            self.push(&format!("<!-- {kind} {number} -->"));
        }
    }

    /// A heading of level 1–6; deeper ones become 6.
    pub(crate) fn heading(&mut self, level: u8, text: &str) {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.is_empty() {
            return;
        }
        let level = level.clamp(1, MAX_LEVEL);
        self.push(&format!("{} {}", "#".repeat(level.into()), escaped(&text)));
        self.block(Block { level: Some(level), ..Block::new(BlockKind::Heading, text) });
    }

    /// A paragraph; its lines stay lines.
    pub(crate) fn paragraph(&mut self, text: &str) {
        let text = text.trim();
        if !text.is_empty() {
            self.push(&escaped(text));
            self.block(Block::new(BlockKind::Paragraph, text));
        }
    }

    /// An item of a list, `depth` lists inside the outermost; `number` is that of an ordered one.
    pub(crate) fn item(&mut self, depth: usize, number: Option<u32>, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        let indent = " ".repeat(INDENT * depth.min(MAX_DEPTH));
        let mark = number.map_or_else(|| "-".to_owned(), |number| format!("{number}."));
        let lines = escaped(text).replace('\n', &format!("\n{indent}  "));
        let line = format!("{indent}{mark} {lines}");
        if self.in_list {
            self.markdown.push_str(&line);
            self.markdown.push('\n');
        } else {
            self.push(&line);
        }
        self.in_list = true;
        self.block(Block::new(BlockKind::ListItem, text));
    }

    /// A table whose first row is the header. Rows too uneven for a table become paragraphs.
    pub(crate) fn table(&mut self, mut rows: Vec<Vec<String>>) {
        rows.retain(|row| row.iter().any(|cell| !cell.is_empty()));
        if rows.is_empty() {
            return;
        }
        if !table::pad(&mut rows) {
            rows.iter().for_each(|row| self.paragraph(&row.join(" ")));
            return;
        }
        self.push(table::render(&rows).trim_end());
        let text = rows.iter().map(|row| row.join("\t")).collect::<Vec<_>>().join("\n");
        let table = Some(TableBlock { has_header: true, rows });
        self.block(Block { table, ..Block::new(BlockKind::Table, text) });
    }

    /// A picture of which only the description is kept.
    pub(crate) fn image(&mut self, description: &str) {
        let text = description.split_whitespace().collect::<Vec<_>>().join(" ");
        if !text.is_empty() {
            self.push(&format!("![{}]()", escaped(&text)));
            self.block(Block::new(BlockKind::Image, text));
        }
    }

    /// Whether nothing was written.
    pub(crate) fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// The Markdown and its blocks.
    pub(crate) fn finish(self) -> (String, Vec<Block>) {
        (self.markdown, self.blocks)
    }

    fn push(&mut self, markdown: &str) {
        if !self.markdown.is_empty() {
            self.markdown.push('\n');
        }
        self.markdown.push_str(markdown);
        self.markdown.push('\n');
        self.in_list = false;
    }

    fn block(&mut self, block: Block) {
        self.blocks.push(Block { page: self.page, ..block });
    }
}

/// Text in which nothing reads as markup.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for (index, line) in text.lines().enumerate() {
        if index > 0 {
            escaped.push('\n');
        }
        let line = line.trim_start();
        if opens_block(line) {
            escaped.push('\\');
        }
        let mut before = ' ';
        let mut characters = line.chars().peekable();
        while let Some(character) = characters.next() {
            let is_markup = match character {
                '\\' | '*' | '`' => true,
                // Underscores inside words are part of the word.
                '_' => !(before.is_alphanumeric() && characters.peek().is_some_and(|next| next.is_alphanumeric())),
                '<' => characters.peek().is_some_and(|next| next.is_ascii_alphabetic() || matches!(next, '/' | '!')),
                _ => false,
            };
            if is_markup {
                escaped.push('\\');
            }
            escaped.push(character);
            before = character;
        }
    }
    escaped
}

/// Whether a line would begin a heading, list, quote, table or rule.
fn opens_block(line: &str) -> bool {
    line.starts_with(['#', '>', '|', '+', '='])
        || (line.starts_with('-') && (line.len() == 1 || line.starts_with("- ") || line.starts_with("--")))
        || line.starts_with("~~~")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::{Markers, scan};

    #[test]
    fn uneven_rows_become_paragraphs() {
        let mut writer = Writer::default();
        let mut rows = vec![vec!["x".to_owned(); 3_000]];
        rows.extend(vec![vec!["y".to_owned()]; 3_000]);
        writer.table(rows);
        let (markdown, blocks) = writer.finish();
        assert!(markdown.len() < 100_000 && blocks.iter().all(|block| block.kind == BlockKind::Paragraph));
        assert_eq!(blocks.len(), 3_001);
    }

    #[test]
    fn what_is_written_scans_back() {
        let mut writer = Writer::default();
        writer.page(1, Some("slide"));
        writer.heading(2, "A  *b*");
        writer.paragraph("# no heading\n<!-- slide 9 --> snake_case _x_ \\ `y`");
        writer.item(0, None, "one");
        writer.item(1, Some(3), "two\nlines");
        writer.table(vec![vec!["a".into(), "b|c".into()], vec!["1".into()]]);
        writer.image("a picture");
        let (markdown, blocks) = writer.finish();
        assert_eq!(
            markdown,
            "<!-- slide 1 -->\n\n## A \\*b\\*\n\n\\# no heading\n\\<!-- slide 9 --> snake_case \\_x\\_ \\\\ \\`y\\`\n\n- one\n  \
             3. two\n    lines\n\n| a | b\\|c |\n| --- | --- |\n| 1 |  |\n\n![a picture]()\n"
        );
        let texts = |blocks: &[Block]| blocks.iter().map(|block| (block.kind, block.text.clone())).collect::<Vec<_>>();
        assert_eq!(texts(&scan(&markdown, Markers::Trusted)), texts(&blocks));
        assert!(blocks.iter().all(|block| block.page == 1));
    }
}
