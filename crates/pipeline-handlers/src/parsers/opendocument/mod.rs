//! OpenDocument text and presentations (ODT, ODP) → Markdown.

mod content;
mod styles;
mod tables;

use std::io::Cursor;

use zip::ZipArchive;

use crate::container::entry;
use crate::draft::Draft;
use crate::failure::ParseFailure;
use crate::format::Format;
use crate::parser::{Input, Isolation, Parser};

/// Reads ODT and ODP.
#[derive(Debug, Clone, Copy, Default)]
pub struct OpenDocumentParser;

impl Parser for OpenDocumentParser {
    fn name(&self) -> &'static str {
        "opendocument"
    }

    fn version(&self) -> &'static str {
        "1+quick-xml-0.42"
    }

    fn formats(&self) -> &'static [Format] {
        &[Format::Odt, Format::Odp]
    }

    fn isolation(&self) -> Isolation {
        Isolation::Child
    }

    fn parse(&self, input: Input<'_>) -> Result<Draft, ParseFailure> {
        let label = input.format.label();
        let mut archive =
            ZipArchive::new(Cursor::new(input.bytes)).map_err(|error| ParseFailure::unreadable(label, error))?;
        let manifest = entry(&mut archive, "META-INF/manifest.xml")?.unwrap_or_default();
        if String::from_utf8_lossy(&manifest).contains("encryption-data") {
            return Err(ParseFailure::encrypted(label));
        }
        let missing = || ParseFailure::unreadable(label, "it has no content.xml");
        let content = entry(&mut archive, "content.xml")?.ok_or_else(missing)?;
        let content = String::from_utf8(content).map_err(|error| ParseFailure::unreadable(label, error))?;
        let styles = entry(&mut archive, "styles.xml")?.unwrap_or_default();
        let mut read = content::read(&content, &String::from_utf8_lossy(&styles), input.format == Format::Odp)
            .map_err(|detail| ParseFailure::unreadable(label, detail))?;
        if read.pages > input.limits.max_pages {
            return Err(ParseFailure::too_many_pages(read.pages, input.limits));
        }
        if read.writer.is_empty() {
            read.warnings.push("the document holds no text".to_owned());
        }
        let (markdown, blocks) = read.writer.finish();
        Ok(Draft { markdown, blocks, pages: read.pages.max(1), warnings: read.warnings, ..Draft::default() })
    }
}
