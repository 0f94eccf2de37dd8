//! One document out of several: each member of an archive or message becomes a section under its name.

use std::fmt::Write as _;

use millrace_domain::document::{Block, BlockKind, PageInfo, ParsedDocument};
use serde_json::{Map, Value};

use crate::draft::Draft;
use crate::failure::{FailureCode, ParseFailure};
use crate::members::ends_everything;

/// Key of the member's name in rows of files with several members that have rows.
const FILE_KEY: &str = "_file";
/// Warnings kept; an archive of thousands of unreadable files needs no line for each.
const MAX_WARNINGS: usize = 200;
/// Deepest heading of Markdown.
const MAX_LEVEL: u8 = 6;

/// A document in the making.
#[derive(Debug, Default)]
pub(crate) struct Sections {
    markdown: String,
    blocks: Vec<Block>,
    pages: u32,
    page_info: Vec<PageInfo>,
    warnings: Vec<String>,
    more_warnings: usize,
    rows: Vec<(String, Vec<Map<String, Value>>)>,
    failures: Vec<(String, ParseFailure)>,
    read: usize,
}

impl Sections {
    /// A heading on its own, on the page that comes next.
    pub(crate) fn heading(&mut self, level: u8, text: &str) {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let hashes = "#".repeat(level.into());
        self.paragraph(&format!("{hashes} {text}"));
        let page = self.pages + 1;
        self.blocks.push(Block { page, level: Some(level), ..Block::new(BlockKind::Heading, text) });
    }

    /// Text of the file itself, with its blocks, on the page that comes next.
    pub(crate) fn own(&mut self, markdown: &str, blocks: Vec<Block>) {
        self.paragraph(markdown);
        let page = self.pages + 1;
        self.blocks.extend(blocks.into_iter().map(|block| Block { page, ..block }));
    }

    /// Closes a page of the file itself.
    pub(crate) fn end_page(&mut self) {
        self.pages += 1;
    }

    /// Adds a warning, if there are not too many.
    pub(crate) fn warn(&mut self, warning: String) {
        if self.warnings.len() < MAX_WARNINGS { self.warnings.push(warning) } else { self.more_warnings += 1 }
    }

    /// Adds a part of the file itself, its headings so many levels deeper. Its pages follow those before it.
    pub(crate) fn part(&mut self, document: ParsedDocument, level: u8) {
        self.append(document, level);
    }

    /// Adds a member under a heading with its name; one that could not be read becomes a warning.
    ///
    /// # Errors
    /// The member's failure when it ends the whole file.
    pub(crate) fn member(
        &mut self,
        name: &str,
        level: u8,
        outcome: Result<ParsedDocument, ParseFailure>,
    ) -> Result<(), ParseFailure> {
        match outcome {
            Ok(mut document) => {
                self.heading(level, name);
                for warning in std::mem::take(&mut document.warnings) {
                    self.warn(format!("{name}: {warning}"));
                }
                if let Some(rows) = document.rows.take().filter(|rows| !rows.is_empty()) {
                    self.rows.push((name.to_owned(), rows));
                }
                self.append(document, level);
                self.read += 1;
                Ok(())
            }
            Err(failure) if ends_everything(&failure) => Err(failure),
            Err(failure) => {
                self.warn(format!("{name} was not read ({}): {failure}", failure.code.as_str()));
                self.failures.push((name.to_owned(), failure));
                Ok(())
            }
        }
    }

    /// How many members were read.
    pub(crate) fn members_read(&self) -> usize {
        self.read
    }

    /// Why nothing could be read: what all members share, or that they are broken in different ways.
    pub(crate) fn nothing_read(&self) -> Option<ParseFailure> {
        let (name, first) = self.failures.first()?;
        let all = |of: &dyn Fn(FailureCode) -> bool| self.failures.iter().all(|(_, failure)| of(failure.code));
        let code = if all(&|code| code == first.code) {
            first.code
        } else if all(&|code| matches!(code, FailureCode::NoTextLayer | FailureCode::OcrUnavailable)) {
            FailureCode::NoTextLayer
        } else {
            FailureCode::UnreadableFile
        };
        let others = match self.failures.len() - 1 {
            0 => String::new(),
            count => format!(", and {count} more files could not be read"),
        };
        Some(ParseFailure::new(code, format!("nothing in it could be read: {name}: {first}{others}")))
    }

    /// The document.
    pub(crate) fn into_draft(mut self) -> Draft {
        if self.more_warnings > 0 {
            self.warnings.push(format!("{} more warnings", self.more_warnings));
        }
        let several = self.rows.len() > 1;
        let mut rows = Vec::new();
        for (name, of_member) in self.rows {
            for fields in of_member {
                let mut row = Map::new();
                if several {
                    row.insert(FILE_KEY.to_owned(), Value::from(name.as_str()));
                }
                row.extend(fields);
                rows.push(row);
            }
        }
        Draft {
            markdown: self.markdown,
            blocks: self.blocks,
            pages: self.pages.max(1),
            page_info: self.page_info,
            warnings: self.warnings,
            rows: (!rows.is_empty()).then_some(rows),
            ..Draft::default()
        }
    }

    fn append(&mut self, document: ParsedDocument, level: u8) {
        if is_raw(&document) {
            self.paragraph(&fenced(&document.markdown, ""));
        } else {
            self.paragraph(&demoted(&document.markdown, level));
        }
        let before = self.pages;
        self.blocks.extend(document.blocks.into_iter().map(|block| Block {
            page: before + block.page.max(1),
            level: block.level.map(|own| own.saturating_add(level).min(MAX_LEVEL)),
            ..block
        }));
        self.page_info.extend(document.page_info.into_iter().map(|info| PageInfo { page: before + info.page, ..info }));
        self.pages += document.pages.max(1);
    }

    fn paragraph(&mut self, markdown: &str) {
        let markdown = markdown.trim_end();
        if markdown.is_empty() {
            return;
        }
        if !self.markdown.is_empty() {
            self.markdown.push('\n');
        }
        self.markdown.push_str(markdown);
        self.markdown.push('\n');
    }
}

/// Whether the text is data kept as it is (JSON, XML), which is not Markdown.
pub(crate) fn is_raw(document: &ParsedDocument) -> bool {
    matches!(document.blocks.as_slice(), [Block { kind: BlockKind::Code, text, .. }] if *text == document.markdown)
}

/// Text as a block of code, its fence longer than any in it.
pub(crate) fn fenced(text: &str, language: &str) -> String {
    let longest = text.lines().map(|line| line.trim_start().bytes().take_while(|byte| *byte == b'`').count()).max();
    let fence = "`".repeat(longest.unwrap_or(0).max(2) + 1);
    let end = if text.ends_with('\n') { "" } else { "\n" };
    format!("{fence}{language}\n{text}{end}{fence}\n")
}

/// Markdown with every heading so many levels deeper.
fn demoted(markdown: &str, levels: u8) -> String {
    if levels == 0 {
        return markdown.to_owned();
    }
    let mut demoted = String::with_capacity(markdown.len() + 64);
    let mut fence: Option<&str> = None;
    for line in markdown.lines() {
        let trimmed = line.trim_start();
        let ticks = trimmed.bytes().take_while(|byte| matches!(byte, b'`' | b'~')).count();
        match fence {
            Some(open) if trimmed.starts_with(open) && trimmed.trim_end().len() == ticks => fence = None,
            Some(_) => {}
            None if ticks >= 3 => fence = Some(&trimmed[..ticks]),
            None => {
                let hashes = line.bytes().take_while(|byte| *byte == b'#').count();
                if (1..=6).contains(&hashes) && line[hashes..].starts_with(' ') {
                    let more = usize::from(levels).min(usize::from(MAX_LEVEL) - hashes);
                    let _infallible = write!(demoted, "{}", "#".repeat(more));
                }
            }
        }
        demoted.push_str(line);
        demoted.push('\n');
    }
    demoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_sink_and_code_does_not() {
        assert_eq!(
            demoted("# A\n```sh\n# not\n```\n###### F\n#hash\n", 1),
            "## A\n```sh\n# not\n```\n###### F\n#hash\n"
        );
    }

    #[test]
    fn a_fence_is_longer_than_those_inside() {
        assert_eq!(fenced("a\n```\nb", "md"), "````md\na\n```\nb\n````\n");
    }

    #[test]
    fn pages_of_members_are_numbered_through() {
        let block = |page, text: &str| Block { page, ..Block::new(BlockKind::Paragraph, text) };
        let document =
            |pages, blocks| ParsedDocument { markdown: "x".into(), pages, blocks, ..ParsedDocument::default() };
        let mut sections = Sections::default();
        sections.member("a", 1, Ok(document(2, vec![block(1, "a1"), block(2, "a2")]))).expect("added");
        sections.member("b", 1, Ok(document(1, vec![block(0, "b1")]))).expect("added");
        let failed = ParseFailure::new(FailureCode::EmptyFile, "the file is empty");
        sections.member("c", 1, Err(failed)).expect("a warning");
        let draft = sections.into_draft();
        let pages: Vec<_> = draft.blocks.iter().map(|block| (block.text.as_str(), block.page)).collect();
        assert_eq!(pages, [("a", 1), ("a1", 1), ("a2", 2), ("b", 3), ("b1", 3)]);
        assert_eq!(
            (draft.pages, draft.warnings.as_slice()),
            (3, &["c was not read (empty_file): the file is empty".to_owned()][..])
        );
    }
}
