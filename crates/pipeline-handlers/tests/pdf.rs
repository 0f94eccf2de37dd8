//! What is made of PDFs.

#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod support;

use millrace_domain::document::{Block, BlockKind, ParsedDocument, QualityGrade};
use millrace_domain::parse_options::{PageRanges, ParseOptions};
use millrace_pipeline_handlers::failure::{FailureCode, ParseFailure};
use millrace_pipeline_handlers::limits::ParserLimits;
use millrace_pipeline_handlers::registry::builtin;
use support::files::{pdf_objects, pdf_of};
use support::pages::{Sheet, drawn, drawn_with};

/// A picture of one grey dot, as large as the page.
const PICTURE: &str = "q 612 0 0 792 0 0 cm BI /W 1 /H 1 /BPC 8 /CS /G ID \u{7f} EI Q";

fn try_parse(bytes: &[u8], pages: Option<&str>) -> Result<ParsedDocument, ParseFailure> {
    let pages = pages.map(|pages| PageRanges::parse(pages).expect("ranges"));
    let options = ParseOptions { pages, ..ParseOptions::default() };
    builtin().parse(bytes, "a.pdf", &ParserLimits::default(), &options)
}

#[track_caller]
fn parse(bytes: &[u8]) -> ParsedDocument {
    try_parse(bytes, None).expect("a document")
}

fn headings(document: &ParsedDocument) -> Vec<(String, u8)> {
    let headings = document.blocks.iter().filter(|block| block.kind == BlockKind::Heading);
    headings.map(|block| (block.text.clone(), block.level.unwrap_or(0))).collect()
}

fn owned(expected: &[(&str, u8)]) -> Vec<(String, u8)> {
    expected.iter().map(|(text, level)| ((*text).to_owned(), *level)).collect()
}

fn block<'a>(document: &'a ParsedDocument, text: &str) -> &'a Block {
    document.blocks.iter().find(|block| block.text.contains(text)).expect("the block")
}

#[test]
fn headings_are_told_by_size_weight_and_number() {
    let sheet = Sheet::default()
        .line("F2", 20, 72, 700, "A Report on the Habits")
        .line("F2", 20, 72, 676, "of Nocturnal Birds")
        .paragraph(640, 4)
        .line("F2", 12, 72, 560, "1 Introduction")
        .paragraph(540, 4)
        .line("F2", 10, 72, 470, "1.1 Methods of counting")
        .paragraph(454, 4)
        .line("F2", 10, 72, 380, "Figure 1. An owl by night")
        .line("F2", 10, 72, 350, "A whole sentence in bold type is not a heading.")
        .paragraph(334, 3);
    let document = parse(&drawn(&[sheet]));
    let expected =
        [("A Report on the Habits of Nocturnal Birds", 1), ("1 Introduction", 2), ("1.1 Methods of counting", 3)];
    assert_eq!(headings(&document), owned(&expected));
    assert!(document.markdown.contains("\n## 1 Introduction\n"), "{}", document.markdown);
}

#[test]
fn outlines_and_tags_name_headings() {
    let sheet = Sheet::default()
        .paragraph(700, 3)
        .line("F1", 10, 72, 650, "Plain words")
        .paragraph(638, 3)
        .raw("/H3 <</MCID 0>> BDC")
        .line("F1", 10, 72, 560, "Tagged words")
        .raw("EMC")
        .paragraph(540, 3);
    let outline = [
        "<< /Type /Outlines /First 9 0 R /Last 9 0 R /Count 1 >>",
        "<< /Title (Plain words) /Parent 8 0 R /Dest [6 0 R /Fit] >>",
    ];
    let document = parse(&drawn_with(&[sheet], "/Outlines 8 0 R", "", &outline));
    assert_eq!(headings(&document), owned(&[("Plain words", 1), ("Tagged words", 3)]));
}

#[test]
fn running_heads_and_page_numbers_go() {
    let sheet = |number: u32| {
        Sheet::default()
            .line("F1", 9, 72, 760, &format!("Annual review, page {number}"))
            .line("F1", 10, 72, 700, &format!("Chapter text number {number}"))
            .paragraph(680, 5)
            .line("F1", 9, 300, 30, &format!("{number}-{number}"))
    };
    let document = parse(&drawn(&[sheet(1), sheet(2), sheet(3)]));
    assert!(!document.markdown.contains("Annual") && !document.markdown.contains("3-3"), "{}", document.markdown);
    assert!(document.markdown.contains("Chapter text number 3"), "{}", document.markdown);
    // The same on one page might be anything.
    assert!(parse(&drawn(&[sheet(1)])).markdown.contains("Annual review, page 1"));
}

#[test]
fn words_parted_at_line_ends_are_whole_again() {
    let sheet = Sheet::default().line("F1", 10, 72, 700, "This paragraph has a long word which is hyphen-").line(
        "F1",
        10,
        72,
        688,
        "ated at the end of its first line, as in print.",
    );
    assert_eq!(
        parse(&drawn(&[sheet])).blocks[0].text,
        "This paragraph has a long word which is hyphenated at the end of its first line, as in print."
    );
}

#[test]
fn blocks_have_boxes_on_the_page_as_it_is_shown() {
    let sheet = Sheet::default().line("F1", 10, 72, 692, "alpha").paragraph(400, 3);
    let upright = parse(&drawn(std::slice::from_ref(&sheet)));
    let [left, top, right, bottom] = block(&upright, "alpha").bbox.expect("a box");
    assert!(left == 72.0 && (80.0..100.0).contains(&top) && (95.0..110.0).contains(&right), "{left} {top} {right}");
    assert!((100.0..106.0).contains(&bottom), "{bottom}");
    assert_eq!(upright.page_info[0].size, Some([612.0, 792.0]));
    // A page turned a quarter clockwise: what was at the left is at the top.
    let turned = parse(&drawn_with(&[sheet], "", "/Rotate 90", &[]));
    let [left, top, ..] = block(&turned, "alpha").bbox.expect("a box");
    assert!(top == 72.0 && (686.0..692.0).contains(&left), "{left} {top}");
    assert_eq!(turned.page_info[0].size, Some([792.0, 612.0]));
}

#[test]
fn ruled_tables_stand_in_their_place() {
    let mut sheet = Sheet::default().line("F1", 10, 72, 720, "Text above the table.");
    for y in [600, 620, 640, 660] {
        sheet = sheet.raw(&format!("72 {y} m 372 {y} l S"));
    }
    for x in [72, 172, 272, 372] {
        sheet = sheet.raw(&format!("{x} 600 m {x} 660 l S"));
    }
    for (row, cells) in [["Name", "Count", "Note"], ["Owl", "3", "grey"], ["Crow", "12", "black"]].iter().enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            let (x, y) = (78 + 100 * u32::try_from(column).expect("few"), 646 - 20 * u32::try_from(row).expect("few"));
            sheet = sheet.line("F1", 10, x, y, cell);
        }
    }
    let document = parse(&drawn(&[sheet.paragraph(560, 3)]));
    let kinds: Vec<BlockKind> = document.blocks.iter().map(|block| block.kind).collect();
    assert_eq!(kinds, [BlockKind::Paragraph, BlockKind::Table, BlockKind::Paragraph], "{}", document.markdown);
    let table = &document.blocks[1];
    let rows = &table.table.as_ref().expect("cells").rows;
    assert_eq!(rows, &[["Name", "Count", "Note"], ["Owl", "3", "grey"], ["Crow", "12", "black"]]);
    let [left, top, right, bottom] = table.bbox.expect("a box");
    assert!(left >= 72.0 && right <= 372.0 && top >= 130.0 && bottom <= 192.0, "{left} {top} {right} {bottom}");
}

#[test]
fn lines_of_labels_and_values_stay_apart() {
    let lines = ["Invoice No: 42", "Customer: ACME Ltd.", "Payment terms: 30 days net", "Total: 1,100.50 EUR"];
    let sheet =
        (0..).zip(lines).fold(Sheet::default(), |sheet, (row, line)| sheet.line("F1", 10, 72, 700 - row * 12, line));
    let document = parse(&drawn(&[sheet.paragraph(600, 4)]));
    let texts: Vec<&str> = document.blocks.iter().map(|block| block.text.as_str()).take(4).collect();
    assert_eq!((texts.as_slice(), document.blocks.len()), (&lines[..], 5));
}

#[test]
fn only_the_wanted_pages_are_read() {
    let sheets: Vec<Sheet> =
        (1..=5).map(|page| Sheet::default().line("F1", 10, 72, 700, &format!("words of page {page}"))).collect();
    let bytes = drawn(&sheets);
    let document = try_parse(&bytes, Some("2,4-9")).expect("a document");
    let pages: Vec<u32> = document.blocks.iter().map(|block| block.page).collect();
    assert_eq!((pages, document.pages), (vec![2, 4, 5], 5));
    assert_eq!(document.page_info.iter().map(|info| info.page).collect::<Vec<_>>(), [2, 4, 5]);
    let failure = try_parse(&bytes, Some("6-9")).expect_err("no such pages");
    assert_eq!(failure.code, FailureCode::NoSuchPage);
    assert!(failure.message.contains("5 pages"), "{failure}");
}

#[test]
fn pages_without_a_text_layer_are_known() {
    let text = Sheet::default().paragraph(700, 3);
    let picture = Sheet::default().raw(PICTURE);
    let blank = Sheet::default();
    let document = parse(&drawn(&[text, picture.clone(), picture.clone(), blank.clone()]));
    let layers: Vec<Option<bool>> = document.page_info.iter().map(|info| info.text_layer).collect();
    assert_eq!(layers, [Some(true), Some(false), Some(false), None]);
    let grades: Vec<_> = document.page_info.iter().map(|info| info.quality.map(|quality| quality.grade)).collect();
    assert_eq!(grades, [Some(QualityGrade::Excellent), Some(QualityGrade::Poor), Some(QualityGrade::Poor), None]);
    assert_eq!(
        document.warnings,
        ["1 of 4 pages are blank", "2 of 4 pages have no text layer, and reading them needs OCR: 2–3"]
    );
    for (sheet, detail) in [(picture, "OCR"), (blank, "blank")] {
        let failure = try_parse(&drawn(&[sheet.clone(), sheet]), None).expect_err("no text");
        assert_eq!(failure.code, FailureCode::NoTextLayer);
        assert!(failure.message.contains(detail), "{failure}");
    }
}

#[test]
fn text_that_reaches_far_off_any_page_is_left_out() {
    let words = "BT /F1 12 Tf 72 720 Td (here) Tj ET";
    // So large that columns would be looked for over all that it covers, two points at a time.
    let large = format!("{words} BT /F1 177777777777 Tf 72 700 Td (large) Tj ET");
    let document = parse(&drawn(&[Sheet::default().raw(&large)]));
    assert_eq!(document.markdown.trim_end().lines().last(), Some("here"));
    assert_eq!(document.warnings, ["1 pieces of text stand too far off their page and were left out"]);
    // Where they stand far off, their reader has left them out.
    for place in ["177777777777 700", "72 -177777777777"] {
        let document = parse(&drawn(&[Sheet::default().raw(&format!("{words} BT /F1 12 Tf {place} Td (far) Tj ET"))]));
        assert_eq!(document.markdown.trim_end().lines().last(), Some("here"), "{place}");
    }
}

#[test]
fn filled_in_forms_are_read() {
    let field = "<< /FT /Tx /T (Surname) /V (Lovelace) >>";
    let bytes = drawn_with(
        &[Sheet::default().paragraph(700, 2)],
        "/AcroForm << /Fields [8 0 R 9 0 R] >>",
        "",
        &[field, "<< /FT /Tx /T (Empty) >>"],
    );
    let document = parse(&bytes);
    assert_eq!(document.blocks.last().map(|block| block.text.as_str()), Some("Surname: Lovelace"));
}

#[test]
fn long_documents_cost_in_proportion() {
    let pages = vec!["some words on a page"; 2_000];
    let document = parse(&pdf_of(&pdf_objects(&pages), ""));
    assert_eq!((document.pages, document.blocks.len()), (2_000, 2_000));
}
