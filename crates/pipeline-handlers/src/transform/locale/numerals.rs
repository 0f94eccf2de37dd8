//! Chinese and Japanese numerals, as dates, counts and amounts have them.

/// Longer texts are no numbers.
const MAX_BYTES: usize = 200;
/// A number read digit by digit that is larger takes no more digits.
const MAX_VALUE: u128 = 10_u128.pow(24);

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

/// Reads a number that has numerals in it: `一百二十`, `三万五千`, `1.2亿`, `叁万元整` (without 元). `digits` reads what is written
/// in digits. `None` when it is none, or has no numerals.
pub(super) fn number(text: &str, digits: impl Fn(&str) -> Option<String>) -> Option<String> {
    let text: String = text.chars().filter(|character| !character.is_whitespace()).map(plain).collect();
    let text = text.strip_suffix(['整', '正']).unwrap_or(&text);
    let text = text.strip_suffix('元').unwrap_or(text);
    if text.len() > MAX_BYTES || !text.contains(|character| digit(character).is_some() || unit(character).is_some()) {
        return None;
    }
    // One number in digits before one sign of its size.
    let last =
        text.char_indices().next_back().filter(|(at, _)| text[..*at].contains(|sign: char| sign.is_ascii_digit()));
    if let Some((at, sign)) = last
        && let Some(places) = unit(sign)
        && let Some(plain) = digits(&text[..at])
    {
        return Some(shifted(&plain, places));
    }
    whole(text).map(|value| value.to_string())
}

/// A character of the other scripts in its plain form: those of cheques, and the traditional ones.
fn plain(character: char) -> char {
    let at = |from: &str, to: &str| {
        let at = from.chars().position(|other| other == character)?;
        to.chars().nth(at)
    };
    at("壹贰叁肆伍陆柒捌玖拾佰仟萬億貳參陸", "一二三四五六七八九十百千万亿二三六").unwrap_or(character)
}

/// How many places a sign of size moves a number.
fn unit(character: char) -> Option<u32> {
    match character {
        '十' => Some(1),
        '百' => Some(2),
        '千' => Some(3),
        '万' => Some(4),
        '亿' => Some(8),
        _ => None,
    }
}

/// A whole number, from the largest sign of size to the smallest.
fn whole(text: &str) -> Option<u128> {
    for (sign, places) in [('亿', 8), ('万', 4)] {
        if let Some((before, after)) = text.rsplit_once(sign) {
            let size = 10_u128.pow(places);
            let before = whole(before)?.checked_mul(size)?;
            return before.checked_add(behind(after, places)?);
        }
    }
    below_ten_thousand(text)
}

/// What stands behind a sign of size. One numeral alone is refused: 三万五 may be 35 000, and 30 005.
fn behind(text: &str, places: u32) -> Option<u128> {
    if text.is_empty() {
        return Some(0);
    }
    let is_clear = text.starts_with(['零', '〇', '○'])
        || text.contains(|character| unit(character).is_some())
        || u32::try_from(text.chars().count()) == Ok(places);
    whole(text).filter(|value| is_clear && *value < 10_u128.pow(places))
}

/// A number without 万 and 亿; without any sign of size, digit by digit, however long.
fn below_ten_thousand(text: &str) -> Option<u128> {
    let has_sizes = text.contains(['十', '百', '千']);
    let (mut value, mut pending, mut size, mut after_zero) = (0_u128, None, 4, false);
    for character in text.chars() {
        let one = digit(character).or_else(|| character.to_digit(10)).map(u128::from);
        match (unit(character), one) {
            (Some(places), _) if places < size => {
                // 十 alone is ten; 百 and 千 want a numeral.
                let count = pending.take().or((places == 1 && value == 0).then_some(1))?;
                (value, size, after_zero) = (value + count * 10_u128.pow(places), places, false);
            }
            // A zero stands for the sizes that are left out.
            (None, Some(0)) if has_sizes && pending.is_none() => after_zero = true,
            (None, Some(one)) if has_sizes && pending.is_none() => pending = Some(one),
            (None, Some(one)) if !has_sizes && value < MAX_VALUE => value = value * 10 + one,
            _ => return None,
        }
    }
    let is_clear = pending.is_none() || size == 1 || after_zero;
    (!text.is_empty() && is_clear).then_some(value + pending.unwrap_or(0))
}

/// A number in plain digits times a power of ten.
fn shifted(plain: &str, places: u32) -> String {
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let zeros = "0".repeat(places as usize);
    let padded = format!("{fraction}{zeros}");
    let (moved, rest) = padded.split_at(places as usize);
    let rest = rest.trim_end_matches('0');
    let whole = format!("{whole}{moved}");
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    if rest.is_empty() { whole.to_owned() } else { format!("{whole}.{rest}") }
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
    fn numbers_are_read_where_they_are_clear() {
        let read = |text: &str| number(text, |digits| Some(digits.to_owned()));
        for (text, expected) in [
            ("十二", "12"),
            ("二十", "20"),
            ("一百零五", "105"),
            ("三千〇二十", "3020"),
            ("三万零五", "30005"),
            ("3万5000", "35000"),
            ("一亿二千万", "120000000"),
            ("一万亿", "1000000000000"),
            ("0.05万", "500"),
            ("1.23456万", "12345.6"),
            ("伍佰元整", "500"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
        let overlong = format!("一{}", "亿".repeat(6));
        for text in ["", "12", "三万五", "一百二", "十百", "百", "万五", "一二十", "一万二亿", "三件", &overlong]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }

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
