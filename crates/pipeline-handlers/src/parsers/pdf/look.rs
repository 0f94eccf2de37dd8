//! How a line looks: what tells headings from text.

use std::hash::{DefaultHasher, Hash, Hasher};

use unpdf::parser::TextLine;

use super::frame::Area;
use super::tags::{Tag, split_name};

/// Sizes closer than this are one size, in points.
pub(super) const SAME_SIZE: f32 = 0.6;

/// One line's looks.
#[derive(Debug, Clone)]
pub(super) struct Look {
    pub(super) text: String,
    pub(super) area: Area,
    pub(super) baseline: f32,
    pub(super) size: f32,
    /// Every letter is bold, or italic.
    pub(super) is_bold: bool,
    pub(super) is_italic: bool,
    /// It has several letters, and all that could be capitals are.
    pub(super) is_capitals: bool,
    pub(super) is_code: bool,
    pub(super) is_turned: bool,
    /// The font most of it is set in.
    pub(super) font: u64,
    /// What the author's tags say of most of it.
    pub(super) tag: Option<Tag>,
    /// Characters that are not blank.
    pub(super) characters: usize,
    /// Those that are letters.
    pub(super) letters: usize,
}

/// What lines of one role in a document have in common: size in half points, boldness, slant, and font.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Style {
    half_points: i32,
    is_bold: bool,
    is_italic: bool,
    font: u64,
}

impl Look {
    pub(super) fn of(line: &TextLine) -> Self {
        let text = line.text().trim().to_owned();
        let characters = text.chars().filter(|character| !character.is_whitespace()).count();
        let letters = text.chars().filter(|character| character.is_alphabetic()).count();
        let inked = || line.spans.iter().filter(|span| !span.text.trim().is_empty());
        // A mark in the face of the body, such as a number's full stop, does not make a heading less bold.
        let share = |test: fn(&unpdf::parser::TextSpan) -> bool| {
            let weigh = |span: &unpdf::parser::TextSpan| {
                span.text.chars().filter(|character| character.is_alphabetic()).count()
            };
            let all: usize = inked().map(weigh).sum();
            let some: usize = inked().filter(|span| test(span)).map(weigh).sum();
            all > 0 && some * 20 >= all * 19
        };
        let main = inked().max_by_key(|span| span.text.trim().chars().count());
        let (font, tag) = main.map_or(("", None), |span| split_name(&span.font_name));
        let mut hasher = DefaultHasher::new();
        family(font).hash(&mut hasher);
        Self {
            area: Area::of_line(line),
            baseline: line.y,
            size: line.font_size,
            is_bold: share(|span| span.is_bold),
            is_italic: share(|span| span.is_italic),
            is_capitals: letters >= 4 && !text.chars().any(char::is_lowercase) && text.chars().any(char::is_uppercase),
            is_code: inked().all(|span| span.is_monospace),
            is_turned: inked().any(unpdf::parser::TextSpan::is_rotated),
            font: hasher.finish(),
            tag,
            characters,
            letters,
            text,
        }
    }

    pub(super) fn style(&self) -> Style {
        Style {
            half_points: (self.size * 2.0).round() as i32,
            is_bold: self.is_bold,
            is_italic: self.is_italic,
            font: self.font,
        }
    }

    /// Whether both could be parts of one text: the same size, weight and slant.
    pub(super) fn is_set_like(&self, other: &Self) -> bool {
        (self.size - other.size).abs() < SAME_SIZE && self.is_bold == other.is_bold && self.is_italic == other.is_italic
    }

    /// How far the baseline of a later line is below this one's.
    pub(super) fn drop_to(&self, later: &Self) -> f32 {
        self.baseline - later.baseline
    }

    /// Whether it ends as a sentence does.
    pub(super) fn ends_a_sentence(&self) -> bool {
        let text = self.text.trim_end_matches(['"', '”', '’', ')', '」', '』', '»']);
        text.ends_with(['.', '!', '?', ';', '。', '！', '？', '；']) && !text.ends_with("..")
    }
}

/// The name of a font without the prefix of a subset, `ABCDEF+` (ISO 32000-1 §9.6.4).
fn family(name: &str) -> &str {
    match name.split_once('+') {
        Some((prefix, font)) if prefix.len() == 6 && prefix.bytes().all(|byte| byte.is_ascii_uppercase()) => font,
        _ => name,
    }
}
