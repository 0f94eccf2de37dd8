//! What becomes of presentations, part by part.

#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod support;

use millrace_domain::document::{BlockKind, ParsedDocument};
use millrace_domain::parse_options::{PageRanges, ParseOptions};
use millrace_pipeline_handlers::failure::{FailureCode, ParseFailure};
use millrace_pipeline_handlers::limits::ParserLimits;
use millrace_pipeline_handlers::registry::builtin;
use support::files::{mutated, pptx, rewritten, zip_with};

const LAYOUT: &str = r#"<p:sldLayout><p:cSld><p:spTree><p:sp><p:nvSpPr><p:nvPr><p:ph type="body" idx="2"/></p:nvPr></p:nvSpPr>
    <p:txBody><a:lstStyle><a:lvl2pPr><a:buNone/></a:lvl2pPr></a:lstStyle></p:txBody></p:sp></p:spTree></p:cSld></p:sldLayout>"#;
const MASTER: &str = r#"<p:sldMaster><p:txStyles><p:bodyStyle><a:lvl1pPr><a:buChar char="•"/></a:lvl1pPr><a:lvl2pPr>
    <a:buChar char="-"/></a:lvl2pPr></p:bodyStyle></p:txStyles></p:sldMaster>"#;

fn links(list: &[(&str, &str, &str)]) -> String {
    let list: String = list
        .iter()
        .map(|(id, kind, target)| format!(r#"<Relationship Id="{id}" Type="http://x/{kind}" Target="{target}"/>"#))
        .collect();
    format!("<Relationships>{list}</Relationships>")
}

/// A presentation of one slide with these shapes, and more parts.
fn file(shapes: &str, relations: &[(&str, &str, &str)], parts: &[(&str, &str)]) -> Vec<u8> {
    let slide = format!("<p:sld><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>");
    let mut all = vec![("layout", "slideLayout", "../slideLayouts/l.xml")];
    all.extend_from_slice(relations);
    let (slide_links, layout_links) = (links(&all), links(&[("m", "slideMaster", "../slideMasters/m.xml")]));
    let mut entries = vec![
        ("ppt/slides/slide1.xml", slide.as_str()),
        ("ppt/slides/_rels/slide1.xml.rels", slide_links.as_str()),
        ("ppt/slideLayouts/l.xml", LAYOUT),
        ("ppt/slideLayouts/_rels/l.xml.rels", layout_links.as_str()),
        ("ppt/slideMasters/m.xml", MASTER),
    ];
    entries.extend_from_slice(parts);
    zip_with(&pptx(&["x"]), &entries)
}

fn try_parse(bytes: &[u8], limits: &ParserLimits) -> Result<ParsedDocument, ParseFailure> {
    builtin().parse(bytes, "a.pptx", limits, &ParseOptions::default())
}

#[track_caller]
fn check(bytes: &[u8], markdown: &str) -> ParsedDocument {
    let document = try_parse(bytes, &ParserLimits::default()).expect("a document");
    assert_eq!(document.markdown, format!("<!-- slide 1 -->\n\n{markdown}"));
    assert!(document.blocks.iter().all(|block| block.page == 1));
    document
}

fn shape(placeholder: &str, paragraphs: &str) -> String {
    format!("<p:sp><p:nvSpPr><p:nvPr>{placeholder}</p:nvPr></p:nvSpPr><p:txBody>{paragraphs}</p:txBody></p:sp>")
}

fn p(properties: &str, text: &str) -> String {
    format!("<a:p>{properties}<a:r><a:t>{text}</a:t></a:r></a:p>")
}

#[test]
fn titles_lists_and_groups() {
    let body = [
        p("", "first"),
        p(r#"<a:pPr lvl="1"/>"#, "no bullet here"),
        p(r#"<a:pPr><a:buAutoNum type="romanLcParenR"/></a:pPr>"#, "counted"),
        p(r#"<a:pPr><a:buAutoNum type="romanLcParenR"/></a:pPr>"#, "counted"),
        p(r#"<a:pPr><a:buNone/></a:pPr>"#, "plain_x000B_text"),
    ];
    let shapes = [
        shape(r#"<p:ph type="sldNum"/>"#, &p("", "7")),
        format!("<p:grpSp>{}</p:grpSp>", shape(r#"<p:ph idx="2" type="body"/>"#, &body.concat())),
        shape(r#"<p:ph type="ctrTitle"/>"#, &(p("", "The") + &p("", "title"))),
        shape("", &p("", "a box")),
    ];
    let document = check(
        &file(&shapes.concat(), &[], &[]),
        "# The title\n\n- first\n\nno bullet here\n\n- i) counted\n- ii) counted\n\nplain  \ntext\n\na box\n",
    );
    let kinds: Vec<_> = document.blocks.iter().map(|block| block.kind).take(3).collect();
    assert_eq!(kinds, [BlockKind::Heading, BlockKind::ListItem, BlockKind::Paragraph]);
}

#[test]
fn tables_and_charts() {
    let cell = |attributes: &str, text: &str| format!("<a:tc {attributes}><a:txBody>{}</a:txBody></a:tc>", p("", text));
    let rows = [
        cell("gridSpan=\"2\"", "wide") + &cell("hMerge=\"1\"", ""),
        cell("rowSpan=\"2\"", "tall") + &cell("", "1"),
        cell("vMerge=\"1\"", "") + &cell("", "2"),
    ];
    let rows: String = rows.iter().map(|cells| format!("<a:tr>{cells}</a:tr>")).collect();
    let frame = |inside: &str| {
        format!("<p:graphicFrame><a:graphic><a:graphicData>{inside}</a:graphicData></a:graphic></p:graphicFrame>")
    };
    let chart = "<c:chartSpace><c:chart><c:plotArea><c:lineChart><c:ser><c:val><c:numCache><c:pt idx=\"0\">\
                 <c:v>4.4000000000000004</c:v></c:pt></c:numCache></c:val></c:ser></c:lineChart></c:plotArea></c:chart></c:chartSpace>";
    let shapes = frame(&format!("<a:tbl><a:tblPr firstRow=\"1\"/>{rows}</a:tbl>")) + &frame("<c:chart r:id=\"c\"/>");
    let document = check(
        &file(&shapes, &[("c", "chart", "../charts/c.xml")], &[("ppt/charts/c.xml", chart)]),
        "| wide | wide |\n| --- | --- |\n| tall | 1 |\n| tall | 2 |\n\nLine chart\n\n|  |  |\n| --- | --- |\n|  | 4.4 |\n",
    );
    assert!(document.blocks[0].table.as_ref().is_some_and(|table| table.has_header));
}

#[test]
fn notes_and_comments_are_quoted() {
    let notes = format!("<p:notes><p:cSld>{}</p:cSld></p:notes>", shape(r#"<p:ph type="body"/>"#, &p("", "say this")));
    let comments = r#"<p:cmLst><p:cm authorId="0" dt="2026-01-02"><p:text>why?</p:text></p:cm></p:cmLst>"#;
    let threaded = r#"<p188:cmLst><p188:cm authorId="{A}"><p188:replyLst><p188:reply authorId="{B}"><p188:txBody><a:p><a:r><a:t>answer</a:t></a:r></a:p></p188:txBody></p188:reply></p188:replyLst><p188:txBody><a:p><a:r><a:t>question</a:t></a:r></a:p></p188:txBody></p188:cm></p188:cmLst>"#;
    let presentation_links = links(&[
        ("rId1", "slide", "slides/slide1.xml"),
        ("a", "commentAuthors", "commentAuthors.xml"),
        ("b", "authors", "authors.xml"),
    ]);
    let document = file(
        &shape("", &p("", "text")),
        &[
            ("n", "notesSlide", "../notesSlides/n.xml"),
            ("c", "comments", "../comments/c.xml"),
            ("d", "comments", "../comments/d.xml"),
        ],
        &[
            ("ppt/notesSlides/n.xml", &notes),
            ("ppt/comments/c.xml", comments),
            ("ppt/comments/d.xml", threaded),
            ("ppt/_rels/presentation.xml.rels", &presentation_links),
            ("ppt/commentAuthors.xml", r#"<p:l><p:cmAuthor id="0" name="Ann" initials="A"/></p:l>"#),
            ("ppt/authors.xml", r#"<p:l><p:author id="{A}" name="Bo"/></p:l>"#),
        ],
    );
    check(
        &document,
        "text\n\n> say this\n\n> Comment, author: Ann (A), time: 2026-01-02: why?\n\n\
         > Comment, author: Bo: question\n\n> Comment, author: unknown: answer\n",
    );
}

#[test]
fn broken_slides_cost_themselves_alone() {
    let bytes = zip_with(&pptx(&["one", "two"]), &[("ppt/slides/slide1.xml", "<p:sld><broken")]);
    let document = try_parse(&bytes, &ParserLimits::default()).expect("a document");
    assert_eq!(document.warnings, ["slides that cannot be read: 1"]);
    assert_eq!((document.blocks[0].text.as_str(), document.blocks[0].page), ("two", 2));
    let nothing = zip_with(&pptx(&["one"]), &[("ppt/slides/slide1.xml", "<p:sld><broken")]);
    let failure = try_parse(&nothing, &ParserLimits::default()).expect_err("nothing to read");
    assert_eq!(failure.code, FailureCode::UnreadableFile);
}

#[test]
fn slides_are_counted_before_they_are_read() {
    let limits = ParserLimits { max_pages: 2, ..ParserLimits::default() };
    let failure = try_parse(&pptx(&["x"; 3]), &limits).expect_err("too many");
    assert_eq!(failure.code, FailureCode::TooManyPages);
}

#[test]
fn only_the_wanted_slides_are_read() {
    let options = ParseOptions { pages: PageRanges::parse("2-9").ok(), ..ParseOptions::default() };
    let parse = |slides: &[&str]| builtin().parse(&pptx(slides), "a.pptx", &ParserLimits::default(), &options);
    let document = parse(&["one", "two", "three"]).expect("a document");
    assert_eq!(document.markdown, "<!-- slide 2 -->\n\ntwo\n\n<!-- slide 3 -->\n\nthree\n");
    assert_eq!(document.pages, 3);
    assert_eq!(document.warnings, ["pages 2-9 were asked for, and the file ends with page 3"]);
    assert_eq!(parse(&["one"]).expect_err("no such slide").code, FailureCode::NoSuchPage);
}

#[test]
fn damaged_xml_never_panics() {
    let shapes = shape(r#"<p:ph type="body" idx="2"/>"#, &(p(r#"<a:pPr lvl="1"/>"#, "x") + &p("", "y")))
        + "<p:graphicFrame><a:graphic><a:graphicData><a:tbl><a:tr><a:tc gridSpan=\"2\"/><a:tc hMerge=\"1\"/></a:tr><a:tr><a:tc vMerge=\"1\"/></a:tr></a:tbl></a:graphicData></a:graphic></p:graphicFrame>";
    let bytes = file(&shapes, &[], &[]);
    for seed in 0..200 {
        let part = ["ppt/slides/slide1.xml", "ppt/slideMasters/m.xml"][seed as usize % 2];
        // The outcome is free; a panic is not.
        let _outcome = try_parse(&rewritten(&bytes, part, |text| mutated(&text, seed)), &ParserLimits::default());
    }
}
