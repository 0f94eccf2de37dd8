//! Blocks written as Markdown, with a comment where each page begins; and such Markdown cut into its pages again.

use std::fmt::Write as _;

use millrace_domain::document::{Block, BlockKind};

use crate::sections::fenced;
use crate::table;

/// Writes blocks as Markdown. Blocks of page 0 come without a marker.
pub(super) fn write(blocks: &[Block]) -> String {
    let mut markdown = String::new();
    let mut page = 0;
    let mut in_list = false;
    for block in blocks {
        if block.page != page {
            page = block.page;
            let _infallible = writeln!(markdown, "{}{}", if markdown.is_empty() { "" } else { "\n" }, marker(page));
            in_list = false;
        }
        let is_item = block.kind == BlockKind::ListItem;
        let begins = markdown.is_empty() || (in_list && is_item);
        if !begins {
            markdown.push('\n');
        }
        in_list = is_item;
        push(&mut markdown, block);
    }
    markdown
}

/// The comment that begins a page.
pub(super) fn marker(page: u32) -> String {
    format!("<!-- page {page} -->")
}

/// Cuts Markdown at the comments that begin pages: page 0 is what comes before the first, and each part but that one
/// begins with its comment.
pub(super) fn pages(markdown: &str) -> Vec<(u32, &str)> {
    let mut parts = Vec::new();
    let (mut page, mut start, mut at) = (0, 0, 0);
    for line in markdown.split_inclusive('\n') {
        let number = line.trim().strip_prefix("<!-- page ").and_then(|rest| rest.strip_suffix(" -->"));
        if let Some(next) = number.and_then(|number| number.parse().ok()) {
            parts.push((page, &markdown[start..at]));
            (page, start) = (next, at);
        }
        at += line.len();
    }
    parts.push((page, &markdown[start..]));
    parts.retain(|(_, part)| !part.trim().is_empty());
    parts
}

fn push(markdown: &mut String, block: &Block) {
    match (block.kind, &block.table) {
        (BlockKind::Heading, _) => {
            let level = usize::from(block.level.unwrap_or(1).clamp(1, 6));
            let _infallible = writeln!(markdown, "{} {}", "#".repeat(level), one_line(&block.text));
        }
        (BlockKind::ListItem, _) => {
            let _infallible = writeln!(markdown, "- {}", one_line(&block.text));
        }
        (BlockKind::Table, Some(cells)) => markdown.push_str(&table::render(&cells.rows)),
        (BlockKind::Code, _) => markdown.push_str(&fenced(&block.text, "")),
        _ => {
            for line in block.text.lines() {
                if begins_a_block(line) {
                    markdown.push('\\');
                }
                markdown.push_str(line);
                markdown.push('\n');
            }
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a line of plain text would read as the mark of a heading, quotation, table, list or code.
fn begins_a_block(line: &str) -> bool {
    line.starts_with(['#', '>', '|', '='])
        || ["- ", "+ ", "* ", "---", "```", "~~~"].iter().any(|mark| line.starts_with(mark))
}

#[cfg(test)]
mod tests {
    use millrace_domain::document::TableBlock;

    use super::*;

    fn block(kind: BlockKind, page: u32, text: &str) -> Block {
        Block { page, level: (kind == BlockKind::Heading).then_some(2), ..Block::new(kind, text) }
    }

    #[test]
    fn blocks_become_markdown_page_by_page() {
        let table =
            TableBlock { has_header: true, rows: vec![vec!["a".into(), "b".into()], vec!["1".into(), "2".into()]] };
        let blocks = [
            block(BlockKind::Heading, 1, "Title\nof two lines"),
            block(BlockKind::Paragraph, 1, "# no heading\nsecond line"),
            block(BlockKind::ListItem, 2, "one"),
            block(BlockKind::ListItem, 2, "two"),
            Block { table: Some(table), ..block(BlockKind::Table, 2, "") },
        ];
        let markdown = write(&blocks);
        assert_eq!(
            markdown,
            "<!-- page 1 -->\n\n## Title of two lines\n\n\\# no heading\nsecond line\n\n<!-- page 2 -->\n\n- one\n- two\n\n\
             | a | b |\n| --- | --- |\n| 1 | 2 |\n"
        );
        let parts = pages(&markdown);
        assert_eq!(parts.iter().map(|(page, _)| *page).collect::<Vec<_>>(), [1, 2]);
        assert!(parts[1].1.starts_with("<!-- page 2 -->") && parts[1].1.contains("- two"));
        assert_eq!(parts.iter().map(|(_, part)| *part).collect::<String>(), markdown);
    }
}
