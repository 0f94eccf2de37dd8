//! Numbers with separators.

use unicode_normalization::UnicodeNormalization;

use super::{money, numerals};

/// Digits of a number that are read; longer ones are no numbers.
const MAX_DIGITS: usize = 60;

/// Reads a number and gives it in plain digits: `-1234.56`. Signs of currencies and a percent sign around it are left
/// out of account; negative numbers have a sign before or behind them or stand in brackets.
///
/// # Errors
/// Why it is none, for people. Without a `decimal` sign, `1.234` may be either of two numbers and is refused.
pub(crate) fn parse(text: &str, decimal: Option<char>) -> Result<String, String> {
    let text: String = text.nfkc().collect();
    let mut rest = text.trim();
    let mut negative = false;
    if let Some(inner) = rest.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
        (rest, negative) = (inner.trim(), true);
    }
    // Twice, because sign and currency stand in either order.
    for _ in 0..2 {
        rest = without_dashes(money::without_currency(rest));
        if let Some(inner) = strip_minus(rest).filter(|_| !negative) {
            (rest, negative) = (inner, true);
        } else if let Some(inner) = rest.strip_prefix('+') {
            rest = inner.trim_start();
        }
    }
    let rest = rest.strip_suffix('%').unwrap_or(rest).trim();
    let digits = match numerals::number(rest, |text| digits(text, decimal).ok()) {
        Some(digits) => digits,
        None => digits(rest, decimal)?,
    };
    let is_zero = digits.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    Ok(if negative && !is_zero { format!("-{digits}") } else { digits })
}

fn strip_minus(text: &str) -> Option<&str> {
    let minus = |character| matches!(character, '-' | '\u{2212}' | '\u{2013}' | '负' | '負');
    text.strip_prefix(minus).or_else(|| text.strip_suffix(minus)).map(str::trim)
}

/// An amount without the dash that stands for no cents: `12,–`, `12.--`.
fn without_dashes(text: &str) -> &str {
    let whole = text.trim_end_matches(['-', '\u{2013}', '\u{2014}']);
    match whole.strip_suffix([',', '.']) {
        Some(amount) if whole.len() < text.len() => amount,
        _ => text,
    }
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}')
}

fn digits(text: &str, decimal: Option<char>) -> Result<String, String> {
    let is_separator = |character: char| matches!(character, '.' | ',' | '\'' | '\u{2019}') || is_blank(character);
    let bad = text.chars().find(|character| !character.is_ascii_digit() && !is_separator(*character));
    if let Some(bad) = bad {
        return Err(format!("{bad:?} does not belong into a number"));
    }
    let count = text.bytes().filter(u8::is_ascii_digit).count();
    if count == 0 || count > MAX_DIGITS {
        return Err(if count == 0 { "there are no digits".into() } else { "there are too many digits".to_owned() });
    }
    let point = match decimal {
        Some(point) => point,
        None => point_of(text)?,
    };
    let (whole, fraction) = match text.rsplit_once(point) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    if whole.contains(point) || fraction.is_some_and(|digits| digits.is_empty() || !all_digits(digits)) {
        return Err(format!("{point:?} stands where no decimal sign can be"));
    }
    let whole = ungrouped(whole).ok_or("its groups of digits have odd sizes")?;
    Ok(match fraction {
        Some(fraction) => format!("{whole}.{fraction}"),
        None => whole,
    })
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The decimal sign of a number in no known language.
fn point_of(text: &str) -> Result<char, String> {
    let places = |sign| text.matches(sign).count();
    match (places('.'), places(',')) {
        (0, 0) => Ok('.'),
        // The last of two kinds.
        (1.., 1..) => Ok(if text.rfind('.') > text.rfind(',') { '.' } else { ',' }),
        (2.., 0) => Ok(','),
        (0, 2..) => Ok('.'),
        (one, _) => {
            let (sign, other) = if one == 1 { ('.', ',') } else { (',', '.') };
            let (before, after) = text.split_once(sign).unwrap_or((text, ""));
            let may_group = after.len() == 3 && (1..=3).contains(&before.len()) && !before.starts_with('0');
            match may_group {
                false => Ok(sign),
                true => Err(format!(
                    "{sign:?} may part thousands or decimals; give the locale of the field to say which ({other:?} is then the other)"
                )),
            }
        }
    }
}

/// Whole digits without the signs between groups of three (or of two, as in India).
fn ungrouped(whole: &str) -> Option<String> {
    let sign = whole.chars().find(|character| !character.is_ascii_digit());
    let Some(sign) = sign else {
        return Some(whole.trim_start_matches('0'))
            .map(|digits| if digits.is_empty() { "0" } else { digits }.to_owned());
    };
    // One number has one sign between groups; blanks of any kind are one.
    let groups: Vec<&str> = match is_blank(sign) {
        true => whole.split(is_blank).collect(),
        false => whole.split(sign).collect(),
    };
    let (first, rest) = groups.split_first()?;
    let (last, middle) = rest.split_last()?;
    let sizes_fit = |size: usize| (1..=size).contains(&first.len()) && middle.iter().all(|group| group.len() == size);
    let fits = last.len() == 3 && (sizes_fit(3) || sizes_fit(2)) && groups.iter().all(|group| all_digits(group));
    fits.then(|| groups.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_known_languages() {
        for (text, decimal, expected) in [
            ("1.234,56", ',', "1234.56"),
            ("1,234.56", '.', "1234.56"),
            ("1 234,56", ',', "1234.56"),
            ("1\u{a0}234\u{202f}567,8", ',', "1234567.8"),
            ("12,34,567.50", '.', "1234567.50"),
            ("1'234.50", '.', "1234.50"),
            ("1’234", '.', "1234"),
            ("１，２３４．５", '.', "1234.5"),
            ("1.234", ',', "1234"),
            ("1.234", '.', "1.234"),
            ("-5", '.', "-5"),
            ("5,50-", ',', "-5.50"),
            ("(1,200.00)", '.', "-1200.00"),
            ("−3", '.', "-3"),
            ("€ -3,5", ',', "-3.5"),
            ("-$3.50", '.', "-3.50"),
            ("19 %", '.', "19"),
            ("EUR 7,00", ',', "7.00"),
            ("¥１２００", '.', "1200"),
            ("007", '.', "7"),
            ("-0", '.', "0"),
            ("12,–", ',', "12"),
            ("1.250,-- €", ',', "1250"),
            ("CHF 12.—", '.', "12"),
            ("3万元", '.', "30000"),
            ("1.2万", '.', "12000"),
            ("人民币 3.5亿元", '.', "350000000"),
            ("3万5千", '.', "35000"),
            ("一百二十", '.', "120"),
            ("负十二", '.', "-12"),
            ("叁万贰仟元整", '.', "32000"),
            ("二〇二四", '.', "2024"),
        ] {
            assert_eq!(parse(text, Some(decimal)).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn numbers_of_no_language_are_read_where_they_are_clear() {
        for (text, expected) in [
            ("1234", "1234"),
            ("1.234,56", "1234.56"),
            ("1,234.56", "1234.56"),
            ("1.234.567", "1234567"),
            ("1,234,567", "1234567"),
            ("12,5", "12.5"),
            ("0.125", "0.125"),
            ("1234.567", "1234.567"),
            ("12 345", "12345"),
        ] {
            assert_eq!(parse(text, None).as_deref(), Ok(expected), "{text}");
        }
        assert!(parse("1.234", None).is_err() && parse("12,500", None).is_err());
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            "abc",
            "12 kg",
            "12 千克",
            "万",
            "一万亿万",
            "三件",
            "1.2万3.4",
            "一十百千",
            "1.2.3",
            "1,23,4",
            "1..2",
            "1,",
            "1 23",
            "2024-01-02",
            "12,3.4,5",
            "--5",
            "1e5",
        ] {
            assert!(parse(text, Some('.')).is_err(), "{text}");
        }
        assert!(parse("1,234.56", Some(',')).is_err());
        assert!(parse(&"9".repeat(61), None).is_err());
    }
}
