//! Markdown, kept as it is.

use millrace_domain::document::{Block, BlockKind};

use super::text::{decode_some, unix_lines};
use crate::blocks::{Markers, scan};
use crate::draft::Draft;
use crate::failure::ParseFailure;
use crate::format::Format;
use crate::parser::{Input, Isolation, Parser};

/// Reads Markdown.
#[derive(Debug, Clone, Copy, Default)]
pub struct MarkdownParser;

impl Parser for MarkdownParser {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn formats(&self) -> &'static [Format] {
        &[Format::Markdown]
    }

    fn isolation(&self) -> Isolation {
        Isolation::InProcess
    }

    fn parse(&self, input: Input<'_>) -> Result<Draft, ParseFailure> {
        let decoded = decode_some(input.bytes)?;
        let warnings = decoded.warnings();
        let markdown = unix_lines(decoded.text);
        let (front_matter, body) = split_front_matter(&markdown);
        let mut blocks = scan(body, Markers::Ignored);
        if let Some(text) = front_matter {
            let kind = BlockKind::Code;
            blocks.insert(0, Block::new(kind, text));
        }
        Ok(Draft { markdown, blocks, pages: 1, warnings, ..Draft::default() })
    }
}

/// Splits off the YAML between two lines of `---` at the very start, which would read as a rule and a heading.
fn split_front_matter(markdown: &str) -> (Option<&str>, &str) {
    let split = markdown.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
    match split {
        Some((front_matter, body)) if front_matter.contains(':') => (Some(front_matter), body),
        _ => (None, markdown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::ParserLimits;

    #[test]
    fn front_matter_is_no_heading() {
        let limits = ParserLimits::default();
        let bytes = b"---\ntitle: T\n---\n# Head\n";
        let draft = MarkdownParser.parse(Input::new(bytes, Format::Markdown, &limits)).expect("a document");
        let kinds: Vec<_> = draft.blocks.iter().map(|block| (block.kind, block.text.as_str())).collect();
        assert_eq!(kinds, [(BlockKind::Code, "title: T"), (BlockKind::Heading, "Head")]);
        assert_eq!(draft.markdown.as_bytes(), bytes);
        assert_eq!(split_front_matter("---\nno yaml\n---\n"), (None, "---\nno yaml\n---\n"));
    }
}
