//! What becomes of merged cells, charts and hidden sheets, and of workbooks that mean harm.

#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod support;

use millrace_domain::document::ParsedDocument;
use millrace_domain::parse_options::{PageRanges, ParseOptions};
use millrace_pipeline_handlers::failure::FailureCode;
use millrace_pipeline_handlers::limits::ParserLimits;
use millrace_pipeline_handlers::registry::builtin;
use millrace_pipeline_handlers::transform::citations::CitationIndex;
use serde_json::json;
use support::files::{rewritten, xlsx, xlsx_rows, zip_with};

#[track_caller]
fn parse(bytes: &[u8]) -> ParsedDocument {
    builtin().parse(bytes, "a.xlsx", &ParserLimits::default(), &ParseOptions::default()).expect("a document")
}

#[test]
fn merged_cells_make_complete_rows() {
    let rows = xlsx_rows(&[&["Report", "", ""], &["city", "year", "n"], &["Oslo", "2023", "1"], &["", "2024", "2"]]);
    let rows = rows.replace("<is><t></t></is>", "");
    let sheet = format!(
        r#"<sheetData>{rows}</sheetData><mergeCells><mergeCell ref="A1:C1"/><mergeCell ref="A3:A4"/></mergeCells>"#
    );
    let document = parse(&xlsx(&[("S", &sheet)]));
    assert_eq!(
        json!(document.rows),
        json!([{"city": "Oslo", "year": 2023, "n": 1}, {"city": "Oslo", "year": 2024, "n": 2}])
    );
    assert!(document.markdown.contains("## S\n\nReport\n\n| city | year | n |"), "{}", document.markdown);
}

#[test]
fn a_hundred_thousand_merged_ranges_are_borne() {
    let merged = r#"<mergeCell ref="A1:XFD1048576"/>"#.repeat(100_000);
    let sheet = format!(
        r#"<sheetData>{}<row r="1048576"><c r="XFD1048576"><v>9</v></c></row></sheetData><mergeCells>{merged}</mergeCells>"#,
        xlsx_rows(&[&["a", "b"], &["1", "2"]])
    );
    let limits = ParserLimits { max_compression_ratio: u64::MAX, ..ParserLimits::default() };
    let document =
        builtin().parse(&xlsx(&[("S", &sheet)]), "a.xlsx", &limits, &ParseOptions::default()).expect("a document");
    assert_eq!(document.warnings, ["sheet 'S': some merged ranges are too large and hold their value once"]);
    assert!(document.markdown.contains("| a | b |\n| --- | --- |\n| 1 | 2 |"), "{}", document.markdown);
}

#[test]
fn scattered_cells_are_listed() {
    let name = |mut column: usize| {
        let mut name = String::new();
        loop {
            name.insert(0, char::from(b'A' + u8::try_from(column % 26).expect("a letter")));
            if column < 26 {
                return name;
            }
            column = column / 26 - 1;
        }
    };
    // A diagonal: 3000 cells that would span nine million.
    let rows: String = (0..3_000)
        .map(|at| format!(r#"<row r="{0}"><c r="{1}{0}"><v>{at}</v></c></row>"#, at * 2 + 1, name(at * 2)))
        .collect();
    let document = parse(&xlsx(&[("S", &rows)]));
    assert_eq!(document.warnings, ["sheet 'S': scattered cells are listed row by row, without their columns"]);
    assert!(document.markdown.contains("\n\n17\n\n18\n\n") && document.markdown.len() < 50_000);
    assert_eq!(document.rows, Some(Vec::new()));
}

#[test]
fn hidden_sheets_are_left_out_with_a_word() {
    let rows = xlsx_rows(&[&["a", "b"], &["1", "2"]]);
    let bytes = rewritten(&xlsx(&[("Seen", &rows), ("Secret", &rows)]), "xl/workbook.xml", |book| {
        book.replace(r#"name="Secret""#, r#"name="Secret" state="hidden""#)
    });
    let document = parse(&bytes);
    assert!(!document.markdown.contains("Secret"), "{}", document.markdown);
    assert_eq!((json!(document.rows), document.pages), (json!([{"a": 1, "b": 2}]), 2));
    assert_eq!(document.warnings, ["sheet 'Secret' is hidden and was left out"]);
}

#[test]
fn charts_are_read_as_their_numbers() {
    let relation = |kind: &str, target: &str| {
        format!(
            r#"<Relationships><Relationship Id="rId1" Type="http://x/relationships/{kind}" Target="{target}"/></Relationships>"#
        )
    };
    let chart = "<c:chartSpace><c:chart><c:title><a:p><a:r><a:t>Sales</a:t></a:r></a:p></c:title><c:plotArea><c:pieChart>\
                 <c:ser><c:cat><c:strCache><c:pt idx=\"0\"><c:v>Q1</c:v></c:pt></c:strCache></c:cat>\
                 <c:val><c:numCache><c:pt idx=\"0\"><c:v>7</c:v></c:pt></c:numCache></c:val></c:ser>\
                 </c:pieChart></c:plotArea></c:chart></c:chartSpace>";
    let bytes = zip_with(
        &xlsx(&[("S", &xlsx_rows(&[&["a", "b"], &["1", "2"]]))]),
        &[
            ("xl/worksheets/_rels/sheet1.xml.rels", &relation("drawing", "../drawings/drawing1.xml")),
            ("xl/drawings/_rels/drawing1.xml.rels", &relation("chart", "../charts/chart1.xml")),
            (
                "xl/drawings/drawing1.xml",
                "<xdr:wsDr><xdr:sp><xdr:txBody><a:p><a:r><a:t>boxed</a:t></a:r></a:p></xdr:txBody></xdr:sp></xdr:wsDr>",
            ),
            ("xl/charts/chart1.xml", chart),
        ],
    );
    let document = parse(&bytes);
    assert!(document.markdown.ends_with("boxed\n\nSales\n\nPie chart\n\n|  |  |\n| --- | --- |\n| Q1 | 7 |\n"));
    assert_eq!(json!(document.rows), json!([{"a": 1, "b": 2}]), "numbers of charts are no rows");
    assert!(document.blocks.iter().all(|block| block.page == 1));
}

#[test]
fn cells_stay_as_they_are_in_blocks() {
    let document = parse(&xlsx(&[("S", &xlsx_rows(&[&["a*b*", "_x_"], &["1 | 2", "c&#10;d"]]))]));
    let table = document.blocks[1].table.as_ref().expect("a table");
    assert_eq!(table.rows, [["a*b*", "_x_"], ["1 | 2", "c\nd"]]);
    assert!(document.markdown.ends_with("| a*b* | _x_ |\n| --- | --- |\n| 1 \\| 2 | c d |\n"), "{}", document.markdown);
}

#[test]
fn numbers_are_shown_with_their_units() {
    let styles = r#"<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts count="4"><numFmt numFmtId="164" formatCode="&quot;€&quot;#,##0.00"/><numFmt numFmtId="165" formatCode="dd\.mm\.yyyy"/><numFmt numFmtId="166" formatCode=";;;"/><numFmt numFmtId="167" formatCode="0&quot;unclosed"/></numFmts><cellXfs count="7"><xf numFmtId="0"/><xf numFmtId="9"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="14"/><xf numFmtId="166"/><xf numFmtId="167"/></cellXfs></styleSheet>"#;
    let header = xlsx_rows(&[&["share", "price", "day", "due", "hidden", "odd"]]);
    let cells =
        [("A", 1, "0.25"), ("B", 2, "1234.5"), ("C", 3, "45322"), ("D", 4, "45322"), ("E", 5, "7"), ("F", 99, "8")];
    let cells =
        cells.map(|(column, style, value)| format!(r#"<c r="{column}2" s="{style}"><v>{value}</v></c>"#)).concat();
    let book = xlsx(&[("S", &format!(r#"{header}<row r="2">{cells}</row>"#))]);
    let document = parse(&zip_with(&book, &[("xl/styles.xml", styles)]));
    // What has no unit stays as it is, whatever it looks like: dates, a value that is hidden.
    let shown = "| 25% | €1,234.50 | 2024-01-31 | 2024-01-31 | 7 | 8 |";
    assert!(document.markdown.contains(shown), "{}", document.markdown);
    assert_eq!(
        json!(document.rows),
        json!([{"share": 0.25, "price": 1234.5, "day": "2024-01-31", "due": "2024-01-31", "hidden": 7, "odd": 8}])
    );
    let index = CitationIndex::of(&document);
    for quote in ["25%", "0.25", "€1,234.50", "1234.5", "2024-01-31"] {
        let citation = index.verify(quote, None);
        assert!(citation.verified && citation.page == Some(1), "{citation:?}");
    }
    assert!(!index.verify("0.26", None).verified);
}

#[test]
fn sheets_are_counted_before_they_are_read() {
    let limits = ParserLimits { max_pages: 1, ..ParserLimits::default() };
    let bytes = xlsx(&[("A", ""), ("B", "<row broken")]);
    let failure = builtin().parse(&bytes, "a.xlsx", &limits, &ParseOptions::default()).expect_err("too many");
    assert_eq!(failure.code, FailureCode::TooManyPages);
}

#[test]
fn only_the_wanted_sheets_are_read() {
    let options = ParseOptions { pages: PageRanges::parse("2").ok(), ..ParseOptions::default() };
    let rows = xlsx_rows(&[&["a", "b"], &["1", "2"]]);
    let book = xlsx(&[("One", "<row broken"), ("Two", &rows)]);
    let document = builtin().parse(&book, "a.xlsx", &ParserLimits::default(), &options).expect("a document");
    assert_eq!((json!(document.rows), document.pages), (json!([{"a": 1, "b": 2}]), 2));
    assert!(document.markdown.starts_with("<!-- sheet 2: Two -->"), "{}", document.markdown);
}
