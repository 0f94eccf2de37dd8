//! ZIP archives as folders, good and hostile.

#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod support;

use millrace_domain::document::{BlockKind, ParsedDocument};
use millrace_domain::parse_options::ParseOptions;
use millrace_pipeline_handlers::failure::{FailureCode, ParseFailure};
use millrace_pipeline_handlers::limits::ParserLimits;
use millrace_pipeline_handlers::registry::builtin;
use serde_json::json;
use support::files::{self, docx, pdf};

fn try_parse(bytes: &[u8], limits: &ParserLimits) -> Result<ParsedDocument, ParseFailure> {
    builtin().parse(bytes, "a.zip", limits, &ParseOptions::default())
}

#[track_caller]
fn refused(bytes: &[u8], limits: &ParserLimits, code: FailureCode) -> ParseFailure {
    let failure = try_parse(bytes, limits).expect_err("a failure");
    assert_eq!(failure.code, code, "{failure}");
    failure
}

#[test]
fn every_member_is_a_section() {
    let bytes = files::zip(&[
        ("reports/", b""),
        ("reports/a.docx", &docx("Title", &["from word"], &[])),
        ("reports/b.pdf", &pdf(&["page one", "page two"])),
        ("data/c.csv", b"n,m\n1,2\n"),
        ("data/d.json", b"{\"k\": 1}"),
        ("data/e.csv", b"n\n3\n"),
        ("__MACOSX/reports/._a.docx", b"\0\x05\x16\x07"),
        ("Thumbs.db", b"\0\0\0\0"),
        ("scan.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0"),
    ]);
    let document = try_parse(&bytes, &ParserLimits::default()).expect("a document");
    let headings: Vec<_> = document
        .blocks
        .iter()
        .filter(|block| block.kind == BlockKind::Heading)
        .map(|block| (block.text.as_str(), block.level.unwrap_or(0), block.page))
        .collect();
    assert_eq!(
        headings,
        [
            ("reports/a.docx", 1, 1),
            ("Title", 2, 1),
            ("reports/b.pdf", 1, 2),
            ("data/c.csv", 1, 4),
            ("data/d.json", 1, 5),
            ("data/e.csv", 1, 6),
        ]
    );
    assert!(document.markdown.contains("# reports/a.docx\n\n## Title"), "{}", document.markdown);
    assert!(document.markdown.contains("# data/d.json\n\n```\n{\"k\": 1}\n```\n"), "{}", document.markdown);
    assert_eq!(
        json!(document.rows),
        json!([{"_file": "data/c.csv", "n": "1", "m": "2"}, {"_file": "data/e.csv", "n": "3"}])
    );
    assert_eq!((document.pages, document.parser.as_str()), (6, "archive"));
    let [unread, skipped] = document.warnings.as_slice() else { panic!("{:?}", document.warnings) };
    assert!(unread.starts_with("scan.png was not read (ocr_unavailable)"), "{unread}");
    assert!(unread.ends_with("upload it by itself"), "{unread}");
    assert!(skipped.starts_with("2 entries were skipped"), "{skipped}");
}

#[test]
fn names_lead_nowhere_and_read_in_any_encoding() {
    let bytes = files::zip(&[
        ("../../etc/passwd.txt", b"one"),
        ("/abs\\windows\\x.txt", b"two"),
        ("\u{7}bell\nline.txt", b"three"),
    ]);
    let document = try_parse(&bytes, &ParserLimits::default()).expect("a document");
    let headings: Vec<_> =
        document.blocks.iter().filter(|block| block.level.is_some()).map(|block| block.text.as_str()).collect();
    assert_eq!(headings, ["etc/passwd.txt", "abs/windows/x.txt", "bellline.txt"]);
    // The name of a packer that knows no UTF-8, put in place of one as long.
    let bytes = files::zip(&[("12345678.txt", b"four")]);
    let (name, _, _) = encoding_rs::GBK.encode("合同文件");
    let renamed: Vec<u8> = replace(&bytes, b"12345678", &name);
    let document = try_parse(&renamed, &ParserLimits::default()).expect("a document");
    assert_eq!(document.blocks[0].text, "合同文件.txt");
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut replaced = bytes.to_vec();
    for at in 0..=bytes.len() - from.len() {
        if bytes[at..].starts_with(from) {
            replaced[at..at + from.len()].copy_from_slice(to);
        }
    }
    replaced
}

#[test]
fn nothing_readable_is_a_failure() {
    let limits = ParserLimits::default();
    refused(&files::zip(&[]), &limits, FailureCode::EmptyFile);
    refused(&files::zip(&[("__MACOSX/x", b"y"), ("d/", b"")]), &limits, FailureCode::EmptyFile);
    let picture = refused(
        &files::zip(&[("a.gif", b"GIF89a\x01\0"), ("b.gif", b"GIF89a\x01\0")]),
        &limits,
        FailureCode::OcrUnavailable,
    );
    assert!(picture.message.contains("a.gif") && picture.message.contains("1 more"), "{picture}");
    refused(&files::zip(&[("a.gif", b"GIF89a\x01\0"), ("b.txt", b"")]), &limits, FailureCode::UnreadableFile);
}

#[test]
fn an_archive_of_scans_says_so() {
    let scans = files::zip(&[("a.pdf", &pdf(&["", ""])), ("b.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0")]);
    let failure = refused(&scans, &ParserLimits::default(), FailureCode::NoTextLayer);
    assert!(failure.message.contains("upload it by itself"), "{failure}");
}

#[test]
fn a_locked_or_broken_member_is_named() {
    let bytes = files::zip(&[("good.txt", b"fine"), ("locked.txt", b"secret words")]);
    // Bit 0 of the flags says that an entry is encrypted, in its own header and in the directory.
    let mut locked = bytes.clone();
    let local = find(&bytes, b"PK\x03\x04", 1);
    let central = find(&bytes, b"PK\x01\x02", 1);
    locked[local + 6] |= 1;
    locked[central + 8] |= 1;
    let document = try_parse(&locked, &ParserLimits::default()).expect("a document");
    assert!(document.markdown.contains("fine"));
    assert!(document.warnings[0].starts_with("locked.txt was not read (encrypted_file)"), "{:?}", document.warnings);
    let mut broken = bytes;
    let content = find(&broken, b"locked.txt", 0) + "locked.txt".len();
    broken[content..content + 4].copy_from_slice(b"\xFF\xFF\xFF\xFF");
    let document = try_parse(&broken, &ParserLimits::default()).expect("a document");
    assert!(document.warnings[0].starts_with("locked.txt was not read (unreadable_file)"), "{:?}", document.warnings);
}

fn find(bytes: &[u8], needle: &[u8], nth: usize) -> usize {
    bytes.windows(needle.len()).enumerate().filter(|(_, window)| *window == needle).nth(nth).expect("there").0
}

#[test]
fn bombs_share_one_budget() {
    let limits = ParserLimits { max_uncompressed_bytes: 300_000, max_zip_entries: 50, ..ParserLimits::default() };
    let noise: Vec<u8> =
        (0..100_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).take(100_000).collect();
    // Each is small enough alone.
    let inner = files::zip(&[("a.bin", &noise)]);
    refused(&files::zip(&[("1.zip", &inner), ("2.zip", &inner)]), &limits, FailureCode::ArchiveTooLarge);
    let many: Vec<(String, &[u8])> = (0..30).map(|number| (format!("{number}.txt"), &b"x"[..])).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    let inner = files::zip(&many);
    assert!(try_parse(&inner, &limits).is_ok());
    refused(&files::zip(&[("1.zip", &inner), ("2.zip", &inner)]), &limits, FailureCode::ArchiveTooLarge);
    let zeros = vec![0_u8; 4 << 20];
    refused(&files::zip(&[("zeros", &zeros)]), &ParserLimits::default(), FailureCode::ArchiveTooLarge);
}

#[test]
fn tiny_entries_by_the_hundred_thousand_are_refused() {
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for number in 0..100_000 {
        writer.start_file(number.to_string(), options).expect("an entry");
    }
    let archive = writer.finish().expect("an archive").into_inner();
    refused(&archive, &ParserLimits::default(), FailureCode::ArchiveTooLarge);
}

#[test]
fn archives_in_archives_have_a_depth() {
    let nest = |levels: usize| {
        (0..levels).fold(files::zip(&[("deep.txt", b"found")]), |inner, _| {
            files::zip(&[("beside.txt", b"x"), ("in.zip", &inner)])
        })
    };
    let limits = ParserLimits { max_archive_depth: 3, ..ParserLimits::default() };
    assert!(try_parse(&nest(2), &limits).expect("a document").markdown.contains("found"));
    let document = try_parse(&nest(3), &limits).expect("a document");
    assert!(!document.markdown.contains("found"), "{}", document.markdown);
    assert!(document.warnings[0].contains("more than 3 levels deep"), "{:?}", document.warnings);
    let only = (0..6).fold(files::zip(&[("deep.txt", b"found")]), |inner, _| files::zip(&[("in.zip", &inner)]));
    refused(&only, &limits, FailureCode::UnreadableFile);
}

#[test]
fn truncated_archives_are_unreadable() {
    let bytes = files::zip(&[("a.txt", b"hello"), ("b.txt", b"world")]);
    refused(&bytes[..bytes.len() / 2], &ParserLimits::default(), FailureCode::UnreadableFile);
}
