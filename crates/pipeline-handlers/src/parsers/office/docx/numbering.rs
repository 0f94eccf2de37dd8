//! Lists of a Word document: the number in front of each item, as Word would print it.

use std::collections::HashMap;

use super::styles::ListReference;
use crate::parsers::office::content::Marker;
use crate::parsers::office::numerals;
use crate::xml::tree::{Element, tree};

/// Levels of a list (ECMA-376 part 1, 17.9.6).
const LEVELS: usize = 9;

#[derive(Debug, Clone, Default)]
struct Level {
    start: u32,
    format: String,
    /// `%1.%2.`
    text: String,
    /// The style whose paragraphs are at this level.
    style: Option<String>,
    /// Whether numbers of outer levels are decimal whatever their own format.
    is_legal: bool,
}

impl Level {
    fn of(level: &Element) -> Self {
        Self {
            start: level.value_at(&["start"]).and_then(|start| start.parse().ok()).unwrap_or(0),
            format: level.value_at(&["numFmt"]).unwrap_or("decimal").to_owned(),
            text: level.value_at(&["lvlText"]).unwrap_or_default().to_owned(),
            style: level.value_at(&["pStyle"]).map(str::to_owned),
            is_legal: level.is_on("isLgl"),
        }
    }
}

#[derive(Debug, Clone, Default)]
struct List {
    /// The list whose counters it shares.
    shared: String,
    levels: Vec<Level>,
    /// Levels that begin again when the list is used first.
    restarts: Vec<(usize, u32)>,
}

/// An item's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) depth: usize,
    pub(super) marker: Marker,
    /// Tells lists apart.
    pub(super) list: u32,
}

/// All lists of a document and how far they are counted.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    lists: HashMap<String, List>,
    counters: HashMap<String, [Option<u32>; LEVELS]>,
    /// Lists in use, in the order of their first item.
    used: HashMap<String, u32>,
}

impl Numbering {
    /// Reads `numbering.xml`.
    pub(super) fn read(text: &str) -> Self {
        let mut numbering = Self::default();
        let Ok(Some(root)) = tree(text) else {
            return numbering;
        };
        let mut shared: HashMap<&str, Vec<Level>> = HashMap::new();
        let mut by_style_link: HashMap<&str, &str> = HashMap::new();
        let mut links: Vec<(&str, &str)> = Vec::new();
        for list in root.all("abstractNum") {
            let Some(id) = list.attribute("abstractNumId") else {
                continue;
            };
            if let Some(style) = list.value_at(&["styleLink"]) {
                by_style_link.insert(style, id);
            }
            if let Some(style) = list.value_at(&["numStyleLink"]) {
                links.push((id, style));
            }
            let mut levels = vec![Level::default(); LEVELS];
            for level in list.all("lvl") {
                if let Some(at) = level_number(level) {
                    levels[at] = Level::of(level);
                }
            }
            shared.insert(id, levels);
        }
        for (id, style) in links {
            if let Some(levels) = by_style_link.get(style).and_then(|to| shared.get(to)).cloned() {
                shared.insert(id, levels);
            }
        }
        for list in root.all("num") {
            let (Some(id), Some(to)) = (list.attribute("numId"), list.value_at(&["abstractNumId"])) else {
                continue;
            };
            let mut read = List {
                shared: to.to_owned(),
                levels: shared.get(to).cloned().unwrap_or_default(),
                restarts: Vec::new(),
            };
            for change in list.all("lvlOverride") {
                let Some(at) = level_number(change) else {
                    continue;
                };
                if let (Some(level), Some(place)) = (change.child("lvl"), read.levels.get_mut(at)) {
                    *place = Level::of(level);
                }
                if let Some(start) = change.value_at(&["startOverride"]).and_then(|start| start.parse().ok()) {
                    read.restarts.push((at, start));
                }
            }
            numbering.lists.insert(id.to_owned(), read);
        }
        numbering
    }

    /// The place of the next item; `None` when the reference leads to no list.
    pub(super) fn next(&mut self, reference: &ListReference, style: Option<&str>) -> Option<Place> {
        let id = reference.number.as_deref().filter(|id| *id != "0")?;
        let list = self.lists.get(id)?;
        let by_style = || list.levels.iter().position(|level| style.is_some() && level.style.as_deref() == style);
        let depth = reference.level.or_else(by_style).unwrap_or(0).min(LEVELS - 1);
        let level = list.levels.get(depth)?;
        let counters = self.counters.entry(list.shared.clone()).or_default();
        let known = u32::try_from(self.used.len()).unwrap_or(u32::MAX);
        let number = *self.used.entry(id.to_owned()).or_insert_with(|| {
            for (at, start) in &list.restarts {
                // Zero has nothing before it: the level counts from its start as if it were new.
                counters[*at] = start.checked_sub(1);
            }
            known
        });
        counters[depth] = Some(counters[depth].map_or(level.start, |count| count.saturating_add(1)));
        for deeper in &mut counters[depth + 1..] {
            *deeper = None;
        }
        let marker = match level.format.as_str() {
            "bullet" => Marker::Bullet,
            "none" => Marker::Label(level.text.trim().to_owned()),
            _ => Marker::Label(label(list, level, counters)),
        };
        let marker = if marker == Marker::Label(String::new()) { Marker::Bullet } else { marker };
        Some(Place { depth, marker, list: number })
    }
}

fn level_number(element: &Element) -> Option<usize> {
    element.attribute("ilvl")?.parse().ok().filter(|level| *level < LEVELS)
}

/// `%1.%2.` with its numbers.
fn label(list: &List, level: &Level, counters: &[Option<u32>; LEVELS]) -> String {
    let mut label = String::new();
    let mut characters = level.text.chars().peekable();
    while let Some(character) = characters.next() {
        let place = characters.peek().and_then(|next| next.to_digit(10)).filter(|digit| (1..=9).contains(digit));
        let (true, Some(place)) = (character == '%', place) else {
            label.push(character);
            continue;
        };
        characters.next();
        let at = place as usize - 1;
        let other = list.levels.get(at);
        let count = counters[at].or_else(|| other.map(|other| other.start)).unwrap_or(1);
        let format = other.map_or("decimal", |other| other.format.as_str());
        label.push_str(&numerals::write(count, if level.is_legal { "decimal" } else { format }));
    }
    label.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_counted_as_word_counts_them() {
        let level = |at: usize, format: &str, text: &str| {
            format!(r#"<lvl ilvl="{at}"><start val="1"/><numFmt val="{format}"/><lvlText val="{text}"/></lvl>"#)
        };
        let xml = format!(
            r#"<numbering><abstractNum abstractNumId="0">{}{}{}</abstractNum><num numId="1"><abstractNumId val="0"/></num>
               <num numId="2"><abstractNumId val="0"/></num><num numId="3"><abstractNumId val="0"/>
               <lvlOverride ilvl="0"><startOverride val="1"/></lvlOverride></num></numbering>"#,
            level(0, "decimal", "%1."),
            level(1, "lowerLetter", "%1.%2)"),
            level(2, "bullet", "·")
        );
        let mut numbering = Numbering::read(&xml);
        let mut next = |number: &str, level| {
            let reference = ListReference { number: Some(number.to_owned()), level: Some(level) };
            numbering.next(&reference, None).map(|place| place.marker)
        };
        let label = |text: &str| Some(Marker::Label(text.to_owned()));
        assert_eq!(next("1", 0), label("1."));
        assert_eq!(next("1", 1), label("1.a)"));
        assert_eq!(next("1", 1), label("1.b)"));
        assert_eq!(next("1", 2), Some(Marker::Bullet));
        assert_eq!(next("2", 0), label("2."), "another number of the same list goes on");
        assert_eq!(next("1", 1), label("2.a)"));
        assert_eq!(next("3", 0), label("1."), "a restart");
        assert_eq!(next("3", 0), label("2."));
        assert_eq!(next("0", 0), None);
        assert_eq!(next("9", 0), None);
    }
}
