//! What styles say about paragraphs and lists: which are titles, which are numbered.

use std::collections::{HashMap, HashSet};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::xml::attribute;

/// Longest chain of parents followed; hostile ones are loops.
const MAX_PARENTS: usize = 32;

/// The styles of a document.
#[derive(Debug, Default)]
pub(super) struct Styles {
    parents: HashMap<String, String>,
    /// Lists and levels (from 1) with numbers.
    numbered: HashSet<(String, usize)>,
}

impl Styles {
    /// Adds the styles that an XML part defines. What is broken ends the reading: styles are no content.
    pub(super) fn add(&mut self, part: &str) {
        let mut reader = Reader::from_str(part);
        let mut list = None;
        loop {
            match reader.read_event() {
                Ok(Event::Start(tag) | Event::Empty(tag)) => self.element(&tag, &mut list),
                Ok(Event::End(tag)) if tag.local_name().as_ref() == "body" => return,
                Ok(Event::Eof) | Err(_) => return,
                Ok(_) => {}
            }
        }
    }

    fn element(&mut self, tag: &BytesStart<'_>, list: &mut Option<String>) {
        match tag.local_name().as_ref() {
            "style" => {
                if let (Some(name), Some(parent)) = (attribute(tag, "name"), attribute(tag, "parent-style-name")) {
                    self.parents.insert(name, parent);
                }
            }
            "list-style" => *list = attribute(tag, "name"),
            "list-level-style-number" => {
                let level = attribute(tag, "level").and_then(|level| level.parse().ok());
                // A level without a format shows no number.
                let is_shown = attribute(tag, "num-format").is_some_and(|format| !format.is_empty());
                if let (Some(name), Some(level), true) = (list.clone(), level, is_shown) {
                    self.numbered.insert((name, level));
                }
            }
            _ => {}
        }
    }

    /// The level of the heading that a paragraph of this style is: titles are headings without a level of their own.
    pub(super) fn title_level(&self, style: &str) -> Option<u8> {
        let mut name = style;
        for _ in 0..MAX_PARENTS {
            match name {
                "Title" => return Some(1),
                "Subtitle" => return Some(2),
                _ => name = self.parents.get(name)?,
            }
        }
        None
    }

    /// Whether a list of this style counts its items at this level, from 1.
    pub(super) fn is_numbered(&self, style: &str, level: usize) -> bool {
        self.numbered.contains(&(style.to_owned(), level))
    }
}
