//! Plain text in any encoding.

use millrace_domain::document::{Block, BlockKind};

use crate::draft::Draft;
use crate::encoding::{Decoded, decode};
use crate::failure::{FailureCode, ParseFailure};
use crate::format::Format;
use crate::parser::{Input, Isolation, Parser};

/// Reads plain text.
#[derive(Debug, Clone, Copy, Default)]
pub struct TextParser;

impl Parser for TextParser {
    fn name(&self) -> &'static str {
        "text"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn formats(&self) -> &'static [Format] {
        &[Format::Text]
    }

    fn isolation(&self) -> Isolation {
        Isolation::InProcess
    }

    fn parse(&self, input: Input<'_>) -> Result<Draft, ParseFailure> {
        let decoded = decode_some(input.bytes)?;
        let warnings = decoded.warnings();
        let markdown = unix_lines(decoded.text);
        let blocks = paragraphs(&markdown);
        Ok(Draft { markdown, blocks, pages: 1, warnings, ..Draft::default() })
    }
}

/// Decodes text that must hold something to read.
///
/// # Errors
/// `empty_file` when there are only blanks.
pub(super) fn decode_some(bytes: &[u8]) -> Result<Decoded, ParseFailure> {
    let decoded = decode(bytes);
    if is_blank(&decoded.text) { Err(only_blanks()) } else { Ok(decoded) }
}

/// Whether there is nothing to read.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(|character| character.is_whitespace() || character == '\0')
}

/// The failure of a file without anything to read.
pub(super) fn only_blanks() -> ParseFailure {
    ParseFailure::new(FailureCode::EmptyFile, "the file holds only blanks")
}

/// `\r\n` and lone `\r` → `\n`.
pub(super) fn unix_lines(text: String) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text }
}

fn paragraphs(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines: Vec<&str> = Vec::new();
    // The blank line at the end closes the last paragraph.
    for line in text.lines().chain([""]) {
        if !line.trim().is_empty() {
            lines.push(line.trim_end());
        } else if !lines.is_empty() {
            let text = std::mem::take(&mut lines).join("\n");
            blocks.push(Block::new(BlockKind::Paragraph, text));
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::ParserLimits;

    fn parse(bytes: &[u8]) -> Result<Draft, ParseFailure> {
        let limits = ParserLimits::default();
        TextParser.parse(Input::new(bytes, Format::Text, &limits))
    }

    #[test]
    fn paragraphs_and_line_ends() {
        let draft = parse(b"one\r\ntwo\r\n\r\n\r\nthree").expect("a document");
        assert_eq!(draft.markdown, "one\ntwo\n\n\nthree");
        assert_eq!(draft.blocks.iter().map(|block| block.text.as_str()).collect::<Vec<_>>(), ["one\ntwo", "three"]);
        assert_eq!(draft.warnings, Vec::<String>::new());
    }

    #[test]
    fn blanks_are_not_a_document() {
        for bytes in [&b" \r\n\t"[..], b"\xEF\xBB\xBF", b"\xEF\xBB\xBF\n"] {
            assert_eq!(parse(bytes).map_err(|failure| failure.code), Err(FailureCode::EmptyFile));
        }
    }

    #[test]
    fn other_encodings_are_named() {
        let (bytes, _, _) = encoding_rs::GB18030.encode("数据处理平台的说明文件");
        let draft = parse(&bytes).expect("a document");
        assert_eq!(draft.markdown, "数据处理平台的说明文件");
        assert_eq!(draft.warnings, ["decoded from gb18030"]);
    }
}
