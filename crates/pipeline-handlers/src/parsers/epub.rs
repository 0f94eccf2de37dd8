//! EPUB books: the chapters in the order of the spine, each a page.

mod package;

use std::collections::HashSet;
use std::io::Cursor;

use millrace_domain::document::BlockKind;
use serde_json::{Map, Value};
use zip::ZipArchive;

use self::package::Package;
use crate::container::entry;
use crate::draft::Draft;
use crate::failure::{FailureCode, ParseFailure};
use crate::format::Format;
use crate::parser::{Input, Isolation, Parser};
use crate::sections::Sections;

/// What may be done to fonts without locking the text.
const FONT_ALGORITHMS: [&str; 2] = ["http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"];

/// Reads EPUB 2 and 3.
#[derive(Debug, Clone, Copy, Default)]
pub struct EpubParser;

impl Parser for EpubParser {
    fn name(&self) -> &'static str {
        "epub"
    }

    fn version(&self) -> &'static str {
        "1+quick-xml-0.42"
    }

    fn formats(&self) -> &'static [Format] {
        &[Format::Epub]
    }

    fn isolation(&self) -> Isolation {
        Isolation::Child
    }

    fn parse(&self, input: Input<'_>) -> Result<Draft, ParseFailure> {
        let members = input.members.ok_or_else(|| ParseFailure::unsupported("EPUB without a registry"))?;
        let mut archive =
            ZipArchive::new(Cursor::new(input.bytes)).map_err(|error| ParseFailure::unreadable("EPUB", error))?;
        if let Some(encryption) = entry(&mut archive, "META-INF/encryption.xml")?
            && package::algorithms(&text_of(encryption)).iter().any(|name| !FONT_ALGORITHMS.contains(&name.as_str()))
        {
            return Err(ParseFailure::encrypted("EPUB"));
        }
        let package = Package::read(&mut archive)?;
        let mut sections = Sections::default();
        let mut seen = HashSet::new();
        let chapters: Vec<&String> = package.spine.iter().filter(|path| seen.insert(path.as_str())).collect();
        let repeated = package.spine.len() - chapters.len();
        if repeated > 0 {
            sections.warn(format!("{repeated} chapters that the book lists again were read once"));
        }
        let pages = u32::try_from(chapters.len()).unwrap_or(u32::MAX);
        if pages > input.limits.max_pages {
            return Err(ParseFailure::too_many_pages(pages, input.limits));
        }
        let mut has_text = false;
        for path in chapters {
            let Some(bytes) = entry(&mut archive, path)? else {
                sections.warn(format!("the chapter {path} is not in the file"));
                sections.end_page();
                continue;
            };
            match members.part(&bytes, Format::Html) {
                Ok(chapter) if !chapter.blocks.is_empty() => {
                    has_text = true;
                    let is_titled = chapter.blocks.iter().any(|block| block.kind == BlockKind::Heading);
                    if let Some(title) = package.titles.get(path).filter(|_| !is_titled) {
                        sections.heading(1, title);
                    }
                    sections.part(chapter, 0);
                }
                // A cover, most often: a page that is a picture.
                Ok(_) => sections.end_page(),
                Err(failure) if failure.code == FailureCode::EmptyFile => sections.end_page(),
                Err(failure) => {
                    sections.warn(format!("the chapter {path} was not read: {failure}"));
                    sections.end_page();
                }
            }
        }
        if !has_text {
            sections.warn("the book holds no text".to_owned());
        }
        Ok(Draft { data: Some(data(&package)), ..sections.into_draft() })
    }
}

fn text_of(bytes: Vec<u8>) -> String {
    crate::encoding::decode(&bytes).text
}

/// What the book says about itself.
fn data(package: &Package) -> Value {
    let mut data = Map::new();
    for (name, values) in &package.metadata {
        let value = match values.as_slice() {
            [one] => Value::from(one.as_str()),
            several => Value::from(several),
        };
        data.insert(name.clone(), value);
    }
    Value::Object(data)
}
