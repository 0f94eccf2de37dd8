//! What is inside a ZIP archive or an OLE2 file. Runs in parser processes only.

use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::budget::Budget;
use crate::failure::ParseFailure;
use crate::format::Format;
use crate::limits::ParserLimits;
use crate::ole2::Container;

/// Bytes an entry may inflate to before its ratio counts: small files of blanks compress well, and harm nobody.
const RATIO_FREE_BYTES: u64 = 1 << 20;
/// Longest `mimetype` entry read.
const MIMETYPE_BYTES: u64 = 256;

/// Tells the format of an archive and refuses it when it would inflate to too much. What it costs is taken from the
/// budget that it shares with the files around it.
///
/// # Errors
/// `archive_too_large`, `encrypted_file`, `unreadable_file`, `unsupported_type`.
pub(crate) fn zip_format(bytes: &[u8], limits: &ParserLimits, budget: &Budget) -> Result<Format, ParseFailure> {
    let mut archive =
        ZipArchive::new(Cursor::new(bytes)).map_err(|error| ParseFailure::unreadable("ZIP-based", error))?;
    budget.take_entries(archive.len())?;
    let format = format_of(&mut archive)?;
    check_inflated_size(&mut archive, format, limits, budget)?;
    Ok(format)
}

/// Refuses an archive of a service when it would inflate to too much, or holds what cannot be read.
///
/// # Errors
/// `archive_too_large`, `encrypted_file`, `unreadable_file`.
pub(crate) fn check_archive(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    limits: &ParserLimits,
    budget: &Budget,
) -> Result<(), ParseFailure> {
    budget.take_entries(archive.len())?;
    let mut buffer = vec![0_u8; 64 << 10];
    for index in 0..archive.len() {
        count_entry(archive, index, &mut buffer, limits, budget).map_err(|error| match error {
            EntryError::OverLimit(failure) | EntryError::Unreadable(failure) => failure,
        })?;
    }
    Ok(())
}

fn format_of(archive: &mut ZipArchive<Cursor<&[u8]>>) -> Result<Format, ParseFailure> {
    let mut media_type = String::new();
    if let Ok(entry) = archive.by_name("mimetype") {
        // Not text, then not a type: the names decide.
        if entry.take(MIMETYPE_BYTES).read_to_string(&mut media_type).is_err() {
            media_type.clear();
        }
    }
    match media_type.trim() {
        "" => {}
        "application/vnd.oasis.opendocument.spreadsheet" => return Ok(Format::Ods),
        "application/vnd.oasis.opendocument.text" | "application/vnd.oasis.opendocument.text-template" => {
            return Ok(Format::Odt);
        }
        "application/vnd.oasis.opendocument.presentation"
        | "application/vnd.oasis.opendocument.presentation-template" => return Ok(Format::Odp),
        "application/epub+zip" => return Ok(Format::Epub),
        // Any other archive may hold a file of this name.
        other if !other.starts_with("application/") => {}
        other => return Err(ParseFailure::unsupported(other)),
    }
    let mut found = None;
    let mut is_package = false;
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(|error| ParseFailure::unreadable("ZIP-based", error))?;
        // A name that cannot be read is no name that is looked for.
        let name = entry.name().unwrap_or_default();
        is_package |= name.eq_ignore_ascii_case("[Content_Types].xml");
        found = found.or(match &*name {
            "xl/workbook.bin" => Some(Format::Xlsb),
            _ if name.starts_with("xl/") => None,
            _ if name.starts_with("word/") => Some(Format::Docx),
            _ if name.starts_with("ppt/") => Some(Format::Pptx),
            _ => None,
        });
    }
    if !is_package {
        return Ok(Format::Zip);
    }
    let has_sheets = archive.index_for_name("xl/workbook.xml").is_some();
    match found {
        _ if has_sheets => Ok(Format::Xlsx),
        Some(format) => Ok(format),
        None => Err(ParseFailure::unsupported("Office Open XML of another kind")),
    }
}

/// Inflates every entry into nothing and counts. What headers say about sizes is not asked: a bomb lies.
fn check_inflated_size(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    format: Format,
    limits: &ParserLimits,
    budget: &Budget,
) -> Result<(), ParseFailure> {
    let mut buffer = vec![0_u8; 64 << 10];
    for index in 0..archive.len() {
        match count_entry(archive, index, &mut buffer, limits, budget) {
            Ok(()) => {}
            Err(EntryError::OverLimit(failure)) => return Err(failure),
            // In an archive of any files, one that cannot be read is named later, and its neighbours are read.
            Err(EntryError::Unreadable(_)) if format == Format::Zip => {}
            Err(EntryError::Unreadable(failure)) => return Err(failure),
        }
    }
    Ok(())
}

enum EntryError {
    OverLimit(ParseFailure),
    Unreadable(ParseFailure),
}

fn count_entry(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    index: usize,
    buffer: &mut [u8],
    limits: &ParserLimits,
    budget: &Budget,
) -> Result<(), EntryError> {
    let mut entry = archive.by_index(index).map_err(|error| EntryError::Unreadable(zip_failure(error)))?;
    let stored = entry.compressed_size().max(1);
    let mut inflated = 0_u64;
    loop {
        let read =
            entry.read(buffer).map_err(|error| EntryError::Unreadable(ParseFailure::unreadable("ZIP-based", error)))?;
        if read == 0 {
            return Ok(());
        }
        inflated += read as u64;
        budget.take_bytes(read as u64).map_err(EntryError::OverLimit)?;
        if inflated > RATIO_FREE_BYTES && inflated / stored > limits.max_compression_ratio {
            let detail = format!("an entry inflates to more than {} times its size", limits.max_compression_ratio);
            return Err(EntryError::OverLimit(ParseFailure::archive_too_large(detail)));
        }
    }
}

/// The bytes of the entry of this name, whose size has been checked; `None` when there is none.
///
/// # Errors
/// `unreadable_file`, `encrypted_file`.
pub(crate) fn entry(archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Result<Option<Vec<u8>>, ParseFailure> {
    let mut entry = match archive.by_name(name) {
        Ok(entry) => entry,
        Err(ZipError::FileNotFound) => return Ok(None),
        Err(error) => return Err(zip_failure(error)),
    };
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).map_err(|error| ParseFailure::unreadable("ZIP-based", error))?;
    Ok(Some(bytes))
}

/// What an archive's reader says about an entry.
pub(crate) fn zip_failure(error: ZipError) -> ParseFailure {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => ParseFailure::encrypted("ZIP-based"),
        other => ParseFailure::unreadable("ZIP-based", other),
    }
}

/// Tells the format of an OLE2 file.
///
/// # Errors
/// `encrypted_file`, `unreadable_file`, `unsupported_type`.
pub(crate) fn ole2_format(bytes: &[u8]) -> Result<Format, ParseFailure> {
    match undoc::detect_format_from_bytes(bytes) {
        Ok(undoc::FormatType::Xls) => Ok(Format::Xls),
        Ok(undoc::FormatType::Doc) => Ok(Format::Doc),
        Ok(undoc::FormatType::Ppt) => Ok(Format::Ppt),
        Ok(_) => Err(ParseFailure::unsupported("OLE2")),
        Err(error) => match error.kind() {
            undoc::ErrorKind::Encrypted => Err(ParseFailure::encrypted("office")),
            // The same answer for a container that is broken as for one of another kind.
            undoc::ErrorKind::UnsupportedFormat if Container::open(bytes).is_none() => {
                Err(ParseFailure::unreadable("office", "its container is broken"))
            }
            undoc::ErrorKind::UnsupportedFormat => Err(ParseFailure::unsupported("OLE2")),
            _ => Err(ParseFailure::unreadable("office", error)),
        },
    }
}
