//! Documents of office suites other than Office Open XML, and books: good and hostile.

#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod support;

use millrace_domain::document::{BlockKind, ParsedDocument};
use millrace_domain::parse_options::ParseOptions;
use millrace_pipeline_handlers::failure::{FailureCode, ParseFailure};
use millrace_pipeline_handlers::limits::ParserLimits;
use millrace_pipeline_handlers::registry::builtin;
use serde_json::json;
use support::files::{epub, opendocument, rewritten, xlsb, zip_with};

fn try_parse(bytes: &[u8], limits: &ParserLimits) -> Result<ParsedDocument, ParseFailure> {
    builtin().parse(bytes, "file", limits, &ParseOptions::default())
}

#[track_caller]
fn parse(bytes: &[u8]) -> ParsedDocument {
    try_parse(bytes, &ParserLimits::default()).expect("a document")
}

#[track_caller]
fn refused(bytes: &[u8], limits: &ParserLimits, code: FailureCode) {
    let failure = try_parse(bytes, limits).expect_err("a failure");
    assert_eq!(failure.code, code, "{failure}");
}

/// The same handbook in three formats, as an office suite writes it.
#[test]
fn one_document_reads_alike_in_every_format() {
    for (bytes, parser) in [
        (&include_bytes!("fixtures/handbook.odt")[..], "opendocument"),
        (include_bytes!("fixtures/handbook.rtf"), "rtf"),
        (include_bytes!("fixtures/handbook.doc"), "office"),
    ] {
        let document = parse(bytes);
        assert_eq!(document.parser, parser);
        let headings: Vec<_> = document
            .blocks
            .iter()
            .filter(|block| block.kind == BlockKind::Heading)
            .map(|block| (block.text.as_str(), block.level.unwrap_or(0)))
            .collect();
        assert_eq!(
            headings,
            [("Quality handbook", 1), ("Incoming goods", 1), ("Steps", 2), ("Limits", 2)],
            "{parser}: {}",
            document.markdown
        );
        let items: Vec<_> = document
            .blocks
            .iter()
            .filter(|block| block.kind == BlockKind::ListItem)
            .map(|block| &*block.text)
            .collect();
        assert_eq!(items, ["Weigh the pallet", "Check the seal", "Gloves", "of leather", "Scale"], "{parser}");
        let table = document.blocks.iter().find_map(|block| block.table.as_ref()).expect("a table");
        assert_eq!(
            table.rows,
            [["Article", "Lot", "Tolerance"], ["Anvil", "00123", "±2 %"], ["Spring", "00124", "±0,5 %"]],
            "{parser}"
        );
        for line in [
            "every delivery is weighed, 每批货物都要称重, and compared with the order[^1].",
            "1. weigh the pallet\n2. check the seal\n",
            "- gloves\n  - of leather\n- scale\n",
            "questions go to the office.",
            "[^1]: within two hours.",
        ] {
            assert!(document.markdown.to_lowercase().contains(line), "{parser}, {line}: {}", document.markdown);
        }
        assert_eq!(document.warnings, Vec::<String>::new(), "{parser}");
    }
}

#[test]
fn slides_of_every_suite_are_read() {
    let archive = parse(include_bytes!("fixtures/briefing.ppt.zip"));
    assert!(
        archive.markdown.contains("Gate two is closed") && archive.markdown.contains("叉车"),
        "{}",
        archive.markdown
    );
    assert_eq!(archive.pages, 2);
    let slides = parse(include_bytes!("fixtures/briefing.odp"));
    let texts: Vec<_> = slides.blocks.iter().map(|block| (block.text.as_str(), block.page)).collect();
    assert_eq!(
        texts,
        [
            ("Briefing of the shift", 1),
            ("Gate two is closed", 1),
            ("叉车 under repair", 1),
            ("Numbers", 2),
            ("Twelve deliveries are due.", 2),
        ]
    );
    let titled = r#"<draw:page><draw:frame presentation:class="title"><draw:text-box><text:p>Title</text:p></draw:text-box></draw:frame><draw:frame><draw:image/><svg:desc>A crane</svg:desc></draw:frame></draw:page>"#;
    let slides = parse(&opendocument("presentation", titled));
    assert_eq!(slides.markdown, "<!-- slide 1 -->\n\n# Title\n\n![A crane]()\n");
    let two = ParserLimits { max_pages: 1, ..ParserLimits::default() };
    refused(include_bytes!("fixtures/briefing.odp"), &two, FailureCode::TooManyPages);
}

#[test]
fn sheets_of_every_suite_are_read() {
    let rows = json!([{"sku": "007", "name": "Anvil", "count": 3}, {"sku": "008", "name": "铁砧", "count": 2.5}]);
    assert_eq!(json!(parse(include_bytes!("fixtures/stock.ods")).rows), rows);
    let book = xlsb(&[&["sku", "name", "count"], &["A7", "Anvil", "3"], &["A8", "铁砧", "2.5"]]);
    let document = parse(&book);
    let rows = json!([{"sku": "A7", "name": "Anvil", "count": 3}, {"sku": "A8", "name": "铁砧", "count": 2.5}]);
    assert_eq!(json!(document.rows), rows);
    assert!(document.markdown.contains("## Stock"), "{}", document.markdown);
}

#[test]
fn open_document_text_keeps_what_matters() {
    let document = parse(&opendocument(
        "text",
        r#"<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>
           <text:p>one   two<text:s text:c="3"/>three<text:tab/>four<text:line-break/>five &amp; <text:title>six</text:title><office:annotation><text:p>comment</text:p></office:annotation></text:p>
           <text:soft-page-break/>
           <table:table><table:table-row><table:table-cell table:number-columns-spanned="2"><text:p>wide</text:p></table:table-cell><table:covered-table-cell/><table:table-cell><text:p>x</text:p><text:p>y</text:p></table:table-cell><table:table-cell table:number-columns-repeated="16000"/></table:table-row>
           <table:table-row table:number-rows-repeated="2"><table:table-cell table:number-columns-repeated="3"><text:p>r</text:p></table:table-cell></table:table-row><table:table-row table:number-rows-repeated="1048576"><table:table-cell/></table:table-row></table:table>"#,
    ));
    assert_eq!(document.blocks[0].text, "one two   three\tfour\nfive & six");
    let table = document.blocks[1].table.as_ref().expect("a table");
    assert_eq!(table.rows, [["wide", "wide", "x\ny"], ["r", "r", "r"], ["r", "r", "r"]]);
    assert_eq!((document.pages, document.blocks[0].page, document.blocks[1].page), (2, 0, 2));
    assert!(!document.markdown.contains("deleted") && !document.markdown.contains("comment"), "{}", document.markdown);
}

#[test]
fn hostile_open_documents_end() {
    let limits = ParserLimits::default();
    let many = r#"<table:table><table:table-row table:number-rows-repeated="4000000000"><table:table-cell table:number-columns-repeated="1000000"><text:p>x</text:p></table:table-cell></table:table-row></table:table>"#;
    refused(&opendocument("text", many), &limits, FailureCode::UnreadableFile);
    let deep = format!("{}<text:p>deep</text:p>{}", "<text:section>".repeat(20_000), "</text:section>".repeat(20_000));
    assert_eq!(parse(&opendocument("text", &deep)).blocks[0].text, "deep");
    let lists = format!(
        "{}<text:p>deep</text:p>{}",
        "<text:list><text:list-item>".repeat(5_000),
        "</text:list-item></text:list>".repeat(5_000)
    );
    let document = parse(&opendocument("text", &lists));
    assert!(document.markdown.len() < 100, "{} bytes", document.markdown.len());
    refused(&opendocument("text", "<text:p>open"), &limits, FailureCode::UnreadableFile);
    let locked = zip_with(
        &opendocument("text", "<text:p>x</text:p>"),
        &[("META-INF/manifest.xml", "<manifest><manifest:encryption-data/></manifest>")],
    );
    refused(&locked, &limits, FailureCode::EncryptedFile);
    let bytes = include_bytes!("fixtures/handbook.odt");
    refused(&bytes[..bytes.len() / 2], &limits, FailureCode::UnreadableFile);
    let empty = parse(&opendocument("text", ""));
    assert_eq!(empty.warnings, ["the document holds no text"]);
}

const NAV: &str = r##"<html xmlns:epub="x"><body><nav epub:type="toc"><ol><li><a href="one.xhtml">First <em>chapter</em></a></li><li><a href="two%20b.xhtml#s">Second</a></li></ol></nav></body></html>"##;
const MANIFEST: &str = r#"<item id="n" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/><item id="a" href="one.xhtml" media-type="application/xhtml+xml"/><item id="b" href="two%20b.xhtml" media-type="application/xhtml+xml"/><item id="c" href="gone.xhtml" media-type="application/xhtml+xml"/>"#;

fn book(spine: &str) -> Vec<u8> {
    epub(
        MANIFEST,
        spine,
        &[
            ("nav.xhtml", NAV),
            ("one.xhtml", "<html><body><p>words of one</p></body></html>"),
            ("two b.xhtml", "<html><body><h1>Own title</h1><p>words of two</p></body></html>"),
        ],
    )
}

#[test]
fn chapters_are_pages_in_the_order_of_the_spine() {
    let document = parse(&book(r#"<itemref idref="b"/><itemref idref="a"/>"#));
    assert_eq!(document.markdown, "# Own title\n\nwords of two\n\n# First chapter\n\nwords of one\n");
    let pages: Vec<_> = document.blocks.iter().map(|block| (block.text.as_str(), block.page)).collect();
    assert_eq!(pages, [("Own title", 1), ("words of two", 1), ("First chapter", 2), ("words of one", 2)]);
    assert_eq!((document.pages, document.parser.as_str()), (2, "epub"));
    assert_eq!(document.data, Some(json!({"creator": ["A. Writer", "B. Writer"], "title": "The book"})));
    let ncx = r#"<ncx><navMap><navPoint><navLabel><text>Old style</text></navLabel><content src="one.xhtml"/></navPoint></navMap></ncx>"#;
    let manifest =
        r#"<item id="t" href="toc.ncx" media-type="application/x-dtbncx+xml"/><item id="a" href="one.xhtml"/>"#;
    let old = epub(manifest, r#"<itemref idref="a"/>"#, &[("toc.ncx", ncx), ("one.xhtml", "<p>x</p>")]);
    assert_eq!(parse(&old).blocks[0].text, "Old style");
}

#[test]
fn hostile_books_end() {
    let limits = ParserLimits::default();
    let looped = parse(&book(&r#"<itemref idref="a"/>"#.repeat(10_000)));
    assert_eq!((looped.pages, looped.warnings.len()), (1, 1), "{:?}", looped.warnings);
    let gone = parse(&book(r#"<itemref idref="c"/><itemref idref="a"/><itemref idref="nobody"/>"#));
    assert_eq!(gone.warnings, ["the chapter OEBPS/gone.xhtml is not in the file"]);
    assert_eq!((gone.pages, gone.blocks[0].page), (2, 2));
    refused(&book(""), &limits, FailureCode::UnreadableFile);
    let one = ParserLimits { max_pages: 1, ..ParserLimits::default() };
    refused(&book(r#"<itemref idref="b"/><itemref idref="a"/>"#), &one, FailureCode::TooManyPages);
    let escape = epub(r#"<item id="a" href="../../../../etc/passwd"/>"#, r#"<itemref idref="a"/>"#, &[]);
    assert_eq!(parse(&escape).warnings[0], "the chapter etc/passwd is not in the file");
    let sound = book(r#"<itemref idref="a"/>"#);
    let locked = |algorithm: &str| {
        let method = format!("<encryption><EncryptionMethod Algorithm=\"{algorithm}\"/></encryption>");
        zip_with(&sound, &[("META-INF/encryption.xml", &method)])
    };
    refused(&locked("http://www.w3.org/2001/04/xmlenc#aes128-cbc"), &limits, FailureCode::EncryptedFile);
    assert!(try_parse(&locked("http://www.idpf.org/2008/embedding"), &limits).is_ok());
    refused(
        &rewritten(&sound, "META-INF/container.xml", |_| "<container/>".into()),
        &limits,
        FailureCode::UnreadableFile,
    );
    refused(&sound[..sound.len() / 2], &limits, FailureCode::UnreadableFile);
}

/// Bytes changed at places that a small generator picks: the same ones at every run.
#[test]
fn damage_never_panics() {
    let spine = r#"<itemref idref="b"/><itemref idref="a"/>"#;
    let sources = [
        include_bytes!("fixtures/handbook.rtf").to_vec(),
        include_bytes!("fixtures/handbook.odt").to_vec(),
        include_bytes!("fixtures/handbook.doc").to_vec(),
        book(spine),
        xlsb(&[&["a", "b"], &["1", "x"]]),
        b"a: &x [1, {b: c}]\nd: *x\n".to_vec(),
        b"<?xml version='1.0'?><a b='c'>d<e/>&amp;</a>".to_vec(),
        b"From: a@b\r\nMessage-ID: <x>\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\n\r\nx\r\n--q--\r\n"
            .to_vec(),
    ];
    for bytes in sources {
        assert!(try_parse(&bytes, &ParserLimits::default()).is_ok());
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        for _ in 0..60 {
            let mut damaged = bytes.clone();
            for _ in 0..4 {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                let at = usize::try_from(state >> 33).expect("31 bits") % damaged.len();
                damaged[at] = state.to_le_bytes()[0];
            }
            if state.is_multiple_of(4) {
                damaged.truncate(usize::try_from(state >> 34).expect("30 bits") % damaged.len());
            }
            // The outcome is free; a panic is not, and the guard around members must not hide one.
            if let Err(failure) = try_parse(&damaged, &ParserLimits::default()) {
                assert_ne!(failure.code, FailureCode::ParserCrashed, "{failure}");
            }
        }
    }
}
