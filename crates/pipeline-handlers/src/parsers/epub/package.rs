//! The package document of a book: what it is made of, and in which order.

use std::collections::{BTreeMap, HashMap};
use std::io::Cursor;

use percent_encoding::percent_decode_str;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

use super::text_of;
use crate::container::entry;
use crate::failure::ParseFailure;
use crate::xml::{self, attribute};

/// Fields of Dublin Core that are kept.
const METADATA: [&str; 6] = ["title", "creator", "language", "publisher", "date", "identifier"];

/// A book.
#[derive(Debug, Default)]
pub(super) struct Package {
    /// Paths of the chapters in reading order.
    pub(super) spine: Vec<String>,
    /// Titles of chapters by path, as the table of contents has them.
    pub(super) titles: HashMap<String, String>,
    /// Title, authors and the like.
    pub(super) metadata: BTreeMap<String, Vec<String>>,
}

#[derive(Default)]
struct Item {
    path: String,
    media_type: String,
    properties: String,
}

impl Package {
    /// Reads the package document that the container names, and its table of contents.
    pub(super) fn read(archive: &mut ZipArchive<Cursor<&[u8]>>) -> Result<Self, ParseFailure> {
        let unreadable = |detail: &str| ParseFailure::unreadable("EPUB", detail);
        let container =
            entry(archive, "META-INF/container.xml")?.ok_or_else(|| unreadable("it has no container.xml"))?;
        let mut path = None;
        for_each(&text_of(container), |element, _| {
            if let Element::Start(tag) = element
                && tag.local_name().as_ref() == "rootfile"
            {
                path = path.take().or_else(|| attribute(tag, "full-path"));
            }
        });
        let path = path.ok_or_else(|| unreadable("its container.xml names no package document"))?;
        let document = entry(archive, &path)?.ok_or_else(|| unreadable("its package document is missing"))?;
        let mut package = Self::default();
        let items = package.document(&path, &text_of(document));
        if package.spine.is_empty() {
            return Err(unreadable("its spine is empty"));
        }
        // The table of contents of EPUB 3, or else of EPUB 2. A book without one has its chapters' own headings.
        for is_contents in [is_nav, is_ncx] {
            if let Some(item) = items.values().find(|item| is_contents(item))
                && let Some(contents) = entry(archive, &item.path)?
            {
                package.contents(&item.path, &text_of(contents));
            }
        }
        Ok(package)
    }

    fn document(&mut self, path: &str, text: &str) -> HashMap<String, Item> {
        let mut items: HashMap<String, Item> = HashMap::new();
        let mut references = Vec::new();
        for_each(text, |element, written| match element {
            Element::Start(tag) => match tag.local_name().as_ref() {
                "item" => {
                    if let (Some(id), Some(target)) = (attribute(tag, "id"), attribute(tag, "href")) {
                        let item = Item {
                            path: resolve(path, &target),
                            media_type: attribute(tag, "media-type").unwrap_or_default(),
                            properties: attribute(tag, "properties").unwrap_or_default(),
                        };
                        items.insert(id, item);
                    }
                }
                "itemref" => references.extend(attribute(tag, "idref")),
                _ => {}
            },
            Element::End(name) => {
                if METADATA.contains(&name) && !written.trim().is_empty() {
                    self.metadata.entry(name.to_owned()).or_default().push(written.trim().to_owned());
                }
            }
        });
        self.spine = references.iter().filter_map(|id| items.get(id)).map(|item| item.path.clone()).collect();
        items
    }

    /// Reads a table of contents: links in a page, or `navPoint`s whose label comes before their target.
    fn contents(&mut self, path: &str, text: &str) {
        let mut target: Option<String> = None;
        let mut label = String::new();
        for_each(text, |element, written| match element {
            Element::Start(tag) => match tag.local_name().as_ref() {
                "a" => target = attribute(tag, "href"),
                "content" => {
                    if let Some(source) = attribute(tag, "src") {
                        self.title(path, &source, &label);
                    }
                }
                _ => {}
            },
            Element::End("text") => written.trim().clone_into(&mut label),
            Element::End("a") => {
                if let Some(target) = target.take() {
                    self.title(path, &target, written);
                }
            }
            Element::End(_) => {}
        });
    }

    fn title(&mut self, path: &str, target: &str, title: &str) {
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        if !title.is_empty() {
            // The first entry that leads to a file is its title; later ones are sections in it.
            self.titles.entry(resolve(path, target)).or_insert(title);
        }
    }
}

fn is_nav(item: &Item) -> bool {
    item.properties.split_whitespace().any(|property| property == "nav")
}

fn is_ncx(item: &Item) -> bool {
    item.media_type == "application/x-dtbncx+xml"
}

/// The algorithms by which parts of the book are locked.
pub(super) fn algorithms(text: &str) -> Vec<String> {
    let mut algorithms = Vec::new();
    for_each(text, |element, _| {
        if let Element::Start(tag) = element
            && tag.local_name().as_ref() == "EncryptionMethod"
        {
            algorithms.extend(attribute(tag, "Algorithm"));
        }
    });
    algorithms
}

enum Element<'a> {
    Start(&'a BytesStart<'a>),
    /// The local name; the text since the last element began comes with it.
    End(&'a str),
}

/// Walks over the elements of an XML text, up to its end or to where it is broken.
fn for_each(text: &str, mut visit: impl FnMut(Element<'_>, &str)) {
    let mut reader = Reader::from_str(text);
    let mut written = String::new();
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) => {
                // Marks inside a link are part of its text.
                if !matches!(tag.local_name().as_ref(), "span" | "em" | "strong" | "b" | "i") {
                    written.clear();
                }
                visit(Element::Start(&tag), "");
            }
            Ok(Event::Empty(tag)) => visit(Element::Start(&tag), ""),
            Ok(Event::End(tag)) => visit(Element::End(tag.local_name().as_ref()), &written),
            Ok(Event::Text(text)) => written.push_str(&xml::text(&text)),
            Ok(Event::GeneralRef(reference)) => written.extend(xml::character(&reference)),
            Ok(Event::Eof) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

/// The path of a link inside the archive: relative to the file it stands in, decoded, without its fragment.
fn resolve(base: &str, target: &str) -> String {
    let target = target.split(['#', '?']).next().unwrap_or(target);
    let target = percent_decode_str(target).decode_utf8_lossy();
    let mut parts: Vec<&str> = base.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_resolved_inside_the_archive() {
        let check = |base: &str, target: &str, expected: &str| assert_eq!(resolve(base, target), expected, "{target}");
        check("OEBPS/content.opf", "text/a%20b.xhtml#x", "OEBPS/text/a b.xhtml");
        check("OEBPS/text/nav.xhtml", "../c.xhtml", "OEBPS/c.xhtml");
        check("content.opf", "../../../etc/passwd", "etc/passwd");
    }
}
