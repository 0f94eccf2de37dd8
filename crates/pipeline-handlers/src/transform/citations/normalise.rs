//! Text without what changes in passing.

use unicode_normalization::UnicodeNormalization;

/// Compatibility forms and lower case; blanks as one space and none beside CJK; no Markdown marks, soft hyphens and
/// hyphens inside words, whether a line breaks there or not; one sign for each family of dashes and quotation marks.
pub(crate) fn normalise(text: &str) -> String {
    let mut normal = String::with_capacity(text.len());
    // A blank that is only written when something follows.
    let mut blank = false;
    // A hyphen behind a letter: it stays unless a letter follows.
    let mut hyphen = false;
    for character in text.nfkc().flat_map(char::to_lowercase) {
        match character {
            // Soft hyphen, zero-width signs, byte order mark.
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => {}
            // Marks of Markdown, and the bars and tabs between cells.
            '*' | '`' | '#' | '\\' => {}
            '|' | '_' => blank = true,
            other if other.is_whitespace() || other.is_control() => blank = true,
            dash if is_dash(dash) => {
                if !blank && normal.chars().next_back().is_some_and(char::is_alphabetic) && !hyphen {
                    hyphen = true;
                } else {
                    write(&mut normal, '-', &mut blank, &mut hyphen);
                }
            }
            quote if is_quote(quote) => write(&mut normal, '\'', &mut blank, &mut hyphen),
            other => write(&mut normal, other, &mut blank, &mut hyphen),
        }
    }
    if hyphen {
        normal.push('-');
    }
    normal
}

fn write(normal: &mut String, character: char, blank: &mut bool, hyphen: &mut bool) {
    if std::mem::take(hyphen) {
        if character.is_alphabetic() {
            // Inside a word, or where a line broke it.
            *blank = false;
        } else {
            normal.push('-');
        }
    }
    if std::mem::take(blank) && !normal.is_empty() {
        let beside_cjk = is_cjk(character) || normal.chars().next_back().is_some_and(is_cjk);
        if !beside_cjk {
            normal.push(' ');
        }
    }
    normal.push(character);
}

fn is_dash(character: char) -> bool {
    matches!(character, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}')
}

fn is_quote(character: char) -> bool {
    matches!(character, '"' | '\'' | '\u{2018}'..='\u{201f}' | '\u{2032}' | '\u{2033}' | '«' | '»' | '‹' | '›')
}

fn is_cjk(character: char) -> bool {
    matches!(u32::from(character), 0x3000..=0x30FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF
        | 0x20000..=0x323AF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_in_passing_does_not_count() {
        for (one, other) in [
            ("Total Amount", "total\n  amount"),
            ("ﬁnancial", "financial"),
            ("ＡＢＣ１２３", "abc123"),
            ("hyphen-\nation", "hyphenation"),
            ("well-known", "well-\nknown"),
            ("soft\u{ad}hyphen", "softhyphen"),
            ("**bold** `code`", "bold code"),
            ("| a | b |", "a\tb"),
            ("“quoted” – it’s", "\"quoted\" - it's"),
            ("合同 编号", "合同编号"),
            ("1\u{a0}234,56", "1 234,56"),
            ("snake_case", "snake case"),
        ] {
            assert_eq!(normalise(one), normalise(other), "{one:?} {other:?}");
        }
    }

    #[test]
    fn words_and_digits_count() {
        for (one, other) in
            [("12 34", "1234"), ("2024-01-02", "20240102"), ("a b", "ab"), ("-5", "5"), ("A-1", "A1"), ("1.5", "15")]
        {
            assert_ne!(normalise(one), normalise(other), "{one:?} {other:?}");
        }
    }
}
