//! Marks of paragraphs on slides, level by level, and the numbers of lists that count by themselves.

use crate::parsers::office::content::Marker;
use crate::parsers::office::numerals;
use crate::xml::tree::Element;

/// Levels of a list (ECMA-376 part 1, 21.1.2.4).
pub(super) const LEVELS: usize = 9;

/// What stands before a paragraph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Bullet {
    /// Said to be none.
    None,
    Sign,
    Number {
        format: String,
        start: u32,
    },
}

impl Bullet {
    /// The bullet that paragraph properties speak of; `None` when they leave it to what they inherit from.
    pub(super) fn of(properties: &Element) -> Option<Self> {
        properties.children().find_map(|child| match child.name.as_str() {
            "buNone" => Some(Self::None),
            "buChar" | "buBlip" => Some(Self::Sign),
            "buAutoNum" => Some(Self::Number {
                format: child.attribute("type").unwrap_or("arabicPeriod").to_owned(),
                start: child.attribute("startAt").and_then(|start| start.parse().ok()).unwrap_or(1),
            }),
            _ => None,
        })
    }
}

/// Bullets by level.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Levels([Option<Bullet>; LEVELS]);

impl Levels {
    /// Reads a list style: `lvl1pPr` and so on.
    pub(super) fn of(style: Option<&Element>) -> Self {
        let mut levels = Self::default();
        for child in style.into_iter().flat_map(Element::children) {
            let number = child.name.strip_prefix("lvl").and_then(|rest| rest.strip_suffix("pPr"));
            let place = number.and_then(|number| number.parse::<usize>().ok()).and_then(|number| number.checked_sub(1));
            if let Some(level) = place.and_then(|place| levels.0.get_mut(place)) {
                *level = Bullet::of(child);
            }
        }
        levels
    }

    /// The bullet of a level.
    pub(super) fn get(&self, level: usize) -> Option<&Bullet> {
        self.0.get(level)?.as_ref()
    }
}

/// Counts the items of one text.
#[derive(Debug, Default)]
pub(super) struct Counters([Option<(String, u32)>; LEVELS]);

impl Counters {
    /// The marker of the next paragraph; `None` when it has none.
    pub(super) fn next(&mut self, level: usize, bullet: Option<&Bullet>) -> Option<Marker> {
        let level = level.min(LEVELS - 1);
        for deeper in &mut self.0[level + 1..] {
            *deeper = None;
        }
        match bullet {
            Some(Bullet::Number { format, start }) => {
                let number = match &self.0[level] {
                    Some((last, number)) if last == format => number.saturating_add(1),
                    _ => *start,
                };
                self.0[level] = Some((format.clone(), number));
                Some(Marker::Label(label(number, format)))
            }
            other => {
                self.0[level] = None;
                (other == Some(&Bullet::Sign)).then_some(Marker::Bullet)
            }
        }
    }
}

/// A number in a scheme such as `alphaLcParenR` (ECMA-376 part 1, 20.1.10.61).
fn label(number: u32, scheme: &str) -> String {
    let format = match scheme {
        _ if scheme.starts_with("alphaLc") => "lowerLetter",
        _ if scheme.starts_with("alphaUc") => "upperLetter",
        _ if scheme.starts_with("romanLc") => "lowerRoman",
        _ if scheme.starts_with("romanUc") => "upperRoman",
        _ if scheme.starts_with("ea1") => "chineseCounting",
        _ if scheme.starts_with("circleNum") => "decimalEnclosedCircle",
        _ => "decimal",
    };
    let text = numerals::write(number, format);
    match scheme {
        _ if scheme.ends_with("ParenBoth") => format!("({text})"),
        _ if scheme.ends_with("ParenR") => format!("{text})"),
        _ if scheme.ends_with("Period") => format!("{text}."),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_counted() {
        let mut counters = Counters::default();
        let arabic = Bullet::Number { format: "arabicPeriod".into(), start: 3 };
        let letters = Bullet::Number { format: "alphaLcParenBoth".into(), start: 1 };
        let label = |text: &str| Some(Marker::Label(text.to_owned()));
        assert_eq!(counters.next(0, Some(&arabic)), label("3."));
        assert_eq!(counters.next(1, Some(&letters)), label("(a)"));
        assert_eq!(counters.next(1, Some(&letters)), label("(b)"));
        assert_eq!(counters.next(0, Some(&arabic)), label("4."));
        assert_eq!(counters.next(1, Some(&letters)), label("(a)"));
        assert_eq!(counters.next(0, Some(&Bullet::Sign)), Some(Marker::Bullet));
        assert_eq!(counters.next(0, Some(&Bullet::None)), None);
        assert_eq!(counters.next(0, Some(&arabic)), label("3."), "text in between begins a new list");
    }
}
