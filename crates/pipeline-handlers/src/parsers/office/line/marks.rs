//! What marks mean in Markdown, and how text is kept from being taken for them.

use super::{Script, Style};

/// A link with its label; blanks at the ends of the label stay outside.
pub(super) fn push_link(markdown: &mut String, label: &str, target: &str) {
    let inside = label.trim();
    let is_plain =
        !target.contains(|character: char| character.is_whitespace() || matches!(character, '(' | ')' | '<' | '>'));
    match inside.is_empty() {
        true => markdown.push_str(label),
        false => {
            let (before, after) = blanks_around(label);
            markdown.push_str(before);
            let target = if is_plain { target.to_owned() } else { percent_encoded(target) };
            markdown.push_str(&format!("[{inside}]({target})"));
            markdown.push_str(after);
        }
    }
}

fn percent_encoded(target: &str) -> String {
    let mut encoded = String::with_capacity(target.len());
    for character in target.chars() {
        match character {
            '(' => encoded.push_str("%28"),
            ')' => encoded.push_str("%29"),
            '<' => encoded.push_str("%3C"),
            '>' => encoded.push_str("%3E"),
            blank if blank.is_whitespace() => encoded.push_str("%20"),
            other => encoded.push(other),
        }
    }
    encoded
}

fn blanks_around(text: &str) -> (&str, &str) {
    let start = text.len() - text.trim_start().len();
    let end = text.trim_end().len();
    (&text[..start], &text[end.max(start)..])
}

/// Text between its marks. Marks stand at words, never at blanks, or they would be plain asterisks.
pub(super) fn push_styled(markdown: &mut String, text: &str, style: Style) {
    let inside = text.trim();
    if inside.is_empty() {
        markdown.push_str(text);
        return;
    }
    let (before, after) = blanks_around(text);
    markdown.push_str(before);
    // Marks that touch would be read as one; text without its looks is better than asterisks.
    let touches = markdown.ends_with(['*', '~']);
    let mut marks = String::new();
    if !touches {
        if style.strike {
            marks.push_str("~~");
        }
        if style.bold {
            marks.push_str("**");
        }
        if style.italic {
            marks.push('*');
        }
    }
    let closing: String = marks.chars().rev().collect();
    let (open, close) = match style.script {
        Script::Normal => ("", ""),
        Script::Super => ("<sup>", "</sup>"),
        Script::Sub => ("<sub>", "</sub>"),
    };
    markdown.push_str(open);
    markdown.push_str(&marks);
    push_escaped(markdown, inside);
    markdown.push_str(&closing);
    markdown.push_str(close);
    markdown.push_str(after);
}

/// Escapes what Markdown would take for marks.
fn push_escaped(markdown: &mut String, text: &str) {
    let mut before: Option<char> = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let next = characters.peek().copied();
        let is_word = |neighbour: Option<char>| neighbour.is_some_and(|other| other.is_alphanumeric() || other == '_');
        let is_mark = match character {
            '\\' => next.is_some_and(|next| next.is_ascii_punctuation()),
            '*' => {
                next.is_some_and(|next| !next.is_whitespace()) || before.is_some_and(|before| !before.is_whitespace())
            }
            '`' => true,
            // Underscores inside words are part of the word.
            '_' => !(is_word(before) && is_word(next)) && next != Some('_') && before != Some('_'),
            '<' => next.is_some_and(|next| next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?')),
            ']' => next == Some('('),
            '~' => next == Some('~'),
            _ => false,
        };
        if is_mark {
            markdown.push('\\');
        }
        markdown.push(character);
        before = Some(character);
    }
}

/// Escapes what would make a heading, an item or a quotation of the lines of a paragraph.
pub(crate) fn escape_starts(markdown: &str) -> String {
    let lines = markdown.split('\n').map(|line| {
        let digits = line.bytes().take_while(u8::is_ascii_digit).count();
        let after = &line[digits..];
        let ends_word = |rest: &str| rest.is_empty() || rest.starts_with([' ', '\t']);
        if (1..=9).contains(&digits) && after.starts_with(['.', ')']) && ends_word(&after[1..]) {
            return format!("{}\\{after}", &line[..digits]);
        }
        let is_mark = match line.as_bytes().first() {
            Some(b'#') => ends_word(line.trim_start_matches('#')),
            Some(b'-' | b'+' | b'*') => {
                ends_word(&line[1..]) || line.trim().bytes().all(|byte| byte == line.as_bytes()[0])
            }
            Some(b'=') => line.trim().bytes().all(|byte| byte == b'='),
            Some(b'>' | b'|') => true,
            _ => false,
        };
        if is_mark { format!("\\{line}") } else { line.to_owned() }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_of_lines_stay_text() {
        let check = |line: &str, expected: &str| assert_eq!(escape_starts(line), expected);
        check("1. x", "1\\. x");
        check("1.5 x", "1.5 x");
        check("# x", "\\# x");
        check("#x", "#x");
        check("- x", "\\- x");
        check("---", "\\---");
        check("-5", "-5");
        check("a  \n> b", "a  \n\\> b");
    }
}
