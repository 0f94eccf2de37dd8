//! Markdown → blocks: one line scanner, shared by every parser that gives Markdown.

use millrace_domain::document::{Block, BlockKind, TableBlock};

use crate::inline::plain;
use crate::table;

/// Whether `<!-- page 3 -->`, `<!-- slide 3: … -->` and `<!-- sheet 3: … -->` say where blocks are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Markers {
    /// Our own renderer wrote them.
    Trusted,
    /// The text is somebody else's; a comment is just a comment.
    Ignored,
}

/// Splits Markdown into blocks, in order.
pub(crate) fn scan(markdown: &str, markers: Markers) -> Vec<Block> {
    let mut scanner = Scanner { blocks: Vec::new(), paragraph: Vec::new(), page: 0, markers };
    let mut lines = markdown.lines().peekable();
    while let Some(line) = lines.next() {
        let trimmed = line.trim();
        if let Some(fence) = fence_of(trimmed) {
            scanner.flush();
            let mut code = Vec::new();
            for inner in lines.by_ref() {
                let closing = inner.trim();
                if closing.starts_with(fence) && closing.trim_start_matches(&fence[..1]).is_empty() {
                    break;
                }
                code.push(inner);
            }
            scanner.push(BlockKind::Code, code.join("\n"), None, None);
        } else if trimmed.starts_with('|') || lines.peek().is_some_and(|next| is_table_start(trimmed, next)) {
            scanner.flush();
            let mut rows = vec![trimmed];
            while let Some(row) = lines.next_if(|next| is_table_row(next)) {
                rows.push(row.trim());
            }
            scanner.table(&rows);
        } else {
            scanner.line(line, trimmed);
        }
    }
    scanner.flush();
    scanner.blocks
}

struct Scanner<'a> {
    blocks: Vec<Block>,
    paragraph: Vec<&'a str>,
    page: u32,
    markers: Markers,
}

impl<'a> Scanner<'a> {
    fn push(&mut self, kind: BlockKind, text: String, level: Option<u8>, table: Option<TableBlock>) {
        if !text.is_empty() || table.is_some() {
            self.blocks.push(Block { page: self.page, level, table, ..Block::new(kind, text) });
        }
    }

    fn flush(&mut self) {
        if !self.paragraph.is_empty() {
            let text = plain(&std::mem::take(&mut self.paragraph).join("\n"));
            self.push(BlockKind::Paragraph, text, None, None);
        }
    }

    fn line(&mut self, line: &'a str, trimmed: &'a str) {
        if trimmed.is_empty() {
            self.flush();
        } else if let Some(page) = self.marker(trimmed) {
            self.flush();
            self.page = page;
        } else if trimmed.starts_with("<!--") && trimmed.ends_with("-->") {
            self.flush();
        } else if let Some((level, title)) = atx_heading(trimmed) {
            self.flush();
            self.push(BlockKind::Heading, plain(title), Some(level), None);
        } else if let (Some(level), [.., _]) = (setext_level(trimmed), self.paragraph.as_slice()) {
            let title = plain(&std::mem::take(&mut self.paragraph).join(" "));
            self.push(BlockKind::Heading, title, Some(level), None);
        } else if is_rule(trimmed) {
            self.flush();
        } else if let Some(item) = list_item(trimmed) {
            self.flush();
            self.push(BlockKind::ListItem, plain(item), None, None);
        } else if let Some(alt) = lone_image(trimmed) {
            self.flush();
            self.push(BlockKind::Image, plain(alt), None, None);
        } else if line.starts_with([' ', '\t']) && self.paragraph.is_empty() && self.continues_item() {
            if let Some(last) = self.blocks.last_mut() {
                last.text.push('\n');
                last.text.push_str(&plain(trimmed));
            }
        } else {
            self.paragraph.push(trimmed.trim_start_matches("> "));
        }
    }

    fn continues_item(&self) -> bool {
        self.blocks.last().is_some_and(|block| block.kind == BlockKind::ListItem)
    }

    fn marker(&self, trimmed: &str) -> Option<u32> {
        if self.markers == Markers::Ignored {
            return None;
        }
        let inner = trimmed.strip_prefix("<!--")?.strip_suffix("-->")?.trim();
        let number = inner.strip_prefix("page ").or(inner.strip_prefix("slide ")).or(inner.strip_prefix("sheet "))?;
        number.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
    }

    fn table(&mut self, lines: &[&str]) {
        let mut rows: Vec<Vec<String>> = lines.iter().map(|line| table::split_row(line)).collect();
        let has_header = rows.get(1).is_some_and(|row| table::is_delimiter_row(row));
        if has_header {
            rows.remove(1);
        } else if rows.len() == 1 {
            // A lone line between bars is text, not a table.
            let text = plain(lines[0]);
            self.push(BlockKind::Paragraph, text, None, None);
            return;
        }
        for cell in rows.iter_mut().flatten() {
            *cell = plain(cell);
        }
        let is_table = table::pad(&mut rows);
        let text = rows.iter().map(|row| row.join("\t")).collect::<Vec<_>>().join("\n");
        match is_table {
            true => self.push(BlockKind::Table, text, None, Some(TableBlock { has_header, rows })),
            false => self.push(BlockKind::Paragraph, text, None, None),
        }
    }
}

fn fence_of(trimmed: &str) -> Option<&str> {
    let mark = trimmed.chars().next().filter(|first| matches!(first, '`' | '~'))?;
    let length = trimmed.chars().take_while(|character| *character == mark).count();
    (length >= 3).then(|| &trimmed[..length])
}

fn is_table_row(line: &str) -> bool {
    let trimmed = line.trim();
    !trimmed.is_empty() && trimmed.contains('|')
}

/// A table may leave out its outer bars; its second line gives it away.
fn is_table_start(trimmed: &str, next: &str) -> bool {
    trimmed.contains('|') && next.contains('|') && table::is_delimiter_row(&table::split_row(next.trim()))
}

fn atx_heading(trimmed: &str) -> Option<(u8, &str)> {
    let level = trimmed.bytes().take_while(|byte| *byte == b'#').count();
    let title = &trimmed[level..];
    let heading = (1..=6).contains(&level) && (title.is_empty() || title.starts_with([' ', '\t']));
    heading.then(|| (u8::try_from(level).unwrap_or(6), title.trim().trim_end_matches('#').trim_end()))
}

fn setext_level(trimmed: &str) -> Option<u8> {
    if trimmed.bytes().all(|byte| byte == b'=') {
        Some(1)
    } else if trimmed.bytes().all(|byte| byte == b'-') && trimmed.len() >= 2 {
        Some(2)
    } else {
        None
    }
}

fn is_rule(trimmed: &str) -> bool {
    let compact: Vec<u8> = trimmed.bytes().filter(|byte| *byte != b' ').collect();
    compact.len() >= 3 && matches!(compact[0], b'-' | b'*' | b'_') && compact.iter().all(|byte| *byte == compact[0])
}

fn list_item(trimmed: &str) -> Option<&str> {
    if let Some(item) = ["- ", "* ", "+ "].iter().find_map(|bullet| trimmed.strip_prefix(bullet)) {
        return Some(item);
    }
    let digits = trimmed.bytes().take_while(u8::is_ascii_digit).count();
    let after = &trimmed[digits..];
    ((1..=9).contains(&digits)).then(|| after.strip_prefix(". ").or(after.strip_prefix(") "))).flatten()
}

fn lone_image(trimmed: &str) -> Option<&str> {
    let (alt, target) = trimmed.strip_prefix("![")?.split_once("](")?;
    (target.find(')') == Some(target.len().checked_sub(1)?)).then_some(alt)
}

#[cfg(test)]
#[path = "blocks_tests.rs"]
mod tests;
