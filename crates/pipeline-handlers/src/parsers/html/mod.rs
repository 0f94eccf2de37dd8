//! HTML → Markdown.

mod spans;
mod titles;
mod tree;

use html_to_markdown_rs::options::InlineDataMedia;
use html_to_markdown_rs::{ConversionOptions, PreprocessingOptions, WarningKind, convert};

use super::text::decode_some;
use crate::blocks::{Markers, scan};
use crate::draft::Draft;
use crate::encoding::{Decoded, decode_declared};
use crate::failure::ParseFailure;
use crate::format::Format;
use crate::parser::{Input, Isolation, Parser};

/// Bytes in which a document may declare its encoding, as the HTML standard has it.
const DECLARATION_BYTES: usize = 1_024;
/// Elements inside elements; deeper ones are left out. Real pages stay far below.
const MAX_DEPTH: usize = 512;

/// Reads HTML and XHTML.
#[derive(Debug, Clone, Copy, Default)]
pub struct HtmlParser;

impl Parser for HtmlParser {
    fn name(&self) -> &'static str {
        "html"
    }

    fn version(&self) -> &'static str {
        "3+html-to-markdown-3.19"
    }

    fn formats(&self) -> &'static [Format] {
        &[Format::Html]
    }

    fn isolation(&self) -> Isolation {
        Isolation::Child
    }

    fn parse(&self, input: Input<'_>) -> Result<Draft, ParseFailure> {
        let decoded = decode_markup(input.bytes)?;
        let mut warnings = decoded.warnings();
        let options = ConversionOptions {
            extract_metadata: false,
            max_depth: Some(MAX_DEPTH),
            max_input_size: None,
            compact_tables: true,
            br_in_tables: false,
            include_document_structure: spans::occur_in(&decoded.text),
            // The bytes of an inline picture are no text.
            inline_data_media: InlineDataMedia::AltTextOnly,
            preprocessing: PreprocessingOptions {
                // What a page says counts, wherever it says it; only scripts and styles go.
                remove_navigation: false,
                remove_forms: false,
                ..PreprocessingOptions::default()
            },
            ..ConversionOptions::default()
        };
        let converted = convert(&decoded.text, options).map_err(|error| ParseFailure::unreadable("HTML", error))?;
        let is_cut = converted.warnings.iter().any(|warning| warning.kind == WarningKind::DepthLimitExceeded);
        let markdown = converted.content.unwrap_or_default();
        let markdown = titles::without(&spans::fill(&markdown, &converted.tables));
        let blocks = scan(&markdown, Markers::Ignored);
        if is_cut && blocks.is_empty() {
            return Err(ParseFailure::unreadable(
                "HTML",
                format!("all its text is nested deeper than {MAX_DEPTH} elements"),
            ));
        }
        if is_cut {
            warnings.push(format!("what is nested deeper than {MAX_DEPTH} elements was left out"));
        }
        if blocks.is_empty() {
            warnings.push("the page holds no text".to_owned());
        }
        let html = tree::nodes(&decoded.text);
        Ok(Draft { markdown, blocks, pages: 1, warnings, html, ..Draft::default() })
    }
}

/// Decodes HTML or XML by the encoding that it declares, unless that does not fit.
///
/// # Errors
/// `empty_file` when there are only blanks.
pub(super) fn decode_markup(bytes: &[u8]) -> Result<Decoded, ParseFailure> {
    if let Some(decoded) = declared_charset(bytes).and_then(|label| decode_declared(bytes, &label)) {
        return Ok(decoded);
    }
    decode_some(bytes)
}

/// The label in `<meta charset=…>`, `<meta … content="…; charset=…">` or an XML declaration.
fn declared_charset(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(DECLARATION_BYTES)]).to_ascii_lowercase();
    let after = ["charset", "encoding"].iter().find_map(|word| {
        head.match_indices(word).find_map(|(at, _)| head[at + word.len()..].trim_start().strip_prefix('='))
    })?;
    let label: String = after
        .trim_start_matches(['"', '\'', ' '])
        .chars()
        .take_while(|character| character.is_ascii_alphanumeric() || "-_:".contains(*character))
        .collect();
    (!label.is_empty()).then_some(label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::ParserLimits;

    fn parse(bytes: &[u8]) -> Draft {
        let limits = ParserLimits::default();
        HtmlParser.parse(Input::new(bytes, Format::Html, &limits)).expect("a document")
    }

    #[test]
    fn structure_survives_and_scripts_do_not() {
        let draft = parse(
            b"<html><head><title>T</title><style>p{}</style></head><body><h2>Head</h2><p>One <b>two</b></p>\
              <ul><li>item</li></ul><table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>\
              <script>alert(1)</script></body></html>",
        );
        assert!(draft.markdown.contains("## Head"), "{}", draft.markdown);
        assert!(draft.markdown.contains("| a | b |"), "{}", draft.markdown);
        assert!(!draft.markdown.contains("alert") && !draft.markdown.contains("p{}"), "{}", draft.markdown);
        let table = draft.blocks.iter().find_map(|block| block.table.as_ref()).expect("a table");
        assert_eq!(table.rows, [["a", "b"], ["1", "2"]]);
    }

    fn rows(html: &str) -> Vec<Vec<String>> {
        parse(html.as_bytes()).blocks.into_iter().find_map(|block| block.table).expect("a table").rows
    }

    #[test]
    fn spanning_cells_are_repeated() {
        assert_eq!(
            rows(
                "<table><tr><th>A</th><th colspan=2>B|C</th></tr><tr><td rowspan=2>1</td><td>2</td><td>3</td></tr>\
                 <tr><td COLSPAN='2'>4</td></tr></table>"
            ),
            [["A", "B|C", "B|C"], ["1", "2", "3"], ["1", "4", "4"]]
        );
        assert_eq!(
            rows("<table><caption>C</caption><tr><th colspan=2><a href=x>A</a></th></tr><tr><td>1<td>2</table>"),
            [["A", "A"], ["1", "2"]]
        );
        // The first cell of a group in a row of its own, as some pages have it.
        assert_eq!(
            rows(
                "<table><tr><th>Y</th><th>M</th></tr><tr><th rowspan=3>25</th></tr><tr><td>1</td></tr><tr><td>2</td></tr></table>"
            ),
            [["Y", "M"], ["25", "1"], ["25", "2"]]
        );
    }

    #[test]
    fn absurd_spans_cost_nothing() {
        let rows = rows("<table><tr><td rowspan=65534 colspan=1000>a</td><td>b</td></tr><tr><td>c</td></tr></table>");
        assert!(rows.len() == 2 && rows.iter().all(|row| row.len() <= 1_002), "{}", rows.len());
    }

    #[test]
    fn tooltips_and_inline_pictures_are_no_text() {
        let draft = parse(
            b"<p><a href='/a_(b)' title='Tip (t)'>link</a> <img alt='An owl' src='data:image/png;base64,AAAA'></p>",
        );
        assert!(!draft.markdown.contains("Tip") && !draft.markdown.contains("AAAA"), "{}", draft.markdown);
        assert_eq!(draft.blocks[0].text, "link An owl");
    }

    #[test]
    fn declared_encodings_are_obeyed() {
        let page = "<html><head><meta charset=\"gb2312\"></head><p>中文</p></html>";
        let (bytes, _, _) = encoding_rs::GBK.encode(page);
        assert!(parse(&bytes).markdown.contains("中文"));
        assert_eq!(declared_charset(b"<meta http-equiv=x content='text/html; charset=big5'>").as_deref(), Some("big5"));
        assert_eq!(declared_charset(b"<?xml version='1.0' encoding='utf-8'?>").as_deref(), Some("utf-8"));
        assert_eq!(declared_charset(b"<p>about charsets</p>"), None);
    }
}
