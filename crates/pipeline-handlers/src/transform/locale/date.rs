//! Dates and times.

use chrono::{FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Offset, Utc};
use unicode_normalization::UnicodeNormalization;

use super::{months, numerals};

/// Bytes of a text that may be a date.
const MAX_BYTES: usize = 100;
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

/// A moment of the day, with the distance to UTC where the text tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) local: NaiveDateTime,
    pub(crate) offset: Option<FixedOffset>,
}

impl Moment {
    /// RFC 3339 with an offset, ISO 8601 local time without.
    pub(crate) fn to_text(self) -> String {
        let local = self.local.format("%Y-%m-%dT%H:%M:%S%.f");
        match self.offset {
            Some(offset) if offset.local_minus_utc() == 0 => format!("{local}Z"),
            Some(offset) => format!("{local}{offset}"),
            None => local.to_string(),
        }
    }
}

/// Reads a date and a time of day; a date alone is its midnight.
///
/// # Errors
/// Why it is none, for people.
pub(crate) fn parse_moment(text: &str, order: Option<DateOrder>) -> Result<Moment, String> {
    if text.len() > MAX_BYTES {
        return Err("the text is too long for a date".to_owned());
    }
    let normal: String = text.nfkc().collect();
    let Some(colon) = normal.find(':') else {
        return Ok(Moment { local: parse(text, order)?.and_time(NaiveTime::MIN), offset: None });
    };
    let digits = normal[..colon].bytes().rev().take_while(u8::is_ascii_digit).count();
    let (date, time) = normal.split_at(colon - digits);
    let date = date.trim_end().trim_end_matches(['T', 't', ',']);
    let (time, offset) = time_of(&time.to_ascii_lowercase())?;
    Ok(Moment { local: parse(date, order)?.and_time(time), offset })
}

fn time_of(text: &str) -> Result<(NaiveTime, Option<FixedOffset>), String> {
    let end = text.find(|character: char| !matches!(character, '0'..='9' | ':' | '.')).unwrap_or(text.len());
    let (clock, mut rest) = (text[..end].trim_end_matches('.'), text[end..].trim());
    let mut pm = None;
    for (word, is_pm) in [("am", false), ("a.m.", false), ("pm", true), ("p.m.", true)] {
        if let Some(behind) = rest.strip_prefix(word) {
            (pm, rest) = (Some(is_pm), behind.trim());
        }
    }
    rest = rest.strip_prefix("uhr").unwrap_or(rest).trim();
    let mut pieces = clock.split(':');
    let mut number = || pieces.next().map(|piece| piece.parse::<u32>().map_err(|_bad| bad_time()));
    let hour = number().unwrap_or(Err(bad_time()))?;
    let minute = number().unwrap_or(Err(bad_time()))?;
    let seconds = pieces.next().unwrap_or("0");
    let (second, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    if pieces.next().is_some() || fraction.len() > 9 {
        return Err(bad_time());
    }
    let second: u32 = second.parse().map_err(|_bad| bad_time())?;
    let nanos: u32 = format!("{fraction:0<9}").parse().map_err(|_bad| bad_time())?;
    let hour = match pm {
        Some(is_pm) if (1..=12).contains(&hour) => hour % 12 + if is_pm { 12 } else { 0 },
        Some(_) => return Err(bad_time()),
        None => hour,
    };
    let time = NaiveTime::from_hms_nano_opt(hour, minute, second, nanos).ok_or_else(bad_time)?;
    Ok((time, offset_of(rest)?))
}

fn bad_time() -> String {
    "there is no such time of day".to_owned()
}

fn offset_of(text: &str) -> Result<Option<FixedOffset>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    if matches!(text, "z" | "utc" | "gmt") {
        return Ok(Some(Utc.fix()));
    }
    let (sign, digits) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(digits), _) => (1, digits),
        (_, Some(digits)) => (-1, digits),
        _ => return Err(format!("{text:?} does not belong behind a time")),
    };
    let digits: String = digits.chars().filter(|character| *character != ':').collect();
    let minutes = match (digits.len(), digits.parse::<i32>()) {
        (4, Ok(number)) if number % 100 < 60 => number / 100 * 60 + number % 100,
        (2, Ok(hours)) => hours * 60,
        _ => return Err(format!("{text:?} is no distance to UTC")),
    };
    FixedOffset::east_opt(sign * minutes * 60).map(Some).ok_or_else(|| format!("{text:?} is no distance to UTC"))
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

    #[test]
    fn moments() {
        for (text, expected) in [
            ("2024-03-01T10:20:30Z", "2024-03-01T10:20:30Z"),
            ("2024-03-01T10:20:30+02:00", "2024-03-01T10:20:30+02:00"),
            ("2024-03-01 10:20", "2024-03-01T10:20:00"),
            ("1 March 2024, 3:05 pm", "2024-03-01T15:05:00"),
            ("1 March 2024 12:05 AM", "2024-03-01T00:05:00"),
            ("01.03.2024 10:20 Uhr", "2024-03-01T10:20:00"),
            ("2024-03-01T10:20:30.250-0530", "2024-03-01T10:20:30.250-05:30"),
            ("1 March 2024", "2024-03-01T00:00:00"),
        ] {
            let moment = parse_moment(text, Some(DateOrder::Dmy)).map(Moment::to_text);
            assert_eq!(moment.as_deref(), Ok(expected), "{text}");
        }
        for text in ["2024-03-01 25:00", "2024-03-01 10:61", "2024-03-01 13:00 pm", "10:20", "2024-03-01 10:20 foo"] {
            assert!(parse_moment(text, None).is_err(), "{text}");
        }
    }
}
