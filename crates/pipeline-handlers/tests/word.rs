//! What becomes of Word documents, part by part.

#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod support;

use millrace_domain::document::{BlockKind, ParsedDocument};
use millrace_domain::parse_options::{PageRanges, ParseOptions};
use millrace_pipeline_handlers::failure::FailureCode;
use millrace_pipeline_handlers::limits::ParserLimits;
use millrace_pipeline_handlers::registry::builtin;
use support::files::{docx, mutated, rewritten, zip_with};

const NUMBERING: &str = r#"<w:numbering><w:abstractNum w:abstractNumId="0">
    <w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>
    <w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1.%2."/></w:lvl></w:abstractNum>
    <w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="bullet"/></w:lvl></w:abstractNum>
    <w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num></w:numbering>"#;
const STYLES: &str = r#"<w:styles><w:style w:type="paragraph" w:styleId="H2"><w:name w:val="heading 2"/></w:style>
    <w:style w:type="paragraph" w:styleId="T"><w:name w:val="Title"/></w:style>
    <w:style w:type="paragraph" w:styleId="L"><w:name w:val="L"/><w:pPr><w:numPr><w:numId w:val="2"/></w:numPr></w:pPr></w:style>
    <w:style w:type="paragraph" w:styleId="C"><w:name w:val="Source Code"/></w:style></w:styles>"#;

fn file(body: &str, parts: &[(&str, &str, &str)]) -> Vec<u8> {
    let kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let mut links = String::new();
    let mut entries = vec![("word/styles.xml", STYLES), ("word/numbering.xml", NUMBERING)];
    for (id, name, target) in parts.iter().map(|(name, part, text)| {
        entries.push((part, text));
        (*name, *name, part.trim_start_matches("word/"))
    }) {
        links += &format!(r#"<Relationship Id="{id}" Type="{kind}/{name}" Target="{target}"/>"#);
    }
    let links = format!(
        r#"<Relationships><Relationship Id="s" Type="{kind}/styles" Target="styles.xml"/><Relationship Id="n" Type="{kind}/numbering" Target="numbering.xml"/><Relationship Id="web" Type="{kind}/hyperlink" Target="https://example.com/a" TargetMode="External"/>{links}</Relationships>"#
    );
    let document = format!(r#"<?xml version="1.0"?><w:document><w:body>{body}</w:body></w:document>"#);
    entries.push(("word/document.xml", &document));
    entries.push(("word/_rels/document.xml.rels", &links));
    zip_with(&docx("T", &[], &[]), &entries)
}

#[track_caller]
fn parse(bytes: &[u8]) -> ParsedDocument {
    builtin().parse(bytes, "a.docx", &ParserLimits::default(), &ParseOptions::default()).expect("a document")
}

#[track_caller]
fn check(body: &str, markdown: &str) -> ParsedDocument {
    let document = parse(&file(body, &[]));
    assert_eq!(document.markdown, markdown, "{body}");
    document
}

/// A paragraph of one run with these properties.
fn p(properties: &str, text: &str) -> String {
    format!("<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>")
}

fn item(list: u8, level: u8, text: &str) -> String {
    p(&format!(r#"<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{list}"/></w:numPr>"#), text)
}

#[test]
fn headings_have_their_levels() {
    let body = [
        p(r#"<w:pStyle w:val="T"/>"#, "Title"),
        p(r#"<w:pStyle w:val="H2"/>"#, "Part"),
        p(r#"<w:pStyle w:val="H2"/><w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr>"#, "Numbered"),
        p(r#"<w:outlineLvl w:val="7"/>"#, "Deep"),
        p(r#"<w:pStyle w:val="H2"/><w:outlineLvl w:val="9"/>"#, "Text"),
    ];
    let document = check(&body.concat(), "# Title\n\n## Part\n\n## 1.1. Numbered\n\n###### Deep\n\nText\n");
    let levels: Vec<_> = document.blocks.iter().map(|block| block.level).collect();
    assert_eq!(levels, [Some(1), Some(2), Some(2), Some(6), None]);
}

#[test]
fn lists_are_numbered_as_printed() {
    let body = [
        item(1, 0, "one"),
        item(1, 1, "inner"),
        p("", "between"),
        item(1, 1, "inner"),
        item(1, 0, "two"),
        p(r#"<w:pStyle w:val="L"/>"#, "by style"),
    ];
    check(&body.concat(), "1. one\n    - 1.1. inner\n\nbetween\n\n    - 1.2. inner\n2. two\n\n- by style\n");
}

#[test]
fn looks_links_breaks_and_boxes() {
    check(
        r#"<w:p><w:r><w:rPr><w:b/></w:rPr><w:t xml:space="preserve">bold </w:t></w:r><w:hyperlink r:id="web"><w:r><w:t>link</w:t></w:r></w:hyperlink>
           <w:r><w:br/><w:t>next_line *x*</w:t></w:r><w:del><w:r><w:delText>gone</w:delText></w:r></w:del>
           <w:ins><w:r><w:t> kept</w:t></w:r></w:ins><w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r></w:p>"#,
        "**bold** [link](https://example.com/a)  \nnext_line \\*x\\* kept\n",
    );
    let tick = |state: u8, text: &str| {
        format!(
            r#"<w:p><w:sdt><w:sdtPr><w14:checkbox><w14:checked w14:val="{state}"/></w14:checkbox></w:sdtPr><w:sdtContent><w:r><w:t>☒</w:t></w:r></w:sdtContent></w:sdt><w:r><w:t xml:space="preserve"> {text}</w:t></w:r></w:p>"#
        )
    };
    let document = check(&(tick(1, "yes") + &tick(0, "no")), "- [x] yes\n- [ ] no\n");
    assert_eq!(document.blocks[0].text, "[x] yes");
    let field = |kind: &str| format!(r#"<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>"#);
    check(
        &format!(
            r#"<w:p>{}<w:r><w:instrText>HYPERLINK "https://x.y"</w:instrText></w:r>{}<w:r><w:t>there</w:t></w:r>{}<w:r><w:t>!</w:t></w:r></w:p><w:p>{}<w:r><w:instrText>BROKEN</w:instrText></w:r></w:p><w:p><w:r><w:t>shown</w:t></w:r></w:p>"#,
            field("begin"),
            field("separate"),
            field("end"),
            field("begin")
        ),
        "[there](https://x.y)!\n\nshown\n",
    );
}

#[test]
fn text_boxes_are_read_once() {
    let text = p("", "boxed");
    let body = format!(
        "<w:p><w:r><mc:AlternateContent><mc:Choice><w:drawing><wps:txbx><w:txbxContent>{text}</w:txbxContent></wps:txbx></w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox><w:txbxContent>{text}</w:txbxContent></v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r><w:r><w:t>around</w:t></w:r></w:p>"
    );
    check(&body, "around\n\nboxed\n");
}

#[test]
fn merged_and_nested_tables_keep_their_rows() {
    let cell = |properties: &str, inside: &str| format!("<w:tc><w:tcPr>{properties}</w:tcPr>{inside}</w:tc>");
    let row = |cells: &[String]| format!("<w:tr>{}</w:tr>", cells.concat());
    let nested = format!("<w:tbl>{}</w:tbl>", row(&[cell("", &p("", "n1")), cell("", &p("", "n2"))]));
    let table = [
        row(&[cell(r#"<w:gridSpan w:val="2"/>"#, &p("", "wide")), cell("", &p("", "c"))]),
        row(&[
            cell(r#"<w:vMerge w:val="restart"/>"#, &p("", "tall")),
            cell("", &(p("", "x") + &p("", "y"))),
            cell("", &nested),
        ]),
        row(&[cell("<w:vMerge/>", "<w:p/>"), cell("", &item(2, 0, "i")), cell("", "<w:p/>")]),
    ];
    let document = check(
        &format!("<w:tbl>{}</w:tbl>", table.concat()),
        "| wide | wide | c |\n| --- | --- | --- |\n| tall | x y | n1 n2 |\n| tall | - i |  |\n",
    );
    let block = &document.blocks[0];
    assert_eq!((block.kind, document.blocks.len()), (BlockKind::Table, 1));
    assert_eq!(block.table.as_ref().expect("cells").rows[1], ["tall", "x\ny", "n1\tn2"]);
    // A table of one cell is a frame around text.
    check(&format!("<w:tbl>{}</w:tbl>", row(&[cell("", &(item(2, 0, "a") + &item(2, 0, "b")))])), "- a\n- b\n");
}

#[test]
fn pages_come_from_breaks() {
    let broken = r#"<w:p><w:r><w:t>one</w:t></w:r><w:r><w:br w:type="page"/></w:r></w:p>"#;
    let rendered = "<w:p><w:r><w:lastRenderedPageBreak/><w:t>two</w:t></w:r></w:p>";
    let document = check(
        &[broken, rendered, rendered].concat(),
        "<!-- page 1 -->\n\none\n\n<!-- page 2 -->\n\ntwo\n\n<!-- page 3 -->\n\ntwo\n",
    );
    let pages: Vec<_> = document.blocks.iter().map(|block| block.page).collect();
    assert_eq!((pages.as_slice(), document.pages), ([1, 2, 3].as_slice(), 3));
    assert_eq!(check(&p("", "x"), "x\n").blocks[0].page, 1);

    let options = ParseOptions { pages: PageRanges::parse("2").ok(), ..ParseOptions::default() };
    let bytes = file(&[broken, rendered, rendered].concat(), &[]);
    let second = builtin().parse(&bytes, "a.docx", &ParserLimits::default(), &options).expect("a document");
    assert_eq!((second.markdown.as_str(), second.pages), ("<!-- page 2 -->\n\ntwo\n", 3));

    let limits = ParserLimits { max_pages: 2, ..ParserLimits::default() };
    let long = file(&[rendered; 3].concat(), &[]);
    let failure = builtin().parse(&long, "a.docx", &limits, &ParseOptions::default()).expect_err("too many");
    assert_eq!(failure.code, FailureCode::TooManyPages);
}

#[test]
fn notes_stand_at_the_end() {
    let body =
        r#"<w:p><w:r><w:t>said</w:t><w:footnoteReference w:id="7"/></w:r></w:p><w:p><w:r><w:t>more</w:t></w:r></w:p>"#;
    let notes = format!(
        r#"<w:footnotes><w:footnote w:id="0">{}</w:footnote><w:footnote w:id="7">{}</w:footnote></w:footnotes>"#,
        p("", "separator"),
        p("", "by whom")
    );
    let document = parse(&file(body, &[("footnotes", "word/footnotes.xml", &notes)]));
    assert_eq!(document.markdown, "said[^1]\n\nmore\n\n[^1]: by whom\n");
    assert_eq!(document.blocks[0].text, "said[1]");
}

#[test]
fn code_is_told_from_prose_in_a_typewriter_font() {
    let fixed = |text: &str| {
        format!(
            r#"<w:p><w:r><w:rPr><w:rFonts w:ascii="Courier New"/></w:rPr><w:t xml:space="preserve">{text}</w:t></w:r></w:p>"#
        )
    };
    let body = [
        p(r#"<w:pStyle w:val="C"/>"#, "import sys"),
        p("", "then"),
        fixed("def f():"),
        fixed("  return 1"),
        p("", "and"),
        fixed("A memo, typed long ago."),
    ];
    check(
        &body.concat(),
        "```\nimport sys\n```\n\nthen\n\n```\ndef f():\n  return 1\n```\n\nand\n\nA memo, typed long ago.\n",
    );
}

#[test]
fn formulas_alone_are_displayed() {
    let math = "<m:oMath><m:r><m:t>a=b</m:t></m:r></m:oMath>";
    check(
        &format!("<w:p>{math}{math}</w:p><w:p><w:r><w:t xml:space=\"preserve\">so </w:t></w:r>{math}</w:p>"),
        "$$a=b$$\n\n$$a=b$$\n\nso $a=b$\n",
    );
}

#[test]
fn hostile_documents_are_refused_or_bounded() {
    let deep = format!("{}{}", "<w:tbl><w:tr><w:tc>".repeat(50_000), "</w:tc></w:tr></w:tbl>".repeat(50_000));
    let limits = ParserLimits { max_compression_ratio: u64::MAX, ..ParserLimits::default() };
    let failure =
        builtin().parse(&file(&deep, &[]), "a.docx", &limits, &ParseOptions::default()).expect_err("too deep");
    assert_eq!(failure.code, FailureCode::UnreadableFile);
    assert!(failure.message.contains("nested too deeply"), "{failure}");

    // A cell that claims to be as wide as the sea, over rows that all go on from a long text.
    let long = "x".repeat(100_000);
    let row = r#"<w:tr><w:tc><w:tcPr><w:gridSpan w:val="4000000000"/><w:vMerge/></w:tcPr><w:p/></w:tc><w:tc><w:p/></w:tc></w:tr>"#;
    let first = row.replace("<w:vMerge/>", "").replace("<w:p/></w:tc><w:tc>", &(p("", &long) + "</w:tc><w:tc>"));
    let document = builtin()
        .parse(
            &file(&format!("<w:tbl>{first}{}</w:tbl>", row.repeat(1_000)), &[]),
            "a.docx",
            &limits,
            &ParseOptions::default(),
        )
        .expect("a document");
    assert_eq!(document.warnings, ["some merged cells are too large and hold their text once"]);

    let entities = rewritten(&file(&p("", "a&x;b"), &[]), "word/document.xml", |document| {
        document.replace("<w:document>", "<!DOCTYPE d [<!ENTITY x \"boom\">]><w:document>")
    });
    assert_eq!(parse(&entities).markdown, "ab\n");
}

#[test]
fn damaged_xml_never_panics() {
    let body = [
        p(r#"<w:pStyle w:val="H2"/>"#, "Part"),
        item(1, 1, "inner"),
        r#"<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr><w:p/></w:tc></w:tr><w:tr><w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc><w:tc><w:p/></w:tc></w:tr></w:tbl>"#.to_owned(),
        r#"<w:p><w:r><w:br w:type="page"/><w:fldChar w:fldCharType="begin"/><w:t>1. x*_y_ | #</w:t></w:r><m:oMath><m:r><m:t>a</m:t></m:r></m:oMath></w:p>"#.to_owned(),
    ];
    let bytes = file(&body.concat(), &[]);
    let mut read = 0;
    for seed in 0..300 {
        let part = ["word/document.xml", "word/numbering.xml", "word/styles.xml"][seed as usize % 3];
        let damaged = rewritten(&bytes, part, |text| mutated(&text, seed));
        // The outcome is free; a panic is not.
        let outcome = builtin().parse(&damaged, "a.docx", &ParserLimits::default(), &ParseOptions::default());
        read += usize::from(outcome.is_ok());
    }
    assert!(read > 100, "most of the damage is not to the frame: {read}");
}
