//! Signs of symbol fonts, whose characters stand at codes that mean nothing without the font.

const GREEK_CAPITALS: &str = "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ";
const GREEK_LETTERS: &str = "αβχδεφγηιϕκλμνοπθρστυϖωξψζ";

/// What a code of a font shows; `None` for signs that have no character of their own here.
pub(super) fn character(font: &str, code: u32) -> Option<char> {
    // Symbol fonts are mapped to the private use area, where their codes begin at U+F000.
    let code = if (0xF000..=0xF0FF).contains(&code) { code - 0xF000 } else { code };
    let sign = match (font.to_lowercase().as_str(), code) {
        ("wingdings", 0x4A) => '☺',
        ("wingdings", 0x6C) => '●',
        ("wingdings", 0x6E | 0xA7) => '▪',
        ("wingdings", 0x6F | 0xA8) | ("wingdings 2", 0xA3) => '☐',
        ("wingdings", 0x76) => '❖',
        ("wingdings", 0xD8) => '➢',
        ("wingdings", 0xDF) => '←',
        ("wingdings", 0xE0 | 0xE8) => '→',
        ("wingdings", 0xFB) | ("wingdings 2", 0x4F) => '✗',
        ("wingdings", 0xFC) | ("wingdings 2", 0x50) => '✓',
        ("wingdings", 0xFD) | ("wingdings 2", 0x51 | 0x54) => '☒',
        ("wingdings", 0xFE) | ("wingdings 2", 0x52) => '☑',
        ("symbol", 0x41..=0x5A) => GREEK_CAPITALS.chars().nth((code - 0x41) as usize)?,
        ("symbol", 0x61..=0x7A) => GREEK_LETTERS.chars().nth((code - 0x61) as usize)?,
        ("symbol", 0xA3) => '≤',
        ("symbol", 0xA5) => '∞',
        ("symbol", 0xAE) => '→',
        ("symbol", 0xB0) => '°',
        ("symbol", 0xB1) => '±',
        ("symbol", 0xB3) => '≥',
        ("symbol", 0xB4) => '×',
        ("symbol", 0xB7) => '•',
        ("symbol", 0xB9) => '≠',
        ("symbol", 0xBB) => '≈',
        ("symbol", 0xD6) => '√',
        ("symbol", 0xE5) => '∑',
        ("wingdings" | "wingdings 2" | "wingdings 3" | "webdings" | "symbol", 0x80..) => return None,
        _ => char::from_u32(code)?,
    };
    Some(sign)
}

#[cfg(test)]
mod tests {
    use super::character;

    #[test]
    fn signs_have_characters() {
        assert_eq!(character("Wingdings", 0xF0FE), Some('☑'));
        assert_eq!(character("Symbol", 0x61), Some('α'));
        assert_eq!(character("Symbol", 0xF077), Some('ω'));
        assert_eq!(character("Webdings", 0xF0FF), None);
        assert_eq!(character("Arial", 0x41), Some('A'));
    }
}
