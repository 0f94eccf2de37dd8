//! Running heads, running feet and page numbers: text that belongs to pages, not to the document.

use std::collections::HashMap;

use unpdf::parser::TextLine;

use super::frame::Area;
use super::page::{MARGIN, Page};
use super::tags::{Tag, split_name};

/// Share of a page's height at its very edge, where a number alone is the page's.
const EDGE: f32 = 0.08;
/// Share of a page's height at its edge where a line with another number on each page is its head or foot; further in
/// it may be the heading of a chapter.
const NUMBERED: f32 = 0.09;
/// Size of type, in sizes of the page's text, from which a line is a title.
const LARGE: f32 = 1.25;
/// Lines looked at from each edge; running heads of more lines are letterheads.
const DEPTH: usize = 4;
/// Times a line must stand in its place to be furniture, in a document of many pages.
const TIMES: usize = 3;
/// Pages of a document of many pages.
const MANY: usize = 6;
/// Longer lines are text, however often they come.
const LONGEST: usize = 160;
/// Height of a place, in points: the same line comes back within it.
const PLACE: f32 = 8.0;

/// What stands at the edges of the pages read so far.
#[derive(Debug, Default)]
pub(super) struct Furniture {
    times: HashMap<(String, i32), usize>,
    pages: usize,
}

impl Furniture {
    /// Notes what stands at the edges of a page.
    pub(super) fn learn(&mut self, page: &Page) {
        self.pages += 1;
        let mut seen = Vec::new();
        let title = page.body_size() * LARGE;
        for line in page.lines.iter().filter(|line| is_at_edge(page, line, MARGIN) && line.font_size < title) {
            for key in keys(page, line).into_iter().flatten() {
                if !seen.contains(&key) {
                    seen.push(key);
                }
            }
        }
        for key in seen {
            *self.times.entry(key).or_default() += 1;
        }
    }

    /// Takes the furniture off a page.
    pub(super) fn clear(&self, page: &mut Page) {
        let mut edges: Vec<(f32, usize)> = page
            .lines
            .iter()
            .enumerate()
            .filter(|(_, line)| is_at_edge(page, line, MARGIN))
            .map(|(index, line)| (page.frame.depth(&Area::of_line(line)), index))
            .collect();
        edges.sort_by(|one, other| one.0.total_cmp(&other.0));
        let top = edges.iter().filter(|(depth, _)| *depth < 0.5).take(DEPTH);
        let foot = edges.iter().rev().filter(|(depth, _)| *depth > 0.5).take(DEPTH);
        let gone: Vec<usize> = top
            .chain(foot)
            .map(|(_, index)| *index)
            .filter(|&index| self.is_furniture(page, &page.lines[index]))
            .collect();
        // A page of nothing but such lines is a form, or one of copies.
        let length = |index: usize| page.lines[index].spans.iter().map(|span| span.text.len()).sum::<usize>();
        let all: usize = (0..page.lines.len()).map(length).sum();
        if page.pieces.is_empty() && gone.iter().map(|&index| length(index)).sum::<usize>() * 2 > all {
            return;
        }
        let mut index = 0;
        page.lines.retain(|_| {
            index += 1;
            !gone.contains(&(index - 1))
        });
    }

    fn is_furniture(&self, page: &Page, line: &TextLine) -> bool {
        let enough = if self.pages >= MANY { TIMES } else { 2 };
        let comes_back = keys(page, line)
            .into_iter()
            .flatten()
            .any(|key| self.times.get(&key).is_some_and(|times| *times >= enough));
        comes_back || is_at_edge(page, line, EDGE) && (is_page_number(line.text().trim()) || is_tagged(line))
    }
}

/// Whether the author tagged it as not being part of the text.
fn is_tagged(line: &TextLine) -> bool {
    let mut spans = line.spans.iter().filter(|span| !span.text.trim().is_empty());
    spans.all(|span| split_name(&span.font_name).1 == Some(Tag::Artifact))
}

fn is_at_edge(page: &Page, line: &TextLine, edge: f32) -> bool {
    !(edge..=1.0 - edge).contains(&page.frame.depth(&Area::of_line(line)))
}

/// What a line is recognised by: its words, any numbers as one, and its place. Two places, since one may be on the
/// border between them.
fn keys(page: &Page, line: &TextLine) -> [Option<(String, i32)>; 2] {
    let text = line.text();
    if text.len() > LONGEST || text.trim().is_empty() {
        return [None, None];
    }
    let is_numbered = is_at_edge(page, line, NUMBERED);
    let mut words = String::with_capacity(text.len());
    for character in text.chars().filter(|character| !character.is_whitespace()) {
        let shown = if is_numbered && character.is_ascii_digit() { '#' } else { character };
        if shown != '#' || !words.ends_with('#') {
            words.push(shown);
        }
    }
    let depth = page.frame.depth(&Area::of_line(line)) * page.frame.height();
    let place = (depth / PLACE).floor() as i32;
    let other = ((depth + PLACE / 2.0) / PLACE).floor() as i32;
    [Some((words.clone(), place * 2)), Some((words, other * 2 + 1))]
}

/// `12`, `- 12 -`, `7-45`, `xii`, `Page 3 of 9`.
fn is_page_number(text: &str) -> bool {
    let bare = text.trim_matches(|character: char| "-–—|·•[]() ".contains(character));
    let lower = bare.to_lowercase();
    let rest = ["page", "seite", "p.", "pág.", "página"]
        .iter()
        .find_map(|word| lower.strip_prefix(word))
        .unwrap_or(&lower)
        .trim();
    let is_number = |part: &str| !part.is_empty() && part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = rest.split(['-', '–', '/', '.']).map(str::trim).collect();
    let is_roman = !rest.is_empty() && rest.len() <= 6 && rest.bytes().all(|byte| b"ivxl".contains(&byte));
    is_roman
        || parts.len() <= 3 && parts.iter().all(|part| is_number(part))
        || rest
            .split_once(" of ")
            .or(rest.split_once(" von "))
            .is_some_and(|(one, all)| is_number(one) && is_number(all))
}

#[cfg(test)]
mod tests {
    use super::is_page_number;

    #[test]
    fn page_numbers_are_known_by_their_form() {
        for text in ["12", "- 12 -", "7-45", "xii", "Page 3 of 9", "Seite 3", "3 / 9", "A"] {
            assert_eq!(is_page_number(text), text != "A", "{text}");
        }
        assert!(!is_page_number("2020 annual") && !is_page_number("12345") && !is_page_number(""));
    }
}
