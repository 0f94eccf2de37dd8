//! The one list of parsers, and the choice among them.

use std::path::Path;

use millrace_domain::document::ParsedDocument;
use millrace_domain::parse_options::ParseOptions;

use crate::budget::Budget;
use crate::container;
use crate::draft::finish;
use crate::failure::{FailureCode, ParseFailure};
use crate::file;
use crate::format::Format;
use crate::limits::ParserLimits;
use crate::members::{MemberReader, Members};
use crate::pages;
use crate::parser::{Input, Isolation, Parser};
use crate::parsers;
use crate::rows::RowWriter;
use crate::sniff::{HEAD_BYTES, Sniffed, sniff};

/// Grows whenever what is done behind every parser may give another document.
const FINISHING: &str = "2";

/// Parsers by format.
pub struct ParserRegistry {
    parsers: Vec<Box<dyn Parser>>,
}

/// Every parser that is built in.
pub fn builtin() -> ParserRegistry {
    ParserRegistry::new(vec![
        Box::new(parsers::text::TextParser),
        Box::new(parsers::markdown::MarkdownParser),
        Box::new(parsers::json::JsonParser),
        Box::new(parsers::ndjson::NdjsonParser),
        Box::new(parsers::xml::XmlParser),
        Box::new(parsers::yaml::YamlParser),
        Box::new(parsers::code::CodeParser),
        Box::new(parsers::csv::CsvParser),
        Box::new(parsers::spreadsheet::SpreadsheetParser),
        Box::new(parsers::html::HtmlParser),
        Box::new(parsers::office::OfficeParser),
        Box::new(parsers::pdf::PdfParser),
        Box::new(parsers::rtf::RtfParser),
        Box::new(parsers::opendocument::OpenDocumentParser),
        Box::new(parsers::epub::EpubParser),
        Box::new(parsers::archive::ArchiveParser),
        Box::new(parsers::message::MessageFileParser),
    ])
}

impl ParserRegistry {
    /// A registry of these parsers; the first that reads a format has it.
    pub fn new(parsers: Vec<Box<dyn Parser>>) -> Self {
        Self { parsers }
    }

    /// The parsers, in order.
    pub fn parsers(&self) -> impl Iterator<Item = &dyn Parser> {
        self.parsers.iter().map(AsRef::as_ref)
    }

    /// The parser of a format.
    pub fn parser_for(&self, format: Format) -> Option<&dyn Parser> {
        self.parsers().find(|parser| parser.formats().contains(&format))
    }

    /// Where a file must be parsed, told by its head: containers are not even opened in the server.
    ///
    /// # Errors
    /// `empty_file` and `unsupported_type`.
    pub fn isolation(&self, head: &[u8], filename: &str) -> Result<Isolation, ParseFailure> {
        match sniff(head, filename)? {
            Sniffed::Zip | Sniffed::Ole2 => Ok(Isolation::Child),
            Sniffed::Known(format) => Ok(self.require(format)?.isolation()),
        }
    }

    /// Parses one file.
    ///
    /// # Errors
    /// A [`ParseFailure`] whose code says what is wrong with the file.
    pub fn parse(
        &self,
        bytes: &[u8],
        filename: &str,
        limits: &ParserLimits,
        options: &ParseOptions,
    ) -> Result<ParsedDocument, ParseFailure> {
        let budget = Budget::new(limits);
        let inside = ParseOptions { pages: None, ..options.clone() };
        let members = Members::of_upload(self, &budget, limits, &inside);
        let mut document = self.parse_member(bytes, filename, limits, options, &members)?;
        pages::check(&mut document, options)?;
        Ok(document)
    }

    /// Parses a file on disk. Given a place for rows, those that are too many for a document go there, and large files of
    /// rows are never held in memory.
    ///
    /// # Errors
    /// A [`ParseFailure`] whose code says what is wrong with the file.
    pub fn parse_file(
        &self,
        path: &Path,
        filename: &str,
        limits: &ParserLimits,
        options: &ParseOptions,
        rows: Option<&Path>,
    ) -> Result<ParsedDocument, ParseFailure> {
        let file = file::open(path, limits)?;
        let is_large = file.metadata().is_ok_and(|metadata| metadata.len() > limits.max_inline_bytes);
        if is_large
            && let Some(rows) = rows
            && let Sniffed::Known(format) = sniff(&file::head(&file, HEAD_BYTES)?, filename)?
            && let parser = self.require(format)?
            && let Some(stream) = parser.streaming()
            && let Some(draft) = stream.read_rows(&file, limits, &mut RowWriter::new(rows, limits))?
        {
            let mut document = finish(draft, parser.name(), parser.version());
            pages::check(&mut document, options)?;
            return Ok(document);
        }
        let bytes = file::read_whole(&file, limits)?;
        self.parse(&bytes, filename, limits, options)
    }

    /// Names and versions of all parsers as one text: what else than the bytes and options decides a parse.
    pub fn version(&self) -> String {
        let parsers = self.parsers().map(|parser| format!("{}:{}", parser.name(), parser.version()));
        std::iter::once(format!("all:{FINISHING}")).chain(parsers).collect::<Vec<_>>().join(",")
    }

    fn require(&self, format: Format) -> Result<&dyn Parser, ParseFailure> {
        self.parser_for(format).ok_or_else(|| no_parser(format))
    }
}

impl MemberReader for ParserRegistry {
    fn parse_member(
        &self,
        bytes: &[u8],
        filename: &str,
        limits: &ParserLimits,
        options: &ParseOptions,
        members: &Members<'_>,
    ) -> Result<ParsedDocument, ParseFailure> {
        let head = &bytes[..bytes.len().min(HEAD_BYTES)];
        let format = match sniff(head, filename)? {
            Sniffed::Known(format) => format,
            Sniffed::Zip => container::zip_format(bytes, limits, members.budget())?,
            Sniffed::Ole2 => container::ole2_format(bytes)?,
        };
        self.parse_format(bytes, filename, format, limits, options, members)
    }

    fn parse_format(
        &self,
        bytes: &[u8],
        filename: &str,
        format: Format,
        limits: &ParserLimits,
        options: &ParseOptions,
        members: &Members<'_>,
    ) -> Result<ParsedDocument, ParseFailure> {
        let parser = self.require(format)?;
        let draft = parser.parse(Input { bytes, format, limits, options, filename, members: Some(members) })?;
        if draft.pages > limits.max_pages {
            return Err(ParseFailure::too_many_pages(draft.pages, limits));
        }
        Ok(finish(draft, parser.name(), parser.version()))
    }
}

/// The failure for a format that is known and that no parser here reads.
fn no_parser(format: Format) -> ParseFailure {
    match format {
        Format::Image => ParseFailure::new(
            FailureCode::OcrUnavailable,
            "the file is a picture: reading the text in it needs OCR, which this installation does not have",
        ),
        other => ParseFailure::unsupported(other.label()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_format_has_one_parser_with_a_name_of_its_own() {
        let registry = builtin();
        let mut names = HashSet::new();
        for parser in registry.parsers() {
            assert!(names.insert(parser.name()), "{} is there twice", parser.name());
            assert!(parser.name().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{}", parser.name());
            assert!(!parser.version().is_empty() && !parser.formats().is_empty(), "{}", parser.name());
        }
        // Pictures have none: what reads them is not built in.
        for format in Format::ALL.into_iter().filter(|format| *format != Format::Image) {
            let readers = registry.parsers().filter(|parser| parser.formats().contains(&format)).count();
            assert_eq!(readers, 1, "{format:?}");
        }
    }

    #[test]
    fn only_text_is_parsed_in_the_server() {
        let registry = builtin();
        for (head, isolation) in [
            (&b"hello"[..], Isolation::InProcess),
            (b"%PDF-1.4", Isolation::Child),
            (b"<html>", Isolation::Child),
            (b"PK\x03\x04", Isolation::Child),
            (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", Isolation::Child),
        ] {
            assert_eq!(registry.isolation(head, "a.txt"), Ok(isolation));
        }
    }
}
