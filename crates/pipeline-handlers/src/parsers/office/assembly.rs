//! Content → Markdown and blocks, in one go: nothing is read back from the Markdown.

use std::fmt::Write as _;

use millrace_domain::document::{Block, BlockKind, TableBlock};

use super::chart::Chart;
use super::content::{CellText, Content, Table, comment};
use super::line::escape_starts;
use crate::table;

/// Blanks before an item for each list that it is inside of.
const INDENT: usize = 4;

/// What is being written.
#[derive(Debug, Default)]
pub(crate) struct Assembly {
    markdown: String,
    blocks: Vec<Block>,
    page: u32,
    /// The list of the item that was written last, while nothing else was.
    list: Option<u32>,
}

impl Assembly {
    /// Goes on to a page; `marker` is what the comment before it says.
    pub(crate) fn page(&mut self, page: u32, marker: Option<&str>) {
        self.page = page;
        if let Some(marker) = marker {
            self.part();
            let _infallible = write!(self.markdown, "<!-- {marker} -->\n\n");
        }
    }

    /// The page that is being written.
    pub(crate) fn current_page(&self) -> u32 {
        self.page
    }

    /// Ends a list, which stands without blank lines.
    fn part(&mut self) {
        if self.list.take().is_some() {
            self.markdown.push('\n');
        }
    }

    fn block(&mut self, kind: BlockKind, text: String, level: Option<u8>, table: Option<TableBlock>) {
        self.blocks.push(Block { kind, text, page: self.page, bbox: None, confidence: None, level, table });
    }

    fn text(&mut self, markdown: &str, kind: BlockKind, plain: String) {
        self.part();
        self.markdown.push_str(markdown);
        self.markdown.push_str("\n\n");
        self.block(kind, plain, None, None);
    }

    /// Writes one piece of content; what is blank is left out.
    pub(crate) fn write(&mut self, content: &Content) {
        match content {
            Content::Heading { line, .. }
            | Content::Paragraph { line, .. }
            | Content::Aside(line)
            | Content::Item { line, .. }
                if line.is_blank() => {}
            Content::Heading { level, line } => {
                self.part();
                let title = line.markdown().replace("  \n", " ");
                let _infallible = write!(self.markdown, "{} {title}\n\n", "#".repeat(usize::from(*level)));
                self.block(BlockKind::Heading, line.plain().replace('\n', " "), Some(*level), None);
            }
            Content::Paragraph { line, .. } => {
                self.text(&escape_starts(&line.markdown()), BlockKind::Paragraph, line.plain());
            }
            Content::Aside(line) => {
                let quoted = format!("> {}", line.markdown().replace('\n', "\n> "));
                self.text(&quoted, BlockKind::Paragraph, line.plain());
            }
            Content::Item { depth, marker, line, list } => {
                if self.list.is_some_and(|last| last != *list) && *depth == 0 {
                    self.part();
                }
                self.list = Some(*list);
                let indent = " ".repeat(INDENT * (*depth).min(9));
                let text = line.markdown().replace('\n', &format!("\n{indent}    "));
                let _infallible = writeln!(self.markdown, "{indent}{}{text}", marker.markdown());
                self.block(BlockKind::ListItem, format!("{}{}", marker.plain(), line.plain()), None, None);
            }
            Content::Table(table) => self.table(table),
            Content::Code(code) => {
                let fence = "`".repeat(longest_run(code).max(2) + 1);
                self.text(&format!("{fence}\n{code}\n{fence}"), BlockKind::Code, code.clone());
            }
            Content::Formula(latex) => self.text(&format!("$${latex}$$"), BlockKind::Paragraph, format!("$${latex}$$")),
            Content::Image(description) => {
                self.part();
                let _infallible = write!(self.markdown, "{}\n\n", comment(description));
                if !description.is_empty() {
                    self.block(BlockKind::Image, description.clone(), None, None);
                }
            }
            Content::Chart(chart) => self.chart(chart),
            Content::Note { number, text } => {
                let markdown = format!("[^{number}]: {}", text.markdown.replace('\n', "\n    "));
                self.text(&markdown, BlockKind::Paragraph, format!("[{number}] {}", text.plain));
            }
        }
    }

    fn table(&mut self, written: &Table) {
        let width = written.rows.iter().map(Vec::len).max().unwrap_or(0);
        if written.rows.iter().flatten().all(|cell| cell.markdown.is_empty()) {
            return;
        }
        self.part();
        let markdown: Vec<Vec<&str>> =
            written.rows.iter().map(|row| row.iter().map(|cell| cell.markdown.as_str()).collect()).collect();
        self.markdown.push_str(&table::render(&markdown));
        self.markdown.push('\n');
        let plain = |row: &Vec<CellText>| {
            let mut cells: Vec<String> = row.iter().map(|cell| cell.plain.clone()).collect();
            cells.resize(width, String::new());
            cells
        };
        self.table_block(written.has_header, written.rows.iter().map(plain).collect());
    }

    /// Writes a table of plain texts.
    pub(crate) fn plain_table(&mut self, has_header: bool, rows: Vec<Vec<String>>) {
        self.part();
        self.markdown.push_str(&table::render(&rows));
        self.markdown.push('\n');
        self.table_block(has_header, rows);
    }

    fn table_block(&mut self, has_header: bool, rows: Vec<Vec<String>>) {
        let text = rows.iter().map(|row| row.join("\t")).collect::<Vec<_>>().join("\n");
        self.block(BlockKind::Table, text, None, Some(TableBlock { has_header, rows }));
    }

    fn chart(&mut self, chart: &Chart) {
        for line in chart.title.iter().chain([&chart.kind]) {
            self.text(&escape_starts(line), BlockKind::Paragraph, line.clone());
        }
        if !chart.rows.is_empty() {
            self.plain_table(true, chart.rows.clone());
        }
    }

    /// The Markdown and the blocks.
    pub(crate) fn finish(mut self) -> (String, Vec<Block>) {
        let length = self.markdown.trim_end().len();
        self.markdown.truncate(length);
        if length > 0 {
            self.markdown.push('\n');
        }
        (self.markdown, self.blocks)
    }
}

/// The longest run of backticks.
fn longest_run(code: &str) -> usize {
    code.split(|character| character != '`').map(str::len).max().unwrap_or(0)
}
