//! Inline Markdown → plain text.

/// Bytes after a bracket in which the target of a link must begin; a text full of brackets would cost its square.
const MAX_LABEL: usize = 2_000;
/// Bytes of a link's target, for the same reason.
const MAX_TARGET: usize = 8_000;
/// Elements that renderers use for what Markdown has no mark for, and the text that stands for them.
const TAGS: [(&str, &str); 9] = [
    ("<br>", "\n"),
    ("<br/>", "\n"),
    ("<br />", "\n"),
    ("<u>", ""),
    ("</u>", ""),
    ("<sup>", ""),
    ("</sup>", ""),
    ("<sub>", ""),
    ("</sub>", ""),
];

/// Removes emphasis, code ticks, links, images, escapes and a few tags from one piece of Markdown.
pub(crate) fn plain(markdown: &str) -> String {
    let mut text = String::with_capacity(markdown.len());
    let mut rest = markdown;
    while let Some(character) = rest.chars().next() {
        let after = &rest[character.len_utf8()..];
        rest = match character {
            '\\' => match after.chars().next() {
                Some(escaped) if escaped.is_ascii_punctuation() => {
                    text.push(escaped);
                    &after[escaped.len_utf8()..]
                }
                _ => {
                    text.push('\\');
                    after
                }
            },
            '*' | '`' => after,
            '~' if after.starts_with('~') => &after[1..],
            // Underscores inside words are part of the word.
            '_' if !(ends_with_word(&text) && starts_with_word(after)) => after,
            '<' => match TAGS.iter().find(|(tag, _)| rest.starts_with(tag)) {
                Some((tag, shown)) => {
                    text.push_str(shown);
                    &rest[tag.len()..]
                }
                None => {
                    text.push('<');
                    after
                }
            },
            '!' if after.starts_with('[') => after,
            '[' => match link(after) {
                Some((label, behind)) => {
                    text.push_str(&plain(label));
                    behind
                }
                None => {
                    text.push('[');
                    after
                }
            },
            other => {
                text.push(other);
                after
            }
        };
    }
    text.trim().to_owned()
}

fn ends_with_word(text: &str) -> bool {
    text.chars().next_back().is_some_and(char::is_alphanumeric)
}

fn starts_with_word(text: &str) -> bool {
    text.chars().next().is_some_and(|next| next.is_alphanumeric() || next == '_')
}

/// Splits `label](target)rest` into label and rest.
fn link(after_bracket: &str) -> Option<(&str, &str)> {
    let mut window = after_bracket.len().min(MAX_LABEL);
    while !after_bracket.is_char_boundary(window) {
        window -= 1;
    }
    let close = after_bracket[..window].find("](")?;
    let label = &after_bracket[..close];
    if label.contains(['\n', '[']) {
        return None;
    }
    let target = &after_bracket[close + 2..];
    let end = end_of_target(target)?;
    Some((label, &target[end + 1..]))
}

/// Where the bracket that closes a target is; targets may hold pairs of brackets.
fn end_of_target(target: &str) -> Option<usize> {
    let mut open = 0_usize;
    for (at, byte) in target.bytes().enumerate().take(MAX_TARGET) {
        match byte {
            b'\n' => return None,
            b'(' => open += 1,
            b')' if open == 0 => return Some(at),
            b')' => open -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn markup_goes_and_words_stay() {
        let check = |markdown: &str, expected: &str| assert_eq!(plain(markdown), expected, "{markdown:?}");
        check("**bold** and *it* and `code`", "bold and it and code");
        check("snake_case_name and _it_", "snake_case_name and it");
        check("see [the docs](https://x.y/z) now", "see the docs now");
        check("![alt text](a.png)", "alt text");
        check("[a](/b_(c)) [d](e (f", "a [d](e (f");
        check("a \\* b \\| c", "a * b | c");
        check("array[0] and [open", "array[0] and [open");
        check("a<br>b<u>c</u> H<sub>2</sub>O <b>", "a\nbc H2O <b>");
        check("~~gone~~ 价格 ~5", "gone 价格 ~5");
    }
}
