//! Truth in words and marks.

const TRUE: [&str; 19] = [
    "true",
    "yes",
    "y",
    "on",
    "1",
    "x",
    "ja",
    "wahr",
    "oui",
    "vrai",
    "sí",
    "si",
    "verdadero",
    "是",
    "真",
    "✓",
    "✔",
    "☑",
    "☒",
];
const FALSE: [&str; 14] =
    ["false", "no", "n", "off", "0", "nein", "falsch", "non", "faux", "falso", "否", "假", "☐", "不是"];

/// Reads a truth value; `None` when the word means nothing. A crossed box counts as ticked.
pub(crate) fn parse(text: &str) -> Option<bool> {
    let word = text.trim().to_lowercase();
    match (TRUE.contains(&word.as_str()), FALSE.contains(&word.as_str())) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_mean_one_thing() {
        assert!(TRUE.iter().all(|word| parse(word) == Some(true)));
        assert!(FALSE.iter().all(|word| parse(word) == Some(false)));
        assert_eq!((parse(" YES "), parse("maybe"), parse("")), (Some(true), None, None));
    }
}
