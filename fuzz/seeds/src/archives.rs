//! ZIP-based kinds, in their plain form and one of each as it is.

use crate::files::{docx, epub, ods, opendocument, pdf, pptx, xlsb, xlsx, xlsx_rows, zip, zip_with};
use crate::{Seeds, file, of_zip};

const NUMBERING: &str = r#"<w:numbering><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="upperRoman"/><w:lvlText w:val="%1."/></w:lvl><w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1.%2."/></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="4"/></w:lvlOverride></w:num></w:numbering>"#;
const STYLES: &str = r#"<w:styles><w:style w:type="paragraph" w:styleId="H2"><w:name w:val="heading 2"/><w:basedOn w:val="T"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style><w:style w:type="paragraph" w:styleId="T"><w:name w:val="Title"/><w:basedOn w:val="H2"/></w:style><w:style w:type="paragraph" w:styleId="C"><w:name w:val="Source Code"/></w:style></w:styles>"#;
const BODY: &str = r#"<?xml version="1.0"?><w:document><w:body><w:p><w:pPr><w:pStyle w:val="H2"/><w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:rPr><w:b/><w:i w:val="0"/></w:rPr><w:t xml:space="preserve"> Head </w:t><w:tab/><w:br w:type="page"/><w:lastRenderedPageBreak/><w:sym w:font="Wingdings" w:char="F0FE"/></w:r><w:hyperlink r:id="web"><w:r><w:t>link</w:t></w:r></w:hyperlink></w:p><w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:ins><w:r><w:t>new</w:t></w:r></w:ins><w:r><w:footnoteReference w:id="2"/><w:fldChar w:fldCharType="begin"/><w:instrText>HYPERLINK "x"</w:instrText><w:fldChar w:fldCharType="separate"/><w:t>f</w:t><w:fldChar w:fldCharType="end"/></w:r></w:p><w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="2"/><w:vMerge w:val="restart"/></w:tcPr><w:p><w:r><w:t>m</w:t></w:r></w:p></w:tc></w:tr><w:tr><w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p/></w:tc><w:tc><w:tbl><w:tr><w:tc><w:p><w:r><w:t>in</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:tc></w:tr></w:tbl><w:p><m:oMath><m:f><m:num><m:r><m:t>a</m:t></m:r></m:num><m:den><m:rad><m:deg/><m:e><m:r><m:t>b</m:t></m:r></m:e></m:rad></m:den></m:f><m:sSup><m:e><m:r><m:t>x</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup></m:oMath><w:sdt><w:sdtPr><w14:checkbox><w14:checked w14:val="1"/></w14:checkbox></w:sdtPr><w:sdtContent><w:r><w:t>&#x2612;</w:t></w:r></w:sdtContent></w:sdt></w:p><w:sectPr/></w:body></w:document>"#;
const NOTES: &str =
    r#"<w:footnotes><w:footnote w:id="2"><w:p><w:r><w:t>note</w:t></w:r></w:p></w:footnote></w:footnotes>"#;
const CHART: &str = r#"<c:chartSpace><c:chart><c:title><c:tx><c:rich><a:p><a:r><a:t>Chart</a:t></a:r></a:p></c:rich></c:tx></c:title><c:plotArea><c:barChart><c:ser><c:tx><c:v>S</c:v></c:tx><c:cat><c:strRef><c:strCache><c:ptCount val="2"/><c:pt idx="0"><c:v>a</c:v></c:pt><c:pt idx="1"><c:v>b</c:v></c:pt></c:strCache></c:strRef></c:cat><c:val><c:numRef><c:numCache><c:pt idx="0"><c:v>1</c:v></c:pt></c:numCache></c:numRef></c:val></c:ser></c:barChart></c:plotArea></c:chart></c:chartSpace>"#;
const SLIDE: &str = r#"<p:sld><p:cSld><p:spTree><p:sp><p:nvSpPr><p:cNvPr id="1" name="T"/><p:nvPr><p:ph type="title"/></p:nvPr></p:nvSpPr><p:txBody><a:p><a:r><a:t>Title</a:t></a:r></a:p></p:txBody></p:sp><p:sp><p:nvSpPr><p:nvPr><p:ph idx="2"/></p:nvPr></p:nvSpPr><p:txBody><a:lstStyle><a:lvl1pPr><a:buAutoNum type="romanUcPeriod" startAt="3"/></a:lvl1pPr></a:lstStyle><a:p><a:pPr lvl="1"><a:buChar char="-"/></a:pPr><a:r><a:rPr b="1"><a:hlinkClick r:id="rId1"/></a:rPr><a:t>item</a:t></a:r><a:br/><a:fld type="slidenum"><a:t>1</a:t></a:fld></a:p></p:txBody></p:sp><p:graphicFrame><a:graphic><a:graphicData><a:tbl><a:tr><a:tc gridSpan="2" rowSpan="2"><a:txBody><a:p><a:r><a:t>c</a:t></a:r></a:p></a:txBody></a:tc><a:tc hMerge="1"/></a:tr></a:tbl></a:graphicData></a:graphic></p:graphicFrame><p:grpSp><p:pic><p:nvPicPr><p:cNvPr id="4" name="P" descr="described"/></p:nvPicPr></p:pic></p:grpSp></p:spTree></p:cSld></p:sld>"#;
const SLIDE_LINKS: &str = r#"<Relationships><Relationship Id="l" Type="http://x/slideLayout" Target="../slideLayouts/l.xml"/><Relationship Id="n" Type="http://x/notesSlide" Target="../notesSlides/n.xml"/><Relationship Id="c" Type="http://x/comments" Target="../comments/c.xml"/></Relationships>"#;
const LAYOUT: &str = r#"<p:sldLayout><p:cSld><p:spTree><p:sp><p:nvSpPr><p:nvPr><p:ph type="body" idx="2"/></p:nvPr></p:nvSpPr><p:txBody><a:lstStyle><a:lvl2pPr><a:buNone/></a:lvl2pPr></a:lstStyle></p:txBody></p:sp></p:spTree></p:cSld></p:sldLayout>"#;
const SHEET: &str = r#"<dimension ref="A1:C4"/><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>n</t></is></c></row><row r="2"><c r="A2" s="1"><v>45000.5</v></c><c r="B2"><f>1+1</f><v>2</v></c><c r="C2" t="b"><v>1</v></c></row><row r="4"><c r="A4" t="e"><v>#N/A</v></c><c r="XFD4" t="str"><v>far</v></c></row></sheetData><mergeCells count="1"><mergeCell ref="A1:B2"/></mergeCells>"#;
const TEXT: &str = r#"<office:text><text:h text:outline-level="2">Head</text:h><text:p>a<text:s text:c="3"/><text:tab/><text:line-break/>b<text:soft-page-break/><text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>note</text:p></text:note-body></text:note></text:p><text:list><text:list-item><text:p>x</text:p><text:list><text:list-item><text:p>y</text:p></text:list-item></text:list></text:list-item></text:list><table:table><table:table-row><table:table-cell table:number-columns-spanned="2" table:number-columns-repeated="2"><text:p>c</text:p></table:table-cell><table:covered-table-cell/></table:table-row></table:table></office:text>"#;

pub(crate) fn seeds() -> Vec<(&'static str, Seeds)> {
    let document = zip_with(
        &docx("T", &[], &[]),
        &[
            ("word/document.xml", BODY),
            ("word/styles.xml", STYLES),
            ("word/numbering.xml", NUMBERING),
            ("word/footnotes.xml", NOTES),
            ("word/charts/chart1.xml", CHART),
        ],
    );
    let slides = zip_with(
        &pptx(&["x"]),
        &[
            ("ppt/slides/slide1.xml", SLIDE),
            ("ppt/slides/_rels/slide1.xml.rels", SLIDE_LINKS),
            ("ppt/slideLayouts/l.xml", LAYOUT),
            (
                "ppt/notesSlides/n.xml",
                "<p:notes><p:cSld><p:spTree><p:sp><p:nvSpPr><p:nvPr><p:ph type=\"body\"/></p:nvPr></p:nvSpPr><p:txBody><a:p><a:r><a:t>said</a:t></a:r></a:p></p:txBody></p:sp></p:spTree></p:cSld></p:notes>",
            ),
            ("ppt/comments/c.xml", "<p:cmLst><p:cm authorId=\"0\"><p:text>c</p:text></p:cm></p:cmLst>"),
        ],
    );
    let table = xlsx_rows(&[&["name", "n"], &["x", "1"], &["y", "2.5"]]);
    let book = zip_with(
        &xlsx(&[("S", SHEET), ("Two", &table)]),
        &[
            ("xl/sharedStrings.xml", "<sst><si><t>shared</t></si><si><r><t>rich</t></r></si></sst>"),
            (
                "xl/styles.xml",
                "<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"yyyy-mm-dd\"/></numFmts><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"164\"/></cellXfs></styleSheet>",
            ),
        ],
    );
    let sheet = ods(
        "S",
        r#"<table:table-row table:number-rows-repeated="2"><table:table-cell office:value-type="float" office:value="1" table:number-columns-repeated="3"><text:p>1</text:p></table:table-cell><table:table-cell office:value-type="date" office:date-value="2024-03-01"/><table:covered-table-cell/></table:table-row>"#,
    );
    let volume = epub(
        r#"<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/><item id="n" href="nav.xhtml" properties="nav"/><item id="t" href="toc.ncx"/>"#,
        r#"<itemref idref="a"/><itemref idref="a"/>"#,
        &[
            ("a.xhtml", "<html><body><p>chapter</p></body></html>"),
            ("nav.xhtml", "<nav><ol><li><a href='a.xhtml'>One</a></li></ol></nav>"),
            (
                "toc.ncx",
                "<ncx><navMap><navPoint><navLabel><text>One</text></navLabel><content src='a.xhtml'/></navPoint></navMap></ncx>",
            ),
        ],
    );
    let inner = zip(&[("deep.txt", b"deep")]);
    let bag = zip(&[
        ("a.txt", b"text"),
        ("in/b.csv", b"a,b\n1,2\n"),
        ("c.pdf", &pdf(&["inside"])),
        ("__MACOSX/x", b"x"),
        ("../up.md", b"# up"),
        ("more.zip", &inner),
        ("d.json", b"{}"),
    ]);
    let odt = opendocument("text", TEXT.trim_start_matches("<office:text>").trim_end_matches("</office:text>"));
    let odp = opendocument(
        "presentation",
        r#"<draw:page draw:name="p1"><draw:frame presentation:class="title"><draw:text-box><text:p>Title</text:p></draw:text-box></draw:frame><presentation:notes><draw:frame><draw:text-box><text:p>said</text:p></draw:text-box></draw:frame></presentation:notes></draw:page>"#,
    );
    let fixture = |name: &str| file(&format!("crates/pipeline-handlers/tests/fixtures/{name}"));
    vec![
        ("docx", both(&[document, docx("Title", &["First", "第二"], &[["a", "b"], ["1", "2"]])])),
        ("pptx", both(&[slides, pptx(&["one slide", "another"])])),
        ("xlsx", both(&[book, file("examples/orders.xlsx")])),
        ("xlsb", both(&[xlsb(&[&["name", "n"], &["x", "1"]])])),
        ("ods", both(&[sheet, lean(&fixture("stock.ods"))])),
        ("odt", both(&[odt, lean(&fixture("handbook.odt"))])),
        ("odp", both(&[odp, lean(&fixture("briefing.odp"))])),
        ("epub", both(&[volume])),
        ("zip", both(&[bag])),
    ]
}

/// The plain forms, and the first as it is.
fn both(archives: &[Vec<u8>]) -> Seeds {
    let mut seeds: Seeds =
        archives.iter().enumerate().map(|(index, archive)| (format!("plain-{index}"), of_zip(archive))).collect();
    seeds.extend(archives.first().map(|archive| ("packed".to_owned(), archive.clone())));
    seeds
}

/// An OpenDocument file without pictures, thumbnails and settings.
fn lean(archive: &[u8]) -> Vec<u8> {
    let plain = of_zip(archive);
    let wanted = ["mimetype", "META-INF/manifest.xml", "content.xml"];
    let entries: Vec<_> = crate::plain::entries(&plain).into_iter().filter(|(name, _)| wanted.contains(name)).collect();
    zip(&entries)
}
