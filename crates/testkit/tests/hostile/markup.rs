//! XML, HTML, RTF, messages.

use millrace_testkit::world::Backend;

use crate::files::zip;
use crate::support::{hostile, try_all, try_all_on};

const DEEP: usize = 100_000;

#[tokio::test]
async fn xml() {
    let laughs = (1..12).fold("<!DOCTYPE a [<!ENTITY e0 \"ha\">".to_owned(), |text, level| {
        let one = format!("&e{};", level - 1);
        text + &format!("<!ENTITY e{level} \"{}\">", one.repeat(10))
    });
    let entity = "x".repeat(1 << 20);
    try_all(vec![
        hostile("laughs.xml", laughs + "]><a>&e11;</a>", &["completed"]),
        hostile(
            "squares.xml",
            format!("<!DOCTYPE a [<!ENTITY e \"{entity}\">]><a>{}</a>", "&e;".repeat(DEEP)),
            &["completed"],
        ),
        hostile("outside.xml", "<!DOCTYPE a [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><a>&e;</a>", &["completed"]),
        hostile("deep.xml", "<a>".repeat(DEEP) + &"</a>".repeat(DEEP), &["completed"]),
        hostile("open.xml", "<a>".repeat(DEEP), &["unreadable_file"]),
        hostile(
            "attributes.xml",
            format!("<a {}/>", (0..DEEP).map(|n| format!("a{n}='x' ")).collect::<String>()),
            &["completed"],
        ),
        hostile("same.xml", format!("<a>{}</a>", "<b/>".repeat(DEEP)), &["completed"]),
    ])
    .await;
}

#[tokio::test]
async fn html() {
    let page = |body: String| format!("<!DOCTYPE html><html><body>{body}");
    try_all(vec![
        hostile("deep.html", page("<div>".repeat(DEEP)), &["unreadable_file"]),
        hostile("bold.html", page("<b>".repeat(DEEP) + "x"), &["unreadable_file"]),
        hostile("anchors.html", page("<a href=x><p>".repeat(DEEP / 10)), &["completed"]),
        hostile("tables.html", page("<table><tr><td>".repeat(DEEP / 10)), &["completed"]),
        hostile("lists.html", page("<ul><li>".repeat(DEEP / 10)), &["completed"]),
        hostile("quotes.html", page("<blockquote>".repeat(DEEP / 10)), &["unreadable_file"]),
        hostile(
            "spans.html",
            page("<table><tr><td colspan=65535 rowspan=65535>x".to_owned() + &"<tr><td colspan=1000>y".repeat(1_000)),
            &["completed"],
        ),
        hostile(
            "attributes.html",
            page(format!("<p {}>x", (0..DEEP / 10).map(|n| format!("a{n}=x ")).collect::<String>())),
            &["completed"],
        ),
        hostile("comment.html", page("<!--".repeat(DEEP)), &["completed"]),
    ])
    .await;
}

#[tokio::test]
async fn rtf() {
    let rtf = |body: String| format!("{{\\rtf1\\ansi {body}}}");
    try_all(vec![
        hostile("groups.rtf", rtf("{".repeat(DEEP * 10)), &["unreadable_file"]),
        hostile("closed.rtf", rtf("}".repeat(DEEP)), &["completed"]),
        hostile("bin.rtf", rtf("\\bin2147483647 x".repeat(100)), &["completed"]),
        hostile(
            "cells.rtf",
            rtf("\\trowd".to_owned() + &"\\cellx1".repeat(DEEP) + &"x\\cell".repeat(DEEP) + "\\row"),
            &["completed"],
        ),
        hostile("nested.rtf", rtf("\\pard\\intbl\\itap9999 x\\nestcell\\nestrow ".repeat(1_000)), &["completed"]),
        hostile("skipped.rtf", rtf("\\uc99999\\u20013 x".repeat(DEEP)), &["completed"]),
        hostile("level.rtf", rtf("\\pard\\ilvl2147483647\\ls1\\outlinelevel-9 x\\par".repeat(1_000)), &["completed"]),
    ])
    .await;
}

#[tokio::test]
async fn messages() {
    let head = "From: a@example.com\r\nMessage-ID: <1@x>\r\nMIME-Version: 1.0\r\n";
    let inner = "Content-Type: message/rfc822\r\n\r\nFrom: b@example.com\r\nMessage-ID: <2@x>\r\n";
    let parts = |count: usize| {
        let one = "--B\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nx\r\n";
        format!("{head}Content-Type: multipart/mixed; boundary=B\r\n\r\n{}--B--", one.repeat(count))
    };
    let nested: String = (0..2_000)
        .map(|level| format!("Content-Type: multipart/mixed; boundary=\"b{level}\"\r\n\r\n--b{level}\r\n"))
        .collect();
    try_all(vec![
        hostile("matryoshka.eml", format!("{head}{}\r\nx", inner.repeat(5_000)), &["completed"]),
        hostile("nested.eml", format!("{head}{nested}\r\nx"), &["completed"]),
        hostile("parts.eml", parts(DEEP), &["archive_too_large"]),
        hostile("header.eml", format!("{head}{}\r\nx", "To: a@example.com\r\n".repeat(DEEP)), &["completed"]),
        hostile("folded.eml", format!("{head}Subject: {}\r\n\r\nx", "y\r\n ".repeat(DEEP)), &["completed"]),
        hostile("words.eml", format!("{head}Subject: {}\r\n\r\nx", "=?utf-8?B?eA==?= ".repeat(DEEP)), &["completed"]),
    ])
    .await;
}

/// What PostgreSQL does not store may stand in names that the failure quotes.
#[tokio::test]
async fn names_that_cannot_be_stored() {
    let padding = " ".repeat(1_000);
    let long = "n".repeat(1 << 20);
    try_all_on(
        Backend::Postgres,
        |_config| {},
        vec![
            hostile("nul.xml", format!("<?xml version='1.0'?><a\0b>{padding}</c>"), &["unreadable_file"]),
            hostile("long.xml", format!("<?xml version='1.0'?><{long}></c>"), &["unreadable_file"]),
            hostile(
                "nul.docx",
                zip(&[("[Content_Types].xml", b"<Types/>"), ("word/a\0b.xml", b"x")]),
                &["unreadable_file"],
            ),
        ],
    )
    .await;
}
