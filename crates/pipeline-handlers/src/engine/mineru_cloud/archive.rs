//! The ZIP archive of mineru.net: `full.md`, `*_content_list.json`, `layout.json` (which is `middle.json`) and pictures.
//!
//! Names vary, so files are told by their suffixes. The archive is counted against the same budget as an uploaded one
//! before a byte of it is used.

use std::io::{Cursor, Read};

use millrace_domain::parse_options::PageRanges;
use serde_json::Value;
use zip::ZipArchive;

use crate::budget::Budget;
use crate::container::{self, zip_failure};
use crate::engine::mineru::result::document;
use crate::engine::mineru::wire::Middle;
use crate::engine::remote::form::{Understood, not_understood};
use crate::failure::ParseFailure;
use crate::limits::ParserLimits;

/// Reads an archive.
///
/// # Errors
/// `archive_too_large`; when it is none, or holds no result.
pub(in crate::engine) fn read(
    bytes: &[u8],
    asked: Option<&PageRanges>,
    limits: &ParserLimits,
) -> Result<Understood, ParseFailure> {
    // A download that broke off has no directory at its end.
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| not_understood("mineru.net", error))?;
    container::check_archive(&mut archive, limits, &Budget::new(limits))?;
    let names: Vec<String> = archive.file_names().filter_map(|name| Some(name.ok()?.into_owned())).collect();
    let list = find(&names, |name| name.ends_with("content_list.json"));
    let middle = find(&names, |name| name.ends_with("layout.json") || name.ends_with("middle.json"));
    let markdown =
        find(&names, |name| name.ends_with("full.md")).or_else(|| find(&names, |name| name.ends_with(".md")));
    let list = list.map(|name| json(&mut archive, name)).transpose()?;
    let middle = middle.map(|name| json(&mut archive, name)).transpose()?;
    let markdown = markdown.map(|name| text(&mut archive, name)).transpose()?;
    let version = middle.clone().and_then(|middle| serde_json::from_value::<Middle>(middle).ok());
    let draft = document(list, middle, markdown, asked, limits)?;
    Ok(Understood { draft, version: version.map_or_else(|| "v4".to_owned(), |middle| middle.version()) })
}

/// The name with the fewest folders that fits.
fn find(names: &[String], fits: impl Fn(&str) -> bool) -> Option<&str> {
    let found = names.iter().map(String::as_str).filter(|name| fits(name));
    found.min_by_key(|name| (name.matches('/').count(), name.len()))
}

fn json(archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Result<Value, ParseFailure> {
    serde_json::from_str(&text(archive, name)?).map_err(|error| not_understood("mineru.net", error))
}

fn text(archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Result<String, ParseFailure> {
    let mut entry = archive.by_name(name).map_err(zip_failure)?;
    let mut text = String::new();
    entry.read_to_string(&mut text).map_err(|error| not_understood("mineru.net", error))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;
    use crate::failure::FailureCode;

    fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in entries {
            writer.start_file(*name, SimpleFileOptions::default()).expect("an entry");
            writer.write_all(bytes).expect("written");
        }
        writer.finish().expect("an archive").into_inner()
    }

    const LIST: &[u8] = br#"[{"type": "text", "text": "Hello", "page_idx": 0, "bbox": [0, 0, 500, 500]}]"#;
    const LAYOUT: &[u8] =
        br#"{"pdf_info": [{"page_idx": 0, "page_size": [100, 200]}], "_backend": "vlm", "_version_name": "3"}"#;

    #[test]
    fn files_are_told_by_their_suffixes() {
        let archive = zip(&[
            ("images/a.jpg", b"x"),
            ("full.md", b"Hello"),
            ("5c0f_content_list.json", LIST),
            ("layout.json", LAYOUT),
        ]);
        let understood = read(&archive, None, &ParserLimits::default()).expect("understood");
        assert_eq!(understood.draft.blocks[0].bbox, Some([0.0, 0.0, 50.0, 100.0]));
        assert_eq!(understood.version, "3+vlm");
        let html = zip(&[("full.md", b"# T"), ("main.html", b"<h1>T")]);
        assert_eq!(read(&html, None, &ParserLimits::default()).expect("understood").draft.blocks[0].text, "T");
    }

    #[test]
    fn archives_are_counted_and_checked() {
        let limits = ParserLimits::default();
        let code = |bytes: &[u8], limits: &ParserLimits| read(bytes, None, limits).expect_err("refused").code;
        let good = zip(&[("full.md", b"Hello")]);
        assert_eq!(code(&good[..good.len() - 10], &limits), FailureCode::ParserProtocol);
        assert_eq!(code(&zip(&[("a.txt", b"x")]), &limits), FailureCode::ParserProtocol);
        let bomb = zip(&[("full.md", &vec![b' '; 8 << 20])]);
        assert_eq!(code(&bomb, &limits), FailureCode::ArchiveTooLarge);
        let few = ParserLimits { max_zip_entries: 1, ..limits };
        assert_eq!(code(&zip(&[("full.md", b"x"), ("b", b"y")]), &few), FailureCode::ArchiveTooLarge);
    }
}
