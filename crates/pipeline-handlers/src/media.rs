//! Media types of files, as stored with an upload.

use crate::format::Format;
use crate::sniff::{Sniffed, sniff};

/// The media type by the head of the file; its name breaks ties among kinds of text and of ZIP containers.
/// `application/octet-stream` when nothing is known.
pub fn media_type(head: &[u8], filename: &str) -> &'static str {
    match sniff(head, filename) {
        Ok(Sniffed::Known(format)) => of_format(format, head, filename),
        Ok(Sniffed::Zip) => by_extension(filename).unwrap_or("application/zip"),
        Ok(Sniffed::Ole2) => by_extension(filename).unwrap_or("application/x-ole-storage"),
        Err(_) => infer::get(head).map_or("application/octet-stream", |kind| kind.mime_type()),
    }
}

/// Whether files of this media type are tables, or folders of files that may be.
pub(crate) fn has_rows(media_type: &str) -> bool {
    ["csv", "ndjson", "excel", "spreadsheet", "zip", "rfc822", "ole-storage"]
        .iter()
        .any(|part| media_type.contains(part))
}

fn by_extension(filename: &str) -> Option<&'static str> {
    let extension = filename.rsplit_once('.')?.1.to_ascii_lowercase();
    Some(match extension.as_str() {
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "xlsb" => "application/vnd.ms-excel.sheet.binary.macroenabled.12",
        "ods" => "application/vnd.oasis.opendocument.spreadsheet",
        "odt" => "application/vnd.oasis.opendocument.text",
        "odp" => "application/vnd.oasis.opendocument.presentation",
        "epub" => "application/epub+zip",
        "xls" => "application/vnd.ms-excel",
        "doc" => "application/msword",
        "ppt" => "application/vnd.ms-powerpoint",
        _ => return None,
    })
}

fn of_format(format: Format, head: &[u8], filename: &str) -> &'static str {
    match format {
        Format::Text | Format::Code => "text/plain",
        Format::Markdown => "text/markdown",
        Format::Json => "application/json",
        Format::Ndjson => "application/x-ndjson",
        Format::Xml => "application/xml",
        Format::Yaml => "application/yaml",
        Format::Csv => "text/csv",
        Format::Html => "text/html",
        Format::Pdf => "application/pdf",
        Format::Rtf => "application/rtf",
        Format::Eml => "message/rfc822",
        Format::Zip => "application/zip",
        Format::Image => infer::get(head).map_or("application/octet-stream", |kind| kind.mime_type()),
        Format::Xlsx
        | Format::Xlsb
        | Format::Xls
        | Format::Ods
        | Format::Odt
        | Format::Odp
        | Format::Epub
        | Format::Docx
        | Format::Pptx
        | Format::Doc
        | Format::Ppt => by_extension(filename).unwrap_or("application/octet-stream"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_comes_before_the_name() {
        let check = |head: &[u8], name: &str, expected: &str| assert_eq!(media_type(head, name), expected, "{name}");
        check(b"%PDF-1.7 ...", "x.txt", "application/pdf");
        check(b"plain words", "x.txt", "text/plain");
        check(b"{\"a\": 1}", "x.json", "application/json");
        check(b"PK\x03\x04....", "x.zip", "application/zip");
        check(b"\x89PNG\r\n\x1a\n", "x.png", "image/png");
        check(b"", "x", "application/octet-stream");
    }
}
