//! Dates with a time of day.

use chrono::{FixedOffset, NaiveDateTime, NaiveTime, Offset, Utc};
use unicode_normalization::UnicodeNormalization;

use super::date::{self, DateOrder, MAX_BYTES};

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
pub(crate) fn parse(text: &str, order: Option<DateOrder>) -> Result<Moment, String> {
    if text.len() > MAX_BYTES {
        return Err("the text is too long for a date".to_owned());
    }
    let normal: String = text.nfkc().collect();
    let Some(colon) = normal.find(':') else {
        return Ok(Moment { local: date::parse(text, order)?.and_time(NaiveTime::MIN), offset: None });
    };
    let digits = normal[..colon].bytes().rev().take_while(u8::is_ascii_digit).count();
    let (date, time) = normal.split_at(colon - digits);
    let date = date.trim_end().trim_end_matches(['T', 't', ',']);
    let (time, offset) = time_of(&time.to_ascii_lowercase())?;
    Ok(Moment { local: date::parse(date, order)?.and_time(time), offset })
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
            let moment = parse(text, Some(DateOrder::Dmy)).map(Moment::to_text);
            assert_eq!(moment.as_deref(), Ok(expected), "{text}");
        }
        for text in ["2024-03-01 25:00", "2024-03-01 10:61", "2024-03-01 13:00 pm", "10:20", "2024-03-01 10:20 foo"] {
            assert!(parse(text, None).is_err(), "{text}");
        }
    }
}
