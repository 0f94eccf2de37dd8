//! What the words of a line say about its role.

/// Words that open the captions of figures and tables, in the languages documents are mostly in.
const CAPTIONS: [&str; 34] = [
    "figure",
    "fig",
    "table",
    "tab",
    "chart",
    "exhibit",
    "plate",
    "scheme",
    "listing",
    "algorithm",
    "photo",
    "image",
    "box",
    "map",
    "diagram",
    "graph",
    "source",
    "note",
    "abbildung",
    "abb",
    "tabelle",
    "quelle",
    "figura",
    "tabla",
    "tableau",
    "illustration",
    "рис",
    "рисунок",
    "таблица",
    "图",
    "圖",
    "表",
    "그림",
    "표",
];
/// A number this long is a year, a code or an amount.
const LONGEST_NUMBER: usize = 3;
/// Words that open numbered parts of documents.
const PARTS: [&str; 24] = [
    "chapter",
    "section",
    "part",
    "appendix",
    "annex",
    "article",
    "schedule",
    "attachment",
    "unit",
    "lesson",
    "module",
    "step",
    "kapitel",
    "abschnitt",
    "anhang",
    "artikel",
    "teil",
    "chapitre",
    "annexe",
    "capítulo",
    "artículo",
    "anexo",
    "глава",
    "приложение",
];

/// The section number at the start of a line: how deep it is (`2.1` is 2), and what follows it.
pub(super) fn section_number(text: &str) -> Option<(u8, &str)> {
    let text = text.trim_start();
    let lower = text.to_lowercase();
    let is_part = PARTS.iter().any(|part| {
        // The same bytes in lower case, or else no part's name.
        let rest =
            lower.starts_with(part).then(|| text.get(part.len()..)).flatten().and_then(|rest| rest.strip_prefix(' '));
        rest.is_some_and(|rest| is_ordinal(rest.split([' ', ':', '.', '–', '—', '-']).next().unwrap_or("")))
    });
    if is_part {
        return Some((1, text));
    }
    // 第三章, 제 3 조
    if let Some(rest) = text.strip_prefix(['第', '제']) {
        let number: String = rest.chars().take(8).collect();
        let depth = number.chars().find_map(|character| match character {
            '章' | '장' | '编' | '編' | '편' | '篇' | '部' => Some(1),
            '节' | '節' | '절' | '条' | '條' | '조' => Some(2),
            _ => None,
        });
        return depth.map(|depth| (depth, text));
    }
    let end = text.find(|character: char| character.is_whitespace() || character == ')')?;
    let (number, rest) = text.split_at(end);
    let rest = rest.trim_start_matches(')').trim_start();
    let number = number.trim_start_matches(['(', '§']).trim_end_matches(['.', ':']);
    let mut parts = number.split('.');
    let first = parts.next()?;
    if !is_ordinal(first) {
        return None;
    }
    let mut depth = 1_u8;
    for part in parts {
        if part.is_empty() || part.len() > LONGEST_NUMBER || !part.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        depth = depth.saturating_add(1);
    }
    // Sentences begin with these two as words.
    let is_word = matches!(&text[..end], "A" | "I");
    let starts_a_title =
        !is_word && rest.chars().next().is_some_and(|first| first.is_alphabetic() || "「『“\"'‘(".contains(first));
    starts_a_title.then_some((depth, rest))
}

/// `7`, `IV`, `B`.
fn is_ordinal(number: &str) -> bool {
    let is_digits = number.bytes().all(|byte| byte.is_ascii_digit()) && number.len() <= LONGEST_NUMBER;
    let is_roman = number.bytes().all(|byte| b"IVXLC".contains(&byte)) && number.len() <= 6;
    let is_letter = number.len() == 1 && number.bytes().all(|byte| byte.is_ascii_uppercase());
    !number.is_empty() && (is_digits || is_roman || is_letter)
}

/// Whether a line opens like the caption of a figure or table: `Figure 3.`, `表 2`.
pub(super) fn is_caption(text: &str) -> bool {
    let text = text.trim_start_matches(['[', '(', '<', '【', ' ']);
    let word: String = text.chars().take_while(|character| character.is_alphabetic()).collect();
    let lower = word.to_lowercase();
    let Some(caption) =
        CAPTIONS.iter().find(|caption| lower == **caption || !caption.is_ascii() && lower.starts_with(**caption))
    else {
        return false;
    };
    let rest = text.get(caption.len()..).unwrap_or("").trim_start_matches(['.', ' ', ':', '\u{a0}']);
    let number = rest.split([' ', ':', '.', '-', ')', ']', '\u{a0}']).next().unwrap_or("");
    (number.chars().any(|character| character.is_ascii_digit()) && number.chars().count() <= 5)
        || matches!(lower.as_str(), "source" | "note" | "quelle")
            && text.get(caption.len()..).is_some_and(|rest| rest.starts_with(':'))
        || is_ordinal(number) && number.len() > 1
}

/// Whether a line is an entry of a table of contents: dots lead to a page number.
pub(super) fn is_contents_entry(text: &str) -> bool {
    let dense: String = text.chars().filter(|character| *character != ' ').collect();
    dense.contains("....") || dense.contains("……") || dense.contains("·····") || dense.contains("____")
}

/// Whether a line opens with the mark of a list.
pub(super) fn is_list_item(text: &str) -> bool {
    let mut characters = text.trim_start().chars();
    let (first, second) = (characters.next(), characters.next());
    match first {
        Some(
            '•'
            | '‣'
            | '◦'
            | '▪'
            | '▫'
            | '■'
            | '□'
            | '●'
            | '○'
            | '◆'
            | '◇'
            | '►'
            | '▶'
            | '➢'
            | '✓'
            | '✔'
            | '∙'
            | '·'
            | '※'
            | '☐'
            | '\u{f000}'..='\u{f0ff}',
        ) => true,
        Some('-' | '–' | '—' | '*' | '+' | 'o') => second.is_some_and(char::is_whitespace),
        _ => false,
    }
}

/// Whether a line is an address in a net, a date or a bare number rather than words.
pub(super) fn is_no_title(text: &str) -> bool {
    let is_address = text.contains('@') || text.contains("://") || text.starts_with("www.");
    let (mut letters, mut others) = (0, 0);
    for character in text.chars().filter(|character| !character.is_whitespace()) {
        if character.is_alphabetic() {
            letters += 1;
        } else {
            others += 1;
        }
    }
    is_address || letters < 2 || others > letters * 2
}

/// A title's letters and digits, for comparing it with an outline's.
pub(super) fn key(text: &str) -> String {
    text.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn section_numbers_have_a_depth() {
        let check =
            |text: &str, depth: Option<u8>| assert_eq!(section_number(text).map(|(depth, _)| depth), depth, "{text}");
        check("1 Introduction", Some(1));
        check("2.1. Data", Some(2));
        check("A.3.2 Proof", Some(3));
        check("IV. Results", Some(1));
        check("(1) 「법률」 개정", Some(1));
        check("Appendix B Tables", Some(1));
        check("Chapter 12: Birds", Some(1));
        check("第三章 结果", Some(1));
        check("2020 was a year", None);
        check("3.5 kg", Some(2));
        check("12 %", None);
        check("Introduction", None);
        check("A report", None);
        check("B Proofs", Some(1));
        check("A. Proofs", Some(1));
        check("section of the", None);
    }

    #[test]
    fn captions_contents_and_lists_are_no_titles() {
        for caption in
            ["Figure 3. Owls", "Fig. 2: Owls", "TABLE IV", "[표 1] 비교", "表 2 结果", "Source: WHO", "Table A1"]
        {
            assert!(is_caption(caption), "{caption}");
        }
        for title in ["Figure drawing", "Table of contents", "Notes", "表现", "Sources of error"] {
            assert!(!is_caption(title), "{title}");
        }
        assert!(is_contents_entry("Methods . . . . . 12") && !is_contents_entry("Methods... and more"));
        assert!(is_list_item("• one") && is_list_item("- one") && !is_list_item("-5 degrees") && !is_list_item("owls"));
        assert!(is_no_title("12 / 2020") && is_no_title("a@b.c") && !is_no_title("5 Owls"));
    }
}
