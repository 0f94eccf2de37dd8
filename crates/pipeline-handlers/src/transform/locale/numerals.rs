//! Chinese and Japanese numerals, as dates have them.

/// Replaces numerals by digits: `二〇二四年十二月三十一日` becomes `2024年12月31日`.
pub(super) fn to_digits(text: &str) -> String {
    let mut digits = String::with_capacity(text.len());
    let mut run: Vec<char> = Vec::new();
    for character in text.chars() {
        if digit(character).is_some() || character == '十' {
            run.push(character);
        } else {
            write_run(&mut digits, &std::mem::take(&mut run));
            digits.push(character);
        }
    }
    write_run(&mut digits, &run);
    digits
}

fn digit(character: char) -> Option<u32> {
    let at = "〇一二三四五六七八九".chars().position(|numeral| numeral == character);
    match character {
        '零' | '○' => Some(0),
        _ => at.and_then(|at| u32::try_from(at).ok()),
    }
}

fn write_run(digits: &mut String, run: &[char]) {
    let value = match run {
        [] => return,
        ['十'] => Some(10),
        ['十', unit] => digit(*unit).map(|unit| 10 + unit),
        [tens, '十'] => digit(*tens).map(|tens| tens * 10),
        [tens, '十', unit] => digit(*tens).zip(digit(*unit)).map(|(tens, unit)| tens * 10 + unit),
        _ => None,
    };
    match value {
        Some(value) => digits.push_str(&value.to_string()),
        // Digit by digit, as years are written.
        None => digits.extend(
            run.iter().map(|numeral| digit(*numeral).and_then(|value| char::from_digit(value, 10)).unwrap_or(*numeral)),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numerals_become_digits() {
        for (text, expected) in [
            ("二〇二四年三月一日", "2024年3月1日"),
            ("二○二四年十二月三十一日", "2024年12月31日"),
            ("十月二十日", "10月20日"),
            ("2024年3月", "2024年3月"),
            ("abc", "abc"),
        ] {
            assert_eq!(to_digits(text), expected);
        }
    }
}
