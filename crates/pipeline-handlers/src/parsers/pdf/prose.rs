//! Lines joined into text: ligatures spelt out, words put together again that a line break parted.

use std::collections::HashSet;

use unpdf::parser::{BlockType, TextBlock, TextLine};

use super::direction::{self, is_right_to_left};
use super::links;

/// Stands for a hyphen at the end of a line until the lines are joined; Unicode has it for just that.
const SOFT_HYPHEN: char = '\u{ad}';
/// Hyphenated words remembered; more are not worth the memory.
const MOST_WORDS: usize = 20_000;
/// First parts of words that keep their hyphen.
const PREFIXES: [&str; 26] = [
    "all", "anti", "co", "cross", "e", "ex", "four", "half", "high", "in", "long", "low", "multi", "non", "one",
    "open", "post", "pre", "real", "self", "semi", "short", "three", "two", "well", "x",
];
/// How Unicode's Latin ligatures are spelt.
const LIGATURES: [(char, &str); 7] =
    [('ﬀ', "ff"), ('ﬁ', "fi"), ('ﬂ', "fl"), ('ﬃ', "ffi"), ('ﬄ', "ffl"), ('ﬅ', "st"), ('ﬆ', "st")];

/// Words of a document that have a hyphen of their own.
#[derive(Debug, Default)]
pub(super) struct Compounds {
    words: HashSet<String>,
}

impl Compounds {
    /// Learns the words of a line.
    pub(super) fn learn(&mut self, text: &str) {
        if !text.contains('-') {
            return;
        }
        for word in text.split(|character: char| !character.is_alphabetic() && character != '-') {
            if self.words.len() < MOST_WORDS && word.trim_matches('-').contains('-') {
                self.words.insert(word.trim_matches('-').to_lowercase());
            }
        }
    }

    /// Whether a hyphen between two halves at a line break is part of the word.
    fn keeps_hyphen(&self, first: &str, second: &str) -> bool {
        let (first, second) = (first.to_lowercase(), second.to_lowercase());
        PREFIXES.contains(&first.as_str()) || first.contains('-') || self.words.contains(&format!("{first}-{second}"))
    }
}

/// The text of a block, its links marked, and their targets.
pub(super) fn text(mut block: TextBlock, compounds: &Compounds) -> (String, Vec<String>) {
    for index in 1..block.lines.len() {
        let next = block.lines[index].text();
        soften(&mut block.lines[index - 1], &next, compounds);
    }
    // Marks before the mark of an item would keep it from being found; those of right-to-left text would change places.
    let has_links = block.lines.iter().flat_map(|line| &line.spans).any(|span| !span.links.is_empty());
    let is_plain =
        block.block_type != BlockType::ListItem && !(has_links && block.text().chars().any(is_right_to_left));
    let targets = if has_links && is_plain { links::mark(&mut block) } else { Vec::new() };
    let joined = if block.block_type == BlockType::ListItem { block.list_item_text() } else { block.text() };
    (tidy(&joined), targets)
}

/// Marks the hyphen at the end of a line as one to remove, or to keep without the space of the break.
fn soften(line: &mut TextLine, next: &str, compounds: &Compounds) {
    let Some(last) = line.spans.iter_mut().rev().find(|span| !span.text.trim().is_empty()) else {
        return;
    };
    let kept = last.text.trim_end();
    let Some(stem) = kept.strip_suffix(['-', '\u{2010}', SOFT_HYPHEN]) else {
        return;
    };
    let second: String =
        next.trim_start().chars().take_while(|character| character.is_alphabetic() || *character == '-').collect();
    let first = stem.rsplit(|character: char| !character.is_alphabetic() && character != '-').next().unwrap_or("");
    if first.is_empty() || !second.starts_with(char::is_lowercase) {
        return;
    }
    let hyphen = if compounds.keeps_hyphen(first, second.split('-').next().unwrap_or("")) { "-" } else { "" };
    last.text = format!("{stem}{hyphen}{SOFT_HYPHEN}");
}

/// One blank between words, none at the ends, no ligatures and no soft hyphens.
pub(super) fn tidy(text: &str) -> String {
    let mut tidied = String::with_capacity(text.len());
    let mut blank = false;
    for character in text.chars().filter(|character| *character != direction::MARK) {
        if character == SOFT_HYPHEN {
            // What follows is the other half of the word.
            blank = false;
            tidied.push(SOFT_HYPHEN);
            continue;
        }
        if character.is_whitespace() {
            blank = !tidied.is_empty() && !tidied.ends_with(SOFT_HYPHEN);
            continue;
        }
        if tidied.ends_with(SOFT_HYPHEN) {
            tidied.pop();
        }
        if std::mem::take(&mut blank) {
            tidied.push(' ');
        }
        match LIGATURES.iter().find(|(ligature, _)| *ligature == character) {
            Some((_, letters)) => tidied.push_str(letters),
            None => tidied.push(character),
        }
    }
    if tidied.ends_with(SOFT_HYPHEN) {
        tidied.pop();
    }
    tidied
}

#[cfg(test)]
mod tests {
    use unpdf::parser::TextSpan;

    use super::*;

    fn joined(lines: &[&str], known: &str) -> String {
        let lines = lines
            .iter()
            .enumerate()
            .map(|(index, line)| {
                let span = TextSpan::new((*line).to_owned(), 0.0, 100.0 - 12.0 * index as f32, 10.0, "F".to_owned());
                TextLine::from_spans(vec![span])
            })
            .collect();
        let mut compounds = Compounds::default();
        compounds.learn(known);
        text(TextBlock::new(lines, BlockType::Paragraph), &compounds).0
    }

    #[test]
    fn parted_words_are_joined() {
        assert_eq!(joined(&["an im-", "portant  eﬀort "], ""), "an important effort");
        assert_eq!(joined(&["a market-", "based plan"], "the market-based one"), "a market-based plan");
        assert_eq!(joined(&["a self-", "locking nut"], ""), "a self-locking nut");
        assert_eq!(joined(&["pages 3-", "5 and Jean-", "Paul"], ""), "pages 3- 5 and Jean- Paul");
        assert_eq!(joined(&["one", "two"], ""), "one two");
    }

    #[test]
    fn soft_hyphens_go() {
        assert_eq!(tidy("im\u{ad}por\u{ad} tant \u{ad}"), "important");
    }
}
