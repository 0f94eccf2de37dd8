//! A ZIP archive as a folder: every file in it is parsed as if it had been uploaded alone.
//!
//! Nothing is extracted to disk, so names are only shown. What the archive inflates to has been counted against the
//! shared budget before this parser sees it (`container`).

use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::read::ZipFile;

use crate::container::zip_failure;
use crate::draft::Draft;
use crate::encoding;
use crate::failure::{FailureCode, ParseFailure};
use crate::format::Format;
use crate::parser::{Input, Isolation, Parser};
use crate::sections::Sections;

/// Longest path shown, in characters.
const MAX_PATH: usize = 300;

/// Reads ZIP archives of any files.
#[derive(Debug, Clone, Copy, Default)]
pub struct ArchiveParser;

impl Parser for ArchiveParser {
    fn name(&self) -> &'static str {
        "archive"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn formats(&self) -> &'static [Format] {
        &[Format::Zip]
    }

    fn isolation(&self) -> Isolation {
        Isolation::Child
    }

    fn parse(&self, input: Input<'_>) -> Result<Draft, ParseFailure> {
        let members = input.members.ok_or_else(|| ParseFailure::unsupported("ZIP without a registry"))?;
        let mut archive =
            ZipArchive::new(Cursor::new(input.bytes)).map_err(|error| ParseFailure::unreadable("ZIP", error))?;
        let mut sections = Sections::default();
        let mut skipped = 0_usize;
        for index in 0..archive.len() {
            let entry = archive.by_index_raw(index).map_err(|error| ParseFailure::unreadable("ZIP", error))?;
            let (path, is_dir, is_link) = (shown_path(&entry), entry.is_dir(), entry.is_symlink());
            drop(entry);
            if is_dir {
                continue;
            }
            if is_link || is_junk(&path) {
                skipped += 1;
                continue;
            }
            let outcome = read(&mut archive, index).and_then(|bytes| members.parse(&bytes, &path, None));
            sections.member(&path, 1, outcome)?;
        }
        if sections.members_read() == 0 {
            return Err(sections
                .nothing_read()
                .unwrap_or_else(|| ParseFailure::new(FailureCode::EmptyFile, "the archive holds no files")));
        }
        if skipped > 0 {
            sections.warn(format!("{skipped} entries were skipped: links, or files that systems leave behind"));
        }
        Ok(sections.into_draft())
    }
}

/// Inflates one entry; the sizes of all of them have been checked.
fn read(archive: &mut ZipArchive<Cursor<&[u8]>>, index: usize) -> Result<Vec<u8>, ParseFailure> {
    let mut entry = archive.by_index(index).map_err(zip_failure)?;
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).map_err(|error| ParseFailure::unreadable("ZIP", error))?;
    Ok(bytes)
}

/// The entry's path as people should see it: in whatever encoding the packer wrote it, without what would lead out of
/// the archive, without control characters, and of bounded length.
fn shown_path(entry: &ZipFile<'_, Cursor<&[u8]>>) -> String {
    let decoded = encoding::decode(entry.name_raw()).text.replace('\\', "/");
    let parts: Vec<&str> = decoded.split('/').filter(|part| !matches!(*part, "" | "." | "..")).collect();
    let path: String = parts.join("/").chars().filter(|character| !character.is_control()).collect();
    match path.char_indices().rev().nth(MAX_PATH) {
        // The end holds the file's name.
        Some((cut, first)) => format!("…{}", &path[cut + first.len_utf8()..]),
        None if path.is_empty() => "unnamed".to_owned(),
        None => path,
    }
}

/// Whether a path is one of those that operating systems add on their own.
fn is_junk(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    path.starts_with("__MACOSX/")
        || path.contains("/__MACOSX/")
        || name.starts_with("._")
        || matches!(name.to_ascii_lowercase().as_str(), ".ds_store" | "thumbs.db" | "desktop.ini")
}
