//! What the parsers make of whole files, in this process.

#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod support;

use millrace_domain::document::ParsedDocument;
use millrace_domain::parse_options::{PageRanges, ParseOptions};
use millrace_pipeline_handlers::failure::{FailureCode, ParseFailure};
use millrace_pipeline_handlers::limits::ParserLimits;
use millrace_pipeline_handlers::registry::builtin;
use serde_json::json;
use support::files::{docx, ods, pdf, pptx, xlsx, xlsx_rows, zip};

fn try_parse(filename: &str, bytes: &[u8]) -> Result<ParsedDocument, ParseFailure> {
    builtin().parse(bytes, filename, &ParserLimits::default(), &ParseOptions::default())
}

#[track_caller]
fn parse(filename: &str, bytes: &[u8]) -> ParsedDocument {
    try_parse(filename, bytes).expect("a document")
}

#[test]
fn old_workbooks_keep_their_types() {
    let document = parse("stock.xls", include_bytes!("fixtures/stock.xls"));
    assert_eq!(
        json!(document.rows),
        json!([
            {"sku": "007", "name": "Anvil", "count": 3, "since": "2024-01-31"},
            {"sku": "008", "name": "铁砧", "count": 2.5, "since": "2024-02-01"},
        ])
    );
    assert_eq!((document.pages, document.parser.as_str()), (2, "spreadsheet"));
    assert!(document.markdown.contains("## Notes\n\nchecked"), "{}", document.markdown);
    let last = document.blocks.last().expect("blocks");
    assert_eq!((last.text.as_str(), last.page), ("checked", 2));
}

#[test]
fn pages_that_a_file_does_not_have_are_no_empty_result() {
    let workbook: &[u8] = include_bytes!("fixtures/stock.xls");
    let asked = |name: &str, bytes: &[u8], pages: &str| {
        let pages = Some(PageRanges::parse(pages).expect("ranges"));
        let options = ParseOptions { pages, ..ParseOptions::default() };
        builtin().parse(bytes, name, &ParserLimits::default(), &options)
    };
    for (name, bytes, pages) in [("stock.xls", workbook, "3-4"), ("a.csv", b"n\n1\n", "2"), ("a.md", b"# A", "2-3")] {
        assert_eq!(asked(name, bytes, pages).expect_err(name).code, FailureCode::NoSuchPage, "{name}");
    }
    let second = asked("stock.xls", workbook, "2-4").expect("the second sheet");
    assert_eq!(second.warnings, ["pages 2-4 were asked for, and the file ends with page 2"]);
    assert!(second.blocks.iter().all(|block| block.page == 2), "{:?}", second.blocks);
}

#[test]
fn blocks_of_formats_without_pages_are_on_page_one() {
    for (name, bytes) in
        [("a.csv", &b"n\n1\n"[..]), ("a.md", b"# A\n\ntext"), ("a.html", b"<!doctype html><p>text"), ("a.txt", b"text")]
    {
        let document = parse(name, bytes);
        assert!(!document.blocks.is_empty() && document.blocks.iter().all(|block| block.page == 1), "{name}");
    }
}

#[test]
fn open_document_sheets_are_read() {
    let cell = |kind: &str, value: &str, shown: &str| {
        format!(r#"<table:table-cell office:value-type="{kind}" {value}><text:p>{shown}</text:p></table:table-cell>"#)
    };
    let row = |cells: &[String]| format!("<table:table-row>{}</table:table-row>", cells.concat());
    let rows = [
        row(&[cell("string", "", "name"), cell("string", "", "when"), cell("string", "", "n")]),
        row(&[
            cell("string", "", "x"),
            cell("date", r#"office:date-value="2024-01-31""#, "31.01.24"),
            cell("float", r#"office:value="1.5""#, "1,50"),
        ]),
    ];
    let document = parse("a.ods", &ods("S", &rows.concat()));
    assert_eq!(json!(document.rows), json!([{"name": "x", "when": "2024-01-31", "n": 1.5}]));
    assert!(document.markdown.contains("| x | 2024-01-31 | 1.5 |"), "what a cell looks like: {}", document.markdown);
}

#[test]
fn sheets_with_titles_and_several_tables() {
    let first = xlsx_rows(&[&["Report 2024"], &["name", "n", "n"], &["x", "1", "2"]]);
    let second = xlsx_rows(&[&["name", "n", ""], &["y", "3", "4"]]);
    let document = parse("a.xlsx", &xlsx(&[("One", &first), ("Two", &second)]));
    assert_eq!(
        json!(document.rows),
        json!([
            {"_sheet": "One", "name": "x", "n": 1, "n_3": 2},
            {"_sheet": "Two", "name": "y", "n": 3, "column_3": 4},
        ])
    );
    assert_eq!(document.warnings.len(), 2, "{:?}", document.warnings);
    assert!(document.markdown.contains("## One\n\nReport 2024\n\n| name | n | n |"), "{}", document.markdown);
}

#[test]
fn formulas_of_word_files_are_kept() {
    let math = "</w:t></w:r><m:oMath xmlns:m=\"http://schemas.openxmlformats.org/officeDocument/2006/math\"><m:sSup>\
                <m:e><m:r><m:t>c_*</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup></m:oMath><w:r><w:t>";
    let document = parse("a.docx", &docx("T", &[&format!("so E = {math} holds")], &[["a", math]]));
    assert!(document.markdown.contains("$c_*^{2}$ holds"), "{}", document.markdown);
    let paragraph = document.blocks.iter().find(|block| block.text.contains("holds")).expect("a paragraph");
    assert!(paragraph.text.contains("$c_*^{2}$ holds"), "{}", paragraph.text);
    let table = document.blocks.iter().find_map(|block| block.table.as_ref()).expect("a table");
    assert_eq!(table.rows[0], ["a", "$c_*^{2}$"]);
}

#[test]
fn slides_get_no_headings_that_nobody_wrote() {
    let document = parse("a.pptx", &pptx(&["first", "second"]));
    assert!(!document.markdown.contains("## Slide"), "{}", document.markdown);
    let pages: Vec<_> = document.blocks.iter().map(|block| (block.text.as_str(), block.page)).collect();
    assert_eq!(pages, [("first", 1), ("second", 2)]);
}

#[test]
fn pages_without_text_are_counted() {
    let document = parse("a.pdf", &pdf(&["some words", "", "more words"]));
    assert_eq!(document.pages, 3);
    assert_eq!(document.warnings, ["1 of 3 pages are blank"]);
}

#[test]
fn other_packages_are_named() {
    let chart = "application/vnd.oasis.opendocument.chart";
    let bytes = zip(&[("mimetype", chart.as_bytes()), ("content.xml", b"<x/>")]);
    let failure = try_parse("a.docx", &bytes).expect_err("unsupported");
    assert_eq!(failure.code, FailureCode::UnsupportedType);
    assert!(failure.message.contains(chart), "{failure}");
}

/// Bytes changed at places that a small generator picks: the same ones at every run.
fn damaged(bytes: &[u8], seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).expect("31 bits")
    };
    let mut bytes = bytes.to_vec();
    for _ in 0..=next() % 8 {
        let at = next() % bytes.len();
        bytes[at] = u8::try_from(next() % 256).expect("a byte");
    }
    if next() % 4 == 0 {
        bytes.truncate(next() % bytes.len());
    }
    bytes
}

#[test]
fn damage_never_panics() {
    let sources = [
        ("a.csv", "name;n\n\"x\";1\ny;2\n".as_bytes().to_vec()),
        ("a.md", b"# T\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```x\ncode\n```\n- i [l](u) **b**\n".to_vec()),
        ("a.json", br#"{"a": [1, 2.5, "x\u0000"], "b": null}"#.to_vec()),
        ("a.html", b"<html><h1>T</h1><table><tr><td>1</td></tr></table><p>x <b>y</b>".to_vec()),
        ("a.docx", docx("T", &["x"], &[["a", "b"]])),
        ("a.xlsx", xlsx(&[("S", &xlsx_rows(&[&["a", "b"], &["1", "2"]]))])),
        ("a.xls", include_bytes!("fixtures/stock.xls").to_vec()),
        ("a.pdf", pdf(&["hello", "world"])),
    ];
    for (name, bytes) in sources {
        assert!(try_parse(name, &bytes).is_ok(), "{name}");
        for seed in 0..150 {
            // The outcome is free; a panic is not.
            let _outcome = try_parse(name, &damaged(&bytes, seed));
        }
    }
}
