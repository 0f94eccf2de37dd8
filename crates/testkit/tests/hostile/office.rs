//! Office Open XML and OpenDocument.

use crate::files::{docx, ods, opendocument, pptx, xlsb, xlsx, zip_with};
use crate::support::{hostile, try_all, try_all_with};

const DEEP: usize = 50_000;

fn nested(open: &str, close: &str, count: usize) -> String {
    open.repeat(count) + "<w:p><w:r><w:t>x</w:t></w:r></w:p>" + &close.repeat(count)
}

fn body(xml: &str) -> Vec<u8> {
    part("word/document.xml", &format!("<w:document><w:body>{xml}</w:body></w:document>"))
}

fn part(name: &str, xml: &str) -> Vec<u8> {
    zip_with(&docx("T", &["text"], &[]), &[(name, xml)])
}

#[tokio::test]
async fn word() {
    let laughs = "<!DOCTYPE w [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>";
    let entities = format!("{laughs}<w:document><w:body><w:p><w:r><w:t>&b;</w:t></w:r></w:p></w:body></w:document>");
    let loops = r#"<w:styles><w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="a"/><w:basedOn w:val="B"/></w:style><w:style w:type="paragraph" w:styleId="B"><w:name w:val="b"/><w:basedOn w:val="Heading1"/></w:style></w:styles>"#;
    let spans = r#"<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="4294967295"/></w:tcPr><w:p><w:r><w:t>x</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"#;
    let cell = "<w:tc><w:tcPr><w:gridSpan w:val=\"60\"/></w:tcPr><w:p><w:r><w:t>x</w:t></w:r></w:p></w:tc>";
    let wide = format!("<w:tbl>{}</w:tbl>", format!("<w:tr>{}</w:tr>", cell.repeat(60)).repeat(600));
    let math = format!(
        "<w:p><m:oMath>{}<m:r><m:t>x</m:t></m:r>{}</m:oMath></w:p>",
        "<m:f><m:num>".repeat(DEEP),
        "</m:num></m:f>".repeat(DEEP)
    );
    try_all_with(
        |config| config.parsers.max_compression_ratio = u64::MAX,
        vec![
            hostile("tables.docx", body(&nested("<w:tbl><w:tr><w:tc>", "</w:tc></w:tr></w:tbl>", DEEP)), &["unreadable_file"]),
            hostile("controls.docx", body(&nested("<w:sdt><w:sdtContent>", "</w:sdtContent></w:sdt>", DEEP)), &["unreadable_file"]),
            hostile("formula.docx", body(&math), &["unreadable_file"]),
            hostile("entities.docx", part("word/document.xml", &entities), &["completed"]),
            hostile("styles.docx", part("word/styles.xml", loops), &["completed"]),
            hostile("span.docx", body(spans), &["completed"]),
            hostile("spans.docx", body(&wide), &["parser_memory"]),
            hostile("number.docx", body(r#"<w:p><w:pPr><w:numPr><w:ilvl w:val="4294967295"/><w:numId w:val="-1"/></w:numPr></w:pPr><w:r><w:t>x</w:t></w:r></w:p>"#), &["completed"]),
            hostile("relations.docx", part("word/_rels/document.xml.rels", &"<Relationship>".repeat(DEEP)), &["completed"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn slides() {
    let shapes = |xml: &str| {
        let slide = format!("<p:sld><p:cSld><p:spTree>{xml}</p:spTree></p:cSld></p:sld>");
        zip_with(&pptx(&["x"]), &[("ppt/slides/slide1.xml", &slide)])
    };
    let table = r#"<p:graphicFrame><a:graphic><a:graphicData><a:tbl><a:tr><a:tc gridSpan="4294967295" rowSpan="4294967295"><a:txBody><a:p><a:r><a:t>x</a:t></a:r></a:p></a:txBody></a:tc></a:tr></a:tbl></a:graphicData></a:graphic></p:graphicFrame>"#;
    let links = r#"<Relationships><Relationship Id="rId1" Type="http://x/slideLayout" Target="slide1.xml"/><Relationship Id="n" Type="http://x/notesSlide" Target="slide1.xml"/></Relationships>"#;
    let many: Vec<&str> = vec!["x"; 2_000];
    let mut same = pptx(&["x"]);
    let ids: String = (0..20_000).map(|id| format!(r#"<p:sldId id="{id}" r:id="rId1"/>"#)).collect();
    let list = format!("<p:presentation><p:sldIdLst>{ids}</p:sldIdLst></p:presentation>");
    same = zip_with(&same, &[("ppt/presentation.xml", &list)]);
    try_all_with(
        |config| config.parsers.max_compression_ratio = u64::MAX,
        vec![
            hostile(
                "groups.pptx",
                shapes(&("<p:grpSp>".repeat(DEEP) + &"</p:grpSp>".repeat(DEEP))),
                &["unreadable_file"],
            ),
            hostile("table.pptx", shapes(table), &["completed"]),
            hostile(
                "loop.pptx",
                zip_with(&pptx(&["x"]), &[("ppt/slides/_rels/slide1.xml.rels", links)]),
                &["completed"],
            ),
            hostile("many.pptx", pptx(&many), &["completed"]),
            hostile("same.pptx", same, &["too_many_pages"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn sheets() {
    let strings = "<sst count=\"4294967295\" uniqueCount=\"4294967295\"><si><t>x</t></si></sst>";
    let shared = zip_with(
        &xlsx(&[("S", r#"<row r="1"><c r="A1" t="s"><v>4294967294</v></c></row>"#)]),
        &[("xl/sharedStrings.xml", strings)],
    );
    let far = r#"<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>"#;
    let beyond = r#"<row r="4294967295"><c r="ZZZZZZ4294967295"><v>1</v></c></row>"#;
    let size = r#"<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1"><v>1</v></c></row></sheetData>"#;
    let formats = format!(
        "<styleSheet><numFmts>{}</numFmts></styleSheet>",
        format!("<numFmt numFmtId=\"164\" formatCode=\"{}\"/>", "[".repeat(DEEP)).repeat(20)
    );
    let repeated = r#"<table:table-row table:number-rows-repeated="4294967295"><table:table-cell table:number-columns-repeated="4294967295" office:value-type="float" office:value="1"><text:p>1</text:p></table:table-cell></table:table-row>"#;
    let cell = r#"<table:table-cell office:value-type="float" office:value="1"><text:p>1</text:p></table:table-cell>"#;
    let corner = format!(
        r#"<table:table-row>{cell}</table:table-row><table:table-row table:number-rows-repeated="1048574"><table:table-cell/></table:table-row><table:table-row><table:table-cell table:number-columns-repeated="16383"/>{cell}</table:table-row>"#
    );
    let binary = xlsb(&[&["name", "n"], &["x", "1"]]);
    // BrtRowHdr of row 1 says that it is row 0x7FFFFFFF; then records of endless length.
    let rows = "\u{0}\u{19}".to_owned() + &"\u{7F}".repeat(25);
    try_all_with(
        |config| config.parsers.max_compression_ratio = u64::MAX,
        vec![
            hostile("strings.xlsx", shared, &["parser_memory"]),
            hostile("far.xlsx", xlsx(&[("S", far)]), &["completed"]),
            hostile("beyond.xlsx", xlsx(&[("S", beyond)]), &["completed"]),
            hostile("size.xlsx", xlsx(&[("S", size)]), &["completed"]),
            hostile("formats.xlsx", zip_with(&xlsx(&[("S", far)]), &[("xl/styles.xml", &formats)]), &["completed"]),
            hostile("repeated.ods", ods("S", repeated), &["output_too_large"]),
            hostile("corner.ods", ods("S", &corner), &["completed"]),
            hostile("rows.xlsb", zip_with(&binary, &[("xl/worksheets/sheet1.bin", &rows)]), &["unreadable_file"]),
            hostile(
                "lengths.xlsb",
                zip_with(&binary, &[("xl/workbook.bin", "\u{1}\u{7F}\u{7F}\u{7F}\u{7F}")]),
                &["unreadable_file"],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn open_documents() {
    let list = |depth: usize| {
        "<text:list><text:list-item>".repeat(depth)
            + "<text:p>x</text:p>"
            + &"</text:list-item></text:list>".repeat(depth)
    };
    let table = r#"<table:table><table:table-row table:number-rows-repeated="4294967295"><table:table-cell table:number-columns-repeated="4294967295" table:number-columns-spanned="4294967295"><text:p>x</text:p></table:table-cell></table:table-row></table:table>"#;
    let space = r#"<text:p>x<text:s text:c="4294967295"/>y</text:p>"#;
    try_all(vec![
        hostile("lists.odt", opendocument("text", &list(300)), &["completed"]),
        hostile("space.odt", opendocument("text", &space.repeat(50)), &["completed"]),
        hostile("table.odt", opendocument("text", table), &["unreadable_file"]),
        hostile(
            "level.odt",
            opendocument("text", r#"<text:h text:outline-level="4294967295">x</text:h>"#),
            &["completed"],
        ),
        hostile("slides.odp", opendocument("presentation", &"<draw:page/>".repeat(20_000)), &["too_many_pages"]),
        hostile(
            "frames.odp",
            opendocument("presentation", &format!("<draw:page>{}x</draw:page>", "<draw:g>".repeat(5_000))),
            &["unreadable_file"],
        ),
    ])
    .await;
    try_all_with(
        |config| config.parsers.max_compression_ratio = u64::MAX,
        vec![hostile("deep.odt", opendocument("text", &list(DEEP)), &["completed"])],
    )
    .await;
}
