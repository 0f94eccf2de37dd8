use millrace_domain::document::BlockKind;

use super::*;
use crate::limits::ParserLimits;

fn try_parse(bytes: &[u8]) -> Result<Draft, ParseFailure> {
    let limits = ParserLimits::default();
    RtfParser.parse(Input::new(bytes, Format::Rtf, &limits))
}

#[track_caller]
fn check(rtf: &[u8], markdown: &str) {
    assert_eq!(try_parse(rtf).expect("a document").markdown, markdown, "{}", String::from_utf8_lossy(rtf));
}

#[test]
fn paragraphs_headings_and_lists() {
    check(
        b"{\\rtf1\\ansi{\\fonttbl{\\f0 Times;}}{\\stylesheet{\\s1\\outlinelevel0 heading 1;}{\\s5 Heading 2;}{\\s9 Title;}}\
          {\\info{\\title not text}}\\pard\\s9 Big\\par\\pard\\s1 One {\\b bold}\\par\\pard\\s5 Two\\par\\pard plain\\line line\\par\
          {\\listtext\\pard 1.\\tab}first\\par{\\listtext 2.\\tab}second\\par\
          {\\pntext\\'b7\\tab}\\ilvl1 dot\\par\\pard {\\*\\generator x;}end\\~.}",
        "# Big\n\n# One bold\n\n## Two\n\nplain\nline\n\n1. first\n2. second\n  - dot\n\nend\u{A0}.\n",
    );
}

#[test]
fn tables_links_and_notes() {
    check(
        b"{\\rtf1 See {\\field{\\*\\fldinst HYPERLINK \"http://x\"}{\\fldrslt the page}}{\\footnote\\pard a note}.\\par\
          \\trowd\\pard\\intbl a\\cell b|\\par c\\cell\\row\\trowd\\pard\\intbl 1\\cell 2\\cell\\row\\pard after\\par}",
        "See the page[^1].\n\n| a | b\\| c |\n| --- | --- |\n| 1 | 2 |\n\nafter\n\n[^1]: a note\n",
    );
    let draft = try_parse(b"{\\rtf1{\\pict\\bin5 }}}}}x}\\par}").expect("a document");
    assert_eq!((draft.markdown.as_str(), draft.warnings.len()), ("", 2), "{:?}", draft.warnings);
}

#[test]
fn every_way_to_write_a_character() {
    check(b"{\\rtf1\\ansicpg1251 \\'cf\\'f0\\'e8\\'e2\\'e5\\'f2}", "Привет\n");
    check(b"{\\rtf1\\ansi{\\fonttbl{\\f1\\fcharset134 SimSun;}}\\f1 \\'d6\\'d0\\'ce\\'c4}", "中文\n");
    check(b"{\\rtf1\\ansi{\\fonttbl{\\f1\\fcharset128 M;}}caf\\'e9 {\\f1 \\'83A\\'83C} \\'e9}", "café アイ é\n");
    check(b"{\\rtf1\\uc1\\u20013?\\u25991 ?\\uc0\\u33 x}", "中文!x\n");
    check(b"{\\rtf1\\u-10179?\\u-8694?}", "\u{1F60A}\n");
    check(b"{\\rtf1\\uc2\\u20013\\'d6\\'d0x}", "中x\n");
    check(b"{\\rtf1 \\{a\\\\b\\} \\emdash\\ldblquote{\\v hidden}q\\rdblquote}", "{a\\\\b} —“q”\n");
}

#[test]
fn hostile_documents_end() {
    let deep = "{".repeat(200_000);
    let failure = try_parse(format!("{{\\rtf1{deep}").as_bytes()).expect_err("too deep");
    assert_eq!(failure.code, crate::failure::FailureCode::UnreadableFile);
    let draft = try_parse(b"{\\rtf1 cut {\\b off").expect("what is there");
    assert_eq!(draft.markdown, "cut off\n");
    assert!(draft.warnings[0].contains("cut off"), "{:?}", draft.warnings);
    check(b"{\\rtf1 a}}}} b", "a\n");
    check(b"{\\rtf1 \\bin2147483647 x}", "");
    check(b"{\\rtf1 \\uc2147483647\\u65?xxxx}", "A\n");
    let cells = format!("{{\\rtf1\\trowd {}\\row}}", "x\\cell ".repeat(100_000));
    let draft = try_parse(cells.as_bytes()).expect("a document");
    assert_eq!(draft.blocks.iter().filter(|block| block.kind == BlockKind::Table).count(), 1);
}
