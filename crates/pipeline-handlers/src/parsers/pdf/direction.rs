//! Text that is written from right to left.
//!
//! A page holds it as it is seen: from left to right. The reader turns each line around by the Unicode Bidirectional
//! Algorithm (UAX #9), which was made for the opposite way; what it cannot know is said here beforehand.

use unpdf::parser::backend::DecodedRun;
use unpdf::parser::{TextLine, TextSpan};

/// Makes a line one of right-to-left text whatever it begins with (U+200F); taken out of the text again.
pub(super) const MARK: char = '\u{200f}';

/// Whether a character is of a script written from right to left.
pub(super) fn is_right_to_left(character: char) -> bool {
    matches!(character, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}')
}

/// Turns the letters of ligatures around, as those of whole words are: Arabic lam-alef is one glyph for two letters,
/// which stand for it in the order they are read in.
pub(super) fn turn_ligatures(run: &mut DecodedRun) {
    let Some(clusters) = &run.clusters else { return };
    if !run.decoded.text.chars().any(is_right_to_left) {
        return;
    }
    for cluster in clusters.iter().filter(|cluster| cluster.glyphs.len() == 1) {
        let Some(letters) = run.decoded.text.get(cluster.text.clone()) else { continue };
        if letters.chars().count() > 1 && letters.chars().all(is_right_to_left) {
            let turned: String = letters.chars().rev().collect();
            run.decoded.text.replace_range(cluster.text.clone(), &turned);
        }
    }
}

/// Sets words of other scripts apart on a page of right-to-left text: the blank after such a word stands on its left
/// there, but on the right in the word's own span.
pub(super) fn set_words_apart(spans: &mut [TextSpan]) {
    if !is_mostly_right_to_left(spans.iter().flat_map(|span| span.text.chars())) {
        return;
    }
    for span in spans {
        let is_word = span.text.ends_with(' ')
            && !span.text.starts_with(' ')
            && span.text.chars().any(char::is_alphanumeric)
            && !span.text.chars().any(is_right_to_left);
        if is_word {
            span.text.insert(0, ' ');
        }
    }
}

/// Marks a line of right-to-left text that has a word of another script at its left end: it would be taken for a line of
/// that script, and its parts would stay in the order they are seen in.
pub(super) fn mark(line: &mut TextLine) {
    let letters = || line.spans.iter().flat_map(|span| span.text.chars()).filter(|character| character.is_alphabetic());
    let begins_foreign = letters().next().is_some_and(|first| !is_right_to_left(first));
    if !begins_foreign || !is_mostly_right_to_left(letters()) {
        return;
    }
    if let Some(first) = line.spans.first_mut() {
        first.text.insert(0, MARK);
    }
}

fn is_mostly_right_to_left(characters: impl Iterator<Item = char>) -> bool {
    let (mut those, mut others) = (0_usize, 0_usize);
    for character in characters.filter(|character| character.is_alphabetic()) {
        if is_right_to_left(character) {
            those += 1;
        } else {
            others += 1;
        }
    }
    those > others
}

#[cfg(test)]
mod tests {
    use unpdf::parser::backend::{DecodedText, TextCluster};

    use super::*;

    fn span(text: &str, x: f32) -> TextSpan {
        TextSpan { width: 20.0, ..TextSpan::new(text.into(), x, 700.0, 10.0, "F".into()) }
    }

    #[test]
    fn ligatures_are_turned_like_words() {
        // Seen from left to right: kheh, lam-alef as one glyph, lam.
        let text = "\u{62e}\u{644}\u{627}\u{644}".to_owned();
        let part = |text, glyph| TextCluster { text, glyphs: glyph..glyph + 1 };
        let mut run = DecodedRun {
            decoded: DecodedText::text(text),
            glyphs: None,
            clusters: Some(vec![part(0..2, 0), part(2..6, 1), part(6..8, 2)]),
        };
        turn_ligatures(&mut run);
        assert_eq!(run.decoded.text, "\u{62e}\u{627}\u{644}\u{644}");
        let mut latin =
            DecodedRun { decoded: DecodedText::text("fi".into()), glyphs: None, clusters: Some(vec![part(0..2, 0)]) };
        turn_ligatures(&mut latin);
        assert_eq!(latin.decoded.text, "fi");
    }

    #[test]
    fn a_line_with_a_foreign_word_at_its_left_reads_from_the_right() {
        // "In language C" in Hebrew, as it is seen.
        let mut line = TextLine::from_spans(vec![span("C ", 10.0), span("\u{5ea}\u{5e4}\u{5e9}\u{5d1}", 40.0)]);
        mark(&mut line);
        let text: String = line.text().chars().filter(|character| *character != MARK).collect();
        assert_eq!(text.trim(), "\u{5d1}\u{5e9}\u{5e4}\u{5ea} C");
        let mut english = TextLine::from_spans(vec![span("Shalom is written \u{5dd}\u{5d5}\u{5dc}\u{5e9}", 10.0)]);
        mark(&mut english);
        assert!(!english.text().contains(MARK));
    }

    #[test]
    fn foreign_words_are_set_apart_on_both_sides() {
        let mut spans =
            vec![span("\u{5d0}\u{5d1}\u{5d2}\u{5d3}\u{5d4}\u{5d5}\u{5d6}\u{5d7}", 10.0), span("PDF ", 40.0)];
        set_words_apart(&mut spans);
        assert_eq!(spans[1].text, " PDF ");
        let mut english = vec![span("word ", 10.0)];
        set_words_apart(&mut english);
        assert_eq!(english[0].text, "word ");
    }
}
