//! What a paragraph is: a heading, an item of a list, code or text.

use super::runs::Collected;
use super::styles::{ListReference, is_fixed, outline_level};
use super::{Placed, Reader};
use crate::parsers::office::content::{Content, Marker, paragraph};
use crate::parsers::office::line::Line;
use crate::xml::tree::Element;

/// The deepest heading of Markdown.
const MAX_HEADING: u8 = 6;
/// Longest heading, in characters: outline levels are also put on whole paragraphs, for the navigation pane.
const MAX_HEADING_CHARS: usize = 300;

impl Reader<'_> {
    /// Reads a paragraph and what is anchored in it.
    pub(super) fn paragraph(&mut self, element: &Element, contents: &mut Vec<Placed>) {
        let none = Element::default();
        let properties = element.child("pPr").unwrap_or(&none);
        let style = properties.value_at(&["pStyle"]).map(str::to_owned);
        if properties.is_on("pageBreakBefore") {
            self.pages.break_before();
        }
        let is_fixed_style = self.styles.font(style.as_deref()).is_some_and(is_fixed);
        let collected = self.collect(element, is_fixed_style);
        let Collected { line, check, page, fixed, anchored } = collected;
        let page = page.unwrap_or_else(|| self.pages.current());
        let place = |content: Content| (page, content);
        let list = self.list_of(properties, style.as_deref());
        if self.styles.is_code(style.as_deref()) {
            contents.push(place(Content::Code(line.raw())));
        } else if let (Some(level), false) = (self.heading_level(properties, style.as_deref(), &line), line.is_blank())
        {
            let number = list.and_then(|list| self.numbering.next(&list, style.as_deref()));
            let mut title = line.unstyled();
            if let Some(Marker::Label(label)) = number.map(|place| place.marker) {
                title.prepend(&format!("{label} "));
            }
            contents.push(place(Content::Heading { level, line: title }));
        } else if let Some(checked) = check {
            contents.push(place(Content::Item { depth: 0, marker: Marker::Check(checked), line, list: u32::MAX }));
        } else {
            // Blank items are counted as well.
            match list.and_then(|list| self.numbering.next(&list, style.as_deref())) {
                Some(item) => {
                    contents.push(place(Content::Item {
                        depth: item.depth,
                        marker: item.marker,
                        line,
                        list: item.list,
                    }));
                }
                None => contents.extend(paragraph(line, fixed).into_iter().map(place)),
            }
        }
        contents.extend(anchored);
        if properties.child("sectPr").is_some() {
            self.pages.end_section();
        }
    }

    fn heading_level(&self, properties: &Element, style: Option<&str>, line: &Line) -> Option<u8> {
        let level = match outline_level(properties) {
            Some(level) => (level < 9).then_some(level + 1),
            None => self.styles.heading_level(style),
        };
        let level = level?.min(MAX_HEADING);
        (line.plain().chars().nth(MAX_HEADING_CHARS).is_none()).then_some(level)
    }

    /// The list of a paragraph: its own word counts before that of its style.
    fn list_of(&self, properties: &Element, style: Option<&str>) -> Option<ListReference> {
        let by_style = self.styles.list(style);
        let Some(own) = ListReference::of(properties) else {
            return by_style;
        };
        let by_style = by_style.unwrap_or_default();
        Some(ListReference { number: own.number.or(by_style.number), level: own.level.or(by_style.level) })
    }
}
