//! E-mail messages with their attachments, good and hostile.

#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod support;

use std::fmt::Write as _;

use millrace_domain::document::{BlockKind, ParsedDocument};
use millrace_domain::parse_options::ParseOptions;
use millrace_pipeline_handlers::failure::{FailureCode, ParseFailure};
use millrace_pipeline_handlers::limits::ParserLimits;
use millrace_pipeline_handlers::registry::builtin;
use serde_json::json;
use support::files::{base64, pdf, zip};

fn try_parse(bytes: &[u8], limits: &ParserLimits) -> Result<ParsedDocument, ParseFailure> {
    builtin().parse(bytes, "a.eml", limits, &ParseOptions::default())
}

#[track_caller]
fn parse(bytes: &[u8]) -> ParsedDocument {
    try_parse(bytes, &ParserLimits::default()).expect("a document")
}

const HEADER: &str = "From: =?GB2312?B?1cXI/Q==?= <zhang@example.com>\r\nTo: Ann <ann@example.com>, bob@example.com\r\n\
                      Subject: =?UTF-8?Q?Angebot_f=C3=BCr_M=C3=A4rz?=\r\nDate: Wed, 31 Jan 2024 09:30:00 +0800\r\n\
                      Message-ID: <1@example.com>\r\nMIME-Version: 1.0\r\n";

fn mixed(parts: &[String]) -> Vec<u8> {
    let mut text = format!("{HEADER}Content-Type: multipart/mixed; boundary=\"outer\"\r\n\r\npreamble\r\n");
    for part in parts {
        let _infallible = write!(text, "--outer\r\n{part}\r\n");
    }
    text += "--outer--\r\n";
    text.into_bytes()
}

fn attached(name: &str, media_type: &str, bytes: &[u8]) -> String {
    format!(
        "Content-Type: {media_type}\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=\"{name}\"\r\n\r\n{}",
        base64(bytes)
    )
}

fn alternative() -> String {
    "Content-Type: multipart/alternative; boundary=\"inner\"\r\n\r\n--inner\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
     plain words\r\n--inner\r\nContent-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
     <html><head><meta charset=3D\"iso-8859-1\"></head><h1>Prei=DFe</h1><p>caf=E9</p></html>\r\n--inner--\r\n"
        .to_owned()
}

#[test]
fn header_body_and_attachments_are_sections() {
    let document = parse(&mixed(&[
        alternative(),
        attached("prices.csv", "text/csv", "名称,n\n铁砧,007\n".as_bytes()),
        attached("=?UTF-8?B?5oql5ZGKLnBkZg==?=", "application/pdf", &pdf(&["page one", "page two"])),
        attached("logo.png", "image/png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
    ]));
    assert!(
        document.markdown.starts_with(
            "# Angebot für März\n\n- From: 张三 <zhang@example.com>\n- To: Ann <ann@example.com>, bob@example.com\n\
             - Date: 2024-01-31T09:30:00+08:00\n\n## Preiße\n\ncafé\n"
        ),
        "{}",
        document.markdown
    );
    assert!(!document.markdown.contains("plain words"), "one alternative is enough: {}", document.markdown);
    let headings: Vec<_> = document
        .blocks
        .iter()
        .filter(|block| block.kind == BlockKind::Heading)
        .map(|block| (block.text.as_str(), block.level.unwrap_or(0), block.page))
        .collect();
    assert_eq!(headings, [("Angebot für März", 1, 1), ("Preiße", 2, 1), ("prices.csv", 2, 2), ("报告.pdf", 2, 3)]);
    assert_eq!(json!(document.rows), json!([{"名称": "铁砧", "n": "007"}]));
    assert_eq!((document.pages, document.parser.as_str()), (4, "message"));
    let data = document.data.expect("data");
    assert_eq!(data["from"], json!([{"name": "张三", "address": "zhang@example.com"}]));
    assert_eq!((&data["subject"], &data["message_id"]), (&json!("Angebot für März"), &json!("1@example.com")));
    assert_eq!(
        data["attachments"][0],
        json!({"name": "prices.csv", "media_type": "text/csv", "size": 20, "read": true})
    );
    assert_eq!(data["attachments"][2]["read"], false);
    assert!(document.warnings.iter().any(|warning| warning.starts_with("logo.png was not read (ocr_unavailable)")));
}

#[test]
fn messages_inside_messages_are_read() {
    let inner = "From: carl@example.com\r\nSubject: inner subject\r\n\r\ninner words\r\n";
    let document = parse(&mixed(&[
        "Content-Type: text/plain\r\n\r\nouter words".to_owned(),
        format!("Content-Type: message/rfc822\r\n\r\n{inner}"),
        attached("saved.eml", "message/rfc822", inner.replace("inner", "saved").as_bytes()),
    ]));
    for text in ["outer words", "inner words", "saved words", "## inner subject", "- From: carl@example.com"] {
        assert!(document.markdown.contains(text), "{text}: {}", document.markdown);
    }
}

#[test]
fn charsets_that_are_missing_or_wrong_are_found_out() {
    let (chinese, _, _) = encoding_rs::GB18030.encode("这是一封没有声明编码的中文邮件，请查收附件。");
    for declaration in
        ["", "Content-Type: text/plain; charset=us-ascii\r\n", "Content-Type: text/plain; charset=utf-8\r\n"]
    {
        let mut bytes = format!("From: a@example.com\r\nSubject: x\r\n{declaration}\r\n").into_bytes();
        bytes.extend_from_slice(&chinese);
        let document = parse(&bytes);
        assert!(document.markdown.contains("没有声明编码"), "{declaration}: {}", document.markdown);
    }
    let encoded = format!(
        "From: a@example.com\r\nSubject: x\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
        base64(&chinese)
    );
    assert!(parse(encoded.as_bytes()).markdown.contains("没有声明编码"));
    let mut raw = b"From: a@example.com\r\nSubject: ".to_vec();
    raw.extend_from_slice(&chinese);
    raw.extend_from_slice(b"\r\n\r\nbody\r\n");
    assert!(parse(&raw).markdown.starts_with("# 这是一封"), "{}", parse(&raw).markdown);
}

#[test]
fn messages_without_words_say_so() {
    let document = parse(b"From: a@example.com\r\nSubject: nothing\r\n\r\n\r\n");
    assert_eq!(document.warnings, ["the message has no text of its own"]);
    assert_eq!(document.pages, 1);
    let sealed = "From: a@example.com\r\nMIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\
                  Content-Transfer-Encoding: base64\r\n\r\nMIIBAAAAAAAAAA==\r\n";
    let failure = try_parse(sealed.as_bytes(), &ParserLimits::default()).expect_err("encrypted");
    assert_eq!(failure.code, FailureCode::EncryptedFile);
}

#[test]
fn attachments_share_one_budget() {
    let many: Vec<String> = (0..40).map(|number| attached(&format!("{number}.txt"), "text/plain", b"x")).collect();
    let few = ParserLimits { max_zip_entries: 30, ..ParserLimits::default() };
    assert!(try_parse(&mixed(&many), &ParserLimits::default()).is_ok());
    let failure = try_parse(&mixed(&many), &few).expect_err("too many");
    assert_eq!(failure.code, FailureCode::ArchiveTooLarge);
    let bomb = attached("bomb.zip", "application/zip", &zip(&[("zeros", &vec![0_u8; 4 << 20])]));
    let failure = try_parse(&mixed(&[bomb]), &ParserLimits::default()).expect_err("a bomb");
    assert_eq!(failure.code, FailureCode::ArchiveTooLarge);
}

#[test]
fn nesting_is_bounded() {
    let chain = |levels: usize| {
        (0..levels).fold("From: z@example.com\r\nSubject: deepest\r\n\r\nfound".to_owned(), |inner, level| {
            format!("From: a@example.com\r\nSubject: {level}\r\nContent-Type: message/rfc822\r\n\r\n{inner}")
        })
    };
    let shallow = parse(chain(3).as_bytes());
    assert!(shallow.markdown.contains("found"), "{}", shallow.markdown);
    let deep = parse(chain(200).as_bytes());
    assert!(!deep.markdown.contains("found") && deep.pages < 10, "{}", deep.markdown);
    let failure = try_parse(chain(30_000).as_bytes(), &ParserLimits::default()).expect_err("too many");
    assert_eq!(failure.code, FailureCode::ArchiveTooLarge);
    let mut multiparts = HEADER.to_owned();
    for level in 0..2_000 {
        let _infallible =
            write!(multiparts, "Content-Type: multipart/mixed; boundary=\"b{level}\"\r\n\r\n--b{level}\r\n");
    }
    multiparts += "Content-Type: text/plain\r\n\r\nat the bottom";
    assert!(parse(multiparts.as_bytes()).markdown.contains("at the bottom"));
}

#[test]
fn truncated_and_damaged_messages_keep_what_is_there() {
    let whole = mixed(&[alternative(), attached("a.txt", "text/plain", &b"words ".repeat(100))]);
    for length in (HEADER.len()..whole.len()).step_by(37) {
        let document = parse(&whole[..length]);
        assert!(document.markdown.starts_with("# Angebot"), "{}", document.markdown);
    }
}
