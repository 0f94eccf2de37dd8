//! Dates.

use chrono::NaiveDate;
use unicode_normalization::UnicodeNormalization;

use super::{months, numerals};

/// Bytes of a text that may be a date.
pub(super) const MAX_BYTES: usize = 100;
/// Years of two digits up to this one are of this century, as POSIX has it.
const LAST_SHORT_YEAR: i32 = 68;
/// Words that stand in dates and say nothing: of, ordinals, days of the week.
const FILLERS: [&str; 62] = [
    "of",
    "the",
    "de",
    "del",
    "den",
    "der",
    "le",
    "el",
    "st",
    "nd",
    "rd",
    "th",
    "er",
    "on",
    "am",
    "dated",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "mon",
    "tue",
    "wed",
    "thu",
    "fri",
    "sat",
    "sun",
    "montag",
    "dienstag",
    "mittwoch",
    "donnerstag",
    "freitag",
    "samstag",
    "sonntag",
    "mo",
    "di",
    "mi",
    "do",
    "fr",
    "sa",
    "so",
    "lundi",
    "mardi",
    "mercredi",
    "jeudi",
    "vendredi",
    "samedi",
    "dimanche",
    "lunes",
    "martes",
    "miércoles",
    "jueves",
    "viernes",
    "sábado",
    "domingo",
    "年",
    "月",
    "日",
    "号",
];

/// The order of a date of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DateOrder {
    /// Day, month, year.
    Dmy,
    /// Month, day, year.
    Mdy,
    /// Year, month, day.
    Ymd,
}

/// Reads a date in words or numbers. ISO 8601 is read in every language.
///
/// # Errors
/// Why it is none, for people. Without an `order`, `03/04/2024` may be either of two days and is refused.
pub(crate) fn parse(text: &str, order: Option<DateOrder>) -> Result<NaiveDate, String> {
    if text.len() > MAX_BYTES {
        return Err("the text is too long for a date".to_owned());
    }
    let normal: String = text.nfkc().flat_map(char::to_lowercase).collect();
    let parts = parts(&numerals::to_digits(&normal))?;
    let date = match (parts.month, parts.numbers.as_slice()) {
        (Some(month), [first, second]) => {
            let (year, day) = if first.length == 4 { (first, second) } else { (second, first) };
            NaiveDate::from_ymd_opt(year.year()?, month, day.value)
        }
        (None, [year, month, day]) if year.length == 4 || order == Some(DateOrder::Ymd) => {
            NaiveDate::from_ymd_opt(year.year()?, month.value, day.value)
        }
        (None, [first, second, year]) => {
            let year = year.year()?;
            match day_first(first.value, second.value, order)? {
                true => NaiveDate::from_ymd_opt(year, second.value, first.value),
                false => NaiveDate::from_ymd_opt(year, first.value, second.value),
            }
        }
        _ => return Err("a date has a day, a month and a year".to_owned()),
    };
    date.ok_or_else(|| "there is no such day".to_owned())
}

fn day_first(first: u32, second: u32, order: Option<DateOrder>) -> Result<bool, String> {
    match order {
        Some(DateOrder::Mdy) => Ok(false),
        Some(_) => Ok(true),
        None if first > 12 || first == second => Ok(true),
        None if second > 12 => Ok(false),
        None => Err("day and month may be either way round; give the locale of the field to say which".to_owned()),
    }
}

struct Number {
    value: u32,
    length: usize,
}

impl Number {
    fn year(&self) -> Result<i32, String> {
        let year = i32::try_from(self.value).map_err(|_large| "there is no such year".to_owned())?;
        match self.length {
            4 => Ok(year),
            2 if year <= LAST_SHORT_YEAR => Ok(2000 + year),
            2 => Ok(1900 + year),
            _ => Err("a year has four or two digits".to_owned()),
        }
    }
}

#[derive(Default)]
struct Parts {
    numbers: Vec<Number>,
    month: Option<u32>,
}

fn parts(text: &str) -> Result<Parts, String> {
    let mut parts = Parts::default();
    let mut rest = text.trim();
    while let Some(first) = rest.chars().next() {
        let is_cjk = |character: char| matches!(character, '年' | '月' | '日' | '号');
        let belongs = |character: char| match first {
            digit if digit.is_ascii_digit() => character.is_ascii_digit(),
            letter if letter.is_alphabetic() => character.is_alphabetic() && !is_cjk(letter) && !is_cjk(character),
            _ => false,
        };
        let end = rest.find(|character| !belongs(character)).unwrap_or(rest.len()).max(first.len_utf8());
        let (token, behind) = rest.split_at(end);
        rest = behind;
        if first.is_ascii_digit() {
            let value = token.parse().map_err(|_large| "it has a number that is too large".to_owned())?;
            parts.numbers.push(Number { value, length: token.len() });
        } else if let Some(month) = months::number_of(token).filter(|_| parts.month.is_none()) {
            parts.month = Some(month);
        } else if first.is_alphabetic() && !FILLERS.contains(&token) {
            return Err(format!("{token:?} does not belong into a date"));
        } else if !first.is_alphabetic() && !matches!(first, '.' | ',' | '/' | '-' | '\'') && !first.is_whitespace() {
            return Err(format!("{first:?} does not belong into a date"));
        }
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, order: Option<DateOrder>, expected: &str) {
        assert_eq!(parse(text, order).map(|date| date.to_string()).as_deref(), Ok(expected), "{text}");
    }

    #[test]
    fn dates_in_words() {
        for text in [
            "1 March 2024",
            "March 1, 2024",
            "Mar 1st, 2024",
            "1st of March 2024",
            "Friday, 1 March 2024",
            "1. März 2024",
            "Freitag, den 1. März 2024",
            "1er mars 2024",
            "vendredi 1 mars 2024",
            "1 de marzo de 2024",
            "2024年3月1日",
            "２０２４年３月１日",
            "二〇二四年三月一日",
            "2024 March 1",
            "1-Mar-2024",
            "1-Mar-24",
        ] {
            check(text, None, "2024-03-01");
        }
    }

    #[test]
    fn dates_in_numbers() {
        check("2024-03-01", Some(DateOrder::Mdy), "2024-03-01");
        check("2024/3/1", None, "2024-03-01");
        check("01.03.2024", Some(DateOrder::Dmy), "2024-03-01");
        check("03/01/2024", Some(DateOrder::Mdy), "2024-03-01");
        check("24-03-01", Some(DateOrder::Ymd), "2024-03-01");
        check("31.12.99", None, "1999-12-31");
        check("12/31/68", None, "2068-12-31");
        check("5/5/2024", None, "2024-05-05");
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "03/04/2024",
            "31.02.2024",
            "2024",
            "March 2024",
            "1 Foo 2024",
            "1/2/3/4",
            "a",
            "2024-13-01",
            "1 + 2 + 2024",
        ] {
            assert!(parse(text, None).is_err(), "{text}");
        }
        assert!(parse("13/13/2024", Some(DateOrder::Mdy)).is_err());
        assert!(parse(&"1 ".repeat(100), None).is_err());
    }
}
