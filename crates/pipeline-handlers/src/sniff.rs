//! What a file is, told by its first bytes. The name only breaks ties among kinds of text.
//!
//! This runs in the server process, so it reads a bounded head and never opens a container: archives and OLE2 files
//! are told apart in the parser process, by `container`.

use encoding_rs::Encoding;
use serde::de::IgnoredAny;

use crate::encoding;
use crate::failure::{FailureCode, ParseFailure};
use crate::format::Format;
use crate::parsers::code::language_of;

/// How many bytes of a file [`sniff`] wants to see.
pub const HEAD_BYTES: usize = 64 << 10;

/// Where the first tag of an HTML document must begin, in characters.
const HTML_PROLOGUE: usize = 1_024;
/// Where `%PDF-` may begin: writers put junk before it, and readers have always accepted that.
const PDF_PROLOGUE: usize = 1_024;

/// Longest name of a field in the header of a message.
const MAX_FIELD_NAME: usize = 76;
/// Fields that messages have, and notes that people write may have too.
const MESSAGE_FIELDS: [&str; 6] = ["from", "to", "cc", "subject", "date", "reply-to"];
/// Fields that only mailers write.
const MAILER_FIELDS: [&str; 7] =
    ["received", "return-path", "message-id", "mime-version", "delivered-to", "dkim-signature", "x-mailer"];

/// What the head of a file shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sniffed {
    /// The format is known.
    Known(Format),
    /// A ZIP archive, perhaps an office file.
    Zip,
    /// An OLE2 container, perhaps an old office file or an encrypted new one.
    Ole2,
}

/// Tells the format by the head of the file.
///
/// # Errors
/// `empty_file` and `unsupported_type`.
pub fn sniff(head: &[u8], filename: &str) -> Result<Sniffed, ParseFailure> {
    if head.is_empty() {
        return Err(ParseFailure::new(FailureCode::EmptyFile, "the file is empty"));
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return Ok(Sniffed::Zip);
    }
    if head.starts_with(&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]) {
        return Ok(Sniffed::Ole2);
    }
    if head.starts_with(b"%PDF-") {
        return Ok(Sniffed::Known(Format::Pdf));
    }
    if head.starts_with(b"{\\rtf") {
        return Ok(Sniffed::Known(Format::Rtf));
    }
    if head.starts_with(b"%!PS") {
        return Err(ParseFailure::unsupported("PostScript"));
    }
    if is_picture(head) {
        return Ok(Sniffed::Known(Format::Image));
    }
    let extension = extension(filename);
    if is_text(head, &extension) {
        return Ok(Sniffed::Known(text_format(head, filename, &extension)));
    }
    let prologue = &head[..head.len().min(PDF_PROLOGUE)];
    if prologue.windows(5).any(|window| window == b"%PDF-") {
        return Ok(Sniffed::Known(Format::Pdf));
    }
    Err(ParseFailure::unsupported(infer::get(head).map_or("unknown binary", |kind| kind.mime_type())))
}

/// Whether the head is that of a raster picture. Told before text, since small numbers in 16 bits look like UTF-16.
fn is_picture(head: &[u8]) -> bool {
    head.starts_with(b"\x89PNG\r\n\x1a\n")
        || head.starts_with(b"\xFF\xD8\xFF")
        || head.starts_with(b"GIF87a")
        || head.starts_with(b"GIF89a")
        || head.starts_with(b"II*\0")
        || head.starts_with(b"MM\0*")
        || (head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP"))
        || is_bitmap(head)
}

/// Two letters are too little to tell a bitmap by: its reserved bytes are zero, and its second header has a known size.
fn is_bitmap(head: &[u8]) -> bool {
    head.starts_with(b"BM")
        && head.get(6..10) == Some(&[0; 4])
        && head.get(14..18).is_some_and(|size| matches!(size, [12 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0]))
}

fn extension(filename: &str) -> String {
    filename.rsplit_once('.').map_or_else(String::new, |(_, extension)| extension.to_ascii_lowercase())
}

/// The kind of text that a file name promises.
fn by_extension(extension: &str) -> Option<Format> {
    Some(match extension {
        "txt" | "text" | "log" => Format::Text,
        "md" | "markdown" | "mdown" | "mkd" => Format::Markdown,
        "json" | "geojson" => Format::Json,
        "csv" | "tsv" | "tab" | "psv" => Format::Csv,
        "ndjson" | "jsonl" | "ldjson" => Format::Ndjson,
        "yaml" | "yml" => Format::Yaml,
        "xml" | "xsd" | "xsl" | "xslt" | "svg" | "rss" | "atom" | "kml" | "gpx" => Format::Xml,
        "html" | "htm" | "xhtml" => Format::Html,
        _ => return None,
    })
}

/// Whether the bytes are text in some encoding: almost no control characters.
fn is_text(head: &[u8], extension: &str) -> bool {
    if Encoding::for_bom(head).is_some()
        || head.starts_with(&[0, 0, 0xFE, 0xFF])
        || encoding::utf16_without_mark(head).is_some()
    {
        return true;
    }
    let controls = head.iter().filter(|byte| is_odd_control(**byte)).count();
    let promised = by_extension(extension).is_some();
    // A file that says it is text may hold more of them: logs with colours, exports with stray NULs.
    let allowed = if promised && is_utf8_head(head) { head.len() / 3 } else { head.len() / 100 };
    controls <= allowed
}

fn is_odd_control(byte: u8) -> bool {
    matches!(byte, 0..=0x07 | 0x0E..=0x1A | 0x1C..=0x1F | 0x7F)
}

/// Valid UTF-8, but for a character that the end of the head cuts.
fn is_utf8_head(head: &[u8]) -> bool {
    match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    }
}

fn text_format(head: &[u8], filename: &str, extension: &str) -> Format {
    let text = encoding::decode(head).text;
    let start = text.trim_start();
    if is_html(start) {
        return Format::Html;
    }
    if is_message(&text, extension) {
        return Format::Eml;
    }
    let promised = by_extension(extension);
    if matches!(promised, None | Some(Format::Json)) && is_json_lines(start) {
        return Format::Ndjson;
    }
    if let Some(format) = promised {
        return format;
    }
    if language_of(filename, start).is_some() {
        return Format::Code;
    }
    if start.starts_with("<?xml") {
        return Format::Xml;
    }
    if start.starts_with("%YAML ") {
        return Format::Yaml;
    }
    if is_json(start, head.len() == HEAD_BYTES) { Format::Json } else { Format::Text }
}

/// Whether text begins with the header of a message: nothing but fields, among them some that only mailers write.
fn is_message(text: &str, extension: &str) -> bool {
    let is_promised = matches!(extension, "eml" | "mht" | "mhtml");
    let (mut known, mut of_mailers) = (0, 0);
    for (index, line) in text.lines().enumerate() {
        if line.is_empty() {
            break;
        }
        if line.starts_with([' ', '\t']) && index > 0 {
            continue;
        }
        let Some((name, _)) = line.split_once(':') else { return false };
        if name.is_empty() || name.len() > MAX_FIELD_NAME || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
            return false;
        }
        let name = name.to_ascii_lowercase();
        known += usize::from(MESSAGE_FIELDS.contains(&name.as_str()));
        of_mailers += usize::from(MAILER_FIELDS.contains(&name.as_str()));
    }
    known + of_mailers >= 2 && (is_promised || of_mailers >= 1) || is_promised && known + of_mailers >= 1
}

/// Whether text is a JSON object or array, or the beginning of one when the head does not show its end.
fn is_json(start: &str, is_cut: bool) -> bool {
    start.starts_with(['{', '['])
        && match serde_json::from_str::<IgnoredAny>(start) {
            Ok(_) => true,
            Err(error) => is_cut && error.is_eof(),
        }
}

/// Whether each of the first two lines is a JSON object.
fn is_json_lines(start: &str) -> bool {
    let mut lines = start.lines().filter(|line| !line.trim().is_empty());
    let mut is_object =
        || lines.next().is_some_and(|line| line.starts_with('{') && serde_json::from_str::<IgnoredAny>(line).is_ok());
    is_object() && is_object()
}

/// Whether text begins as an HTML document does, whatever its name.
fn is_html(start: &str) -> bool {
    let mut prologue: String = start.chars().take(HTML_PROLOGUE).collect();
    prologue.make_ascii_lowercase();
    let mut rest = prologue.as_str();
    loop {
        rest = rest.trim_start();
        let skipped = rest
            .strip_prefix("<!--")
            .and_then(|comment| comment.split_once("-->"))
            .or_else(|| rest.strip_prefix("<?xml").and_then(|declaration| declaration.split_once("?>")));
        match skipped {
            Some((_, after)) => rest = after,
            None => break,
        }
    }
    ["<!doctype html", "<html", "<head>", "<body"].iter().any(|tag| rest.starts_with(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(head: &[u8], filename: &str, expected: Format) {
        assert_eq!(sniff(head, filename), Ok(Sniffed::Known(expected)), "{filename}");
    }

    #[track_caller]
    fn refused(head: &[u8], filename: &str, code: FailureCode) {
        assert_eq!(sniff(head, filename).map_err(|failure| failure.code), Err(code), "{filename}");
    }

    #[test]
    fn content_beats_the_name() {
        check(b"%PDF-1.7\n", "report.txt", Format::Pdf);
        check(b"{\\rtf1 hello}", "letter.doc", Format::Rtf);
        check(b"<!DOCTYPE html><p>x", "notes.txt", Format::Html);
        check(b"<!-- saved --> \n<html><p>x", "data.csv", Format::Html);
        check(b"<?xml version=\"1.0\"?>\n<html xmlns=\"x\">", "page.xml", Format::Html);
        check("你好，世界".as_bytes(), "broken.pdf", Format::Text);
        check(b"\x01\x02junk\xFF\xFE\x80\x00\n%PDF-1.4\n", "x", Format::Pdf);
    }

    #[test]
    fn the_name_breaks_ties_among_text() {
        check(b"a,b\n1,2\n", "a.csv", Format::Csv);
        check(b"a,b\n1,2\n", "a.txt", Format::Text);
        check(b"# a", "A.MD", Format::Markdown);
        check(b"{\"a\": 1}", "a.json", Format::Json);
        check(b"{\"a\": 1}", "a", Format::Json);
        check(b"{a}", "a", Format::Text);
        check(b"<p>x</p>", "a.htm", Format::Html);
        check(b"BMW, Audi", "cars", Format::Text);
        check(b"h\0i\0 \0t\0h\0e\0r\0e\0", "utf16.txt", Format::Text);
        check(b"a\0b", "nul.txt", Format::Text);
        check(b"Message-ID: <a@b>\nSubject: s\n\nhello", "a.txt", Format::Eml);
        check(b"From: a\nTo: b\nSubject: s\n\nhello", "a.txt", Format::Text);
        check(b"From: a\nTo: b\nSubject: s\n\nhello", "a.eml", Format::Eml);
        check(b"Message-ID: x\nno field\nDate: x", "a.txt", Format::Text);
        check(b"a: 1", "a.yml", Format::Yaml);
        check(b"%YAML 1.2\n---\na: 1", "a", Format::Yaml);
        check(b"<a/>", "a.xml", Format::Xml);
        check(b"\xEF\xBB\xBF<?xml version='1.0'?><a/>", "a", Format::Xml);
        check(b"{\"a\": 1}\n{\"a\": 2}\n", "a.json", Format::Ndjson);
        check(b"{\"a\": 1}\n{\"a\": 2}\n", "a", Format::Ndjson);
        check(b"{\"a\": 1}\n{\"a\": 2}\n", "a.log", Format::Text);
        check(b"x", "a.jsonl", Format::Ndjson);
        check(b"fn main() {}", "main.rs", Format::Code);
        check(b"#!/bin/sh\nls", "run", Format::Code);
        let long = format!("[{}1]", "1, ".repeat(HEAD_BYTES));
        check(&long.as_bytes()[..HEAD_BYTES], "a", Format::Json);
    }

    #[test]
    fn what_nobody_reads_is_refused() {
        refused(b"", "a.pdf", FailureCode::EmptyFile);
        refused(&[0x7F, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0], "a", FailureCode::UnsupportedType);
        refused(b"%!PS-Adobe-3.0", "a.txt", FailureCode::UnsupportedType);
        refused(b"\0\x01\x02\x03\x04\x05\x06\x07", "a.csv", FailureCode::UnsupportedType);
    }

    #[test]
    fn pictures_are_told_by_content() {
        check(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0", "a.txt", Format::Image);
        check(b"\xFF\xD8\xFF\xE0\0\x10JFIF", "a", Format::Image);
        check(b"GIF89a\x01\0\x01\0", "a.png", Format::Image);
        check(b"II*\0\x08\0\0\0\x10\0\0\x01", "a.tiff", Format::Image);
        check(b"RIFF\x10\0\0\0WEBPVP8 ", "a", Format::Image);
        check(b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", "a", Format::Image);
        check(b"BMW sells cars, and Audi sells cars too", "a.bmp", Format::Text);
    }

    #[test]
    fn containers_are_left_to_the_parser_process() {
        assert_eq!(sniff(b"PK\x03\x04rest", "a.docx"), Ok(Sniffed::Zip));
        assert_eq!(sniff(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "a.xls"), Ok(Sniffed::Ole2));
    }
}
