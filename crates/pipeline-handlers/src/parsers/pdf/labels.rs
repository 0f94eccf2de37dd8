//! Lines that are a label and its value: `Invoice No: 42`. They stand as close as lines of prose, and are none.

use unpdf::parser::TextLine;

/// Longest label, in characters.
const MAX_LABEL: usize = 40;
/// Most words of a label.
const MAX_WORDS: usize = 5;

/// The lines of a paragraph, parted before each label when they are such lines: at least two of them, and half of all.
pub(super) fn parts(lines: Vec<TextLine>) -> Vec<Vec<TextLine>> {
    let labelled: Vec<bool> = lines.iter().map(|line| is_labelled(&line.text())).collect();
    let labels = labelled.iter().filter(|is_labelled| **is_labelled).count();
    if labels < 2 || labels * 2 < lines.len() {
        return vec![lines];
    }
    let mut parts: Vec<Vec<TextLine>> = Vec::with_capacity(labels + 1);
    for (line, is_labelled) in lines.into_iter().zip(labelled) {
        match parts.last_mut() {
            Some(part) if !is_labelled => part.push(line),
            _ => parts.push(vec![line]),
        }
    }
    parts
}

/// Whether a line begins with a few words and a colon.
fn is_labelled(text: &str) -> bool {
    let text = text.trim_start();
    let Some((at, colon)) = text.char_indices().take(MAX_LABEL + 1).find(|(_, sign)| matches!(sign, ':' | '：'))
    else {
        return false;
    };
    let (label, value) = (&text[..at], &text[at + colon.len_utf8()..]);
    // A time and an address have a colon without a blank behind it.
    let is_apart = colon == '：' || value.is_empty() || value.starts_with(char::is_whitespace);
    let is_word = |sign: char| sign.is_alphanumeric() || " .-/#°&()'’№".contains(sign);
    is_apart
        && label.chars().next().is_some_and(|first| first.is_alphabetic() && !first.is_lowercase())
        && label.chars().all(is_word)
        && label.split_whitespace().count() <= MAX_WORDS
}

#[cfg(test)]
mod tests {
    use unpdf::parser::TextSpan;

    use super::*;

    fn parted(lines: &[&str]) -> Vec<String> {
        let line = |text: &&str| {
            TextLine::from_spans(vec![TextSpan::new((*text).to_owned(), 0.0, 100.0, 10.0, "F".to_owned())])
        };
        let parts = parts(lines.iter().map(line).collect());
        parts.iter().map(|part| part.iter().map(TextLine::text).collect::<Vec<_>>().join("/")).collect()
    }

    #[test]
    fn lines_of_labels_are_parted() {
        assert_eq!(
            parted(&["Invoice No: 42", "Customer: ACME Ltd.,", "1 Main Street", "Payment terms: 30 days"]),
            ["Invoice No: 42", "Customer: ACME Ltd.,/1 Main Street", "Payment terms: 30 days"]
        );
        assert_eq!(parted(&["To", "编号：A1", "日期：三月"]), ["To", "编号：A1", "日期：三月"]);
    }

    #[test]
    fn prose_stays_whole() {
        for lines in [
            &["Note: this goes on", "over several lines of", "words without labels"][..],
            &["Notes: the house has", "many rooms. Its", "doors are red and", "Windows: none of", "them opens"],
            &["One: two", "three"],
            &["the following: a", "and also: b"],
            &["Start 10:30", "End 11:30"],
            &["Smith, J.: On numbers", "Miller, K.: On words"],
        ] {
            assert_eq!(parted(lines).len(), 1, "{lines:?}");
        }
    }
}
