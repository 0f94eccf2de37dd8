//! Times of the hot path: RFC 3339 in UTC, as chrono writes them, without going through its formatter.

use chrono::{DateTime, Datelike, Timelike, Utc};
use serde::Serializer;

/// Writes a time.
pub fn time<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut buffer = [0; LONGEST];
    match text(at, &mut buffer) {
        Some(text) => serializer.serialize_str(text),
        // Years beyond four digits are none of ours.
        None => serializer.collect_str(&at.to_rfc3339()),
    }
}

/// Writes a time that may be absent.
#[expect(clippy::ref_option, reason = "the signature that serde asks for")]
pub fn optional_time<S: Serializer>(at: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => time(at, serializer),
        None => serializer.serialize_none(),
    }
}

/// `2026-11-22T08:00:00.123456Z`
const LONGEST: usize = 27;

/// The text in the buffer: no fraction, milliseconds or microseconds, whichever loses nothing.
fn text<'b>(at: &DateTime<Utc>, buffer: &'b mut [u8; LONGEST]) -> Option<&'b str> {
    let year = u32::try_from(at.year()).ok().filter(|year| *year <= 9999)?;
    let micros = at.nanosecond().checked_div(1000).filter(|micros| *micros < 1_000_000)?;
    let mut out = Digits { buffer, at: 0 };
    out.number(year, 4).byte(b'-').number(at.month(), 2).byte(b'-').number(at.day(), 2).byte(b'T');
    out.number(at.hour(), 2).byte(b':').number(at.minute(), 2).byte(b':').number(at.second(), 2);
    match micros {
        0 => {}
        micros if micros.is_multiple_of(1000) => {
            out.byte(b'.').number(micros / 1000, 3);
        }
        micros => {
            out.byte(b'.').number(micros, 6);
        }
    }
    out.byte(b'Z');
    let length = out.at;
    std::str::from_utf8(buffer.get(..length)?).ok()
}

struct Digits<'b> {
    buffer: &'b mut [u8; LONGEST],
    at: usize,
}

impl Digits<'_> {
    fn byte(&mut self, byte: u8) -> &mut Self {
        if let Some(place) = self.buffer.get_mut(self.at) {
            *place = byte;
        }
        self.at += 1;
        self
    }

    fn number(&mut self, number: u32, digits: u32) -> &mut Self {
        for power in (0..digits).rev() {
            self.byte(b'0' + (number / 10_u32.pow(power) % 10) as u8);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_writes_what_chrono_writes() {
        for micros in
            [0, 1, 999_999, 1_000_000, 1_500_000, 1_700_000_000_123_456, 1_800_000_000_120_000, -1, -62e15 as i64]
        {
            let at = DateTime::from_timestamp_micros(micros).expect("in range");
            let chrono = serde_json::to_string(&at).expect("JSON");
            let mut buffer = [0; LONGEST];
            assert_eq!(text(&at, &mut buffer).map(|text| format!("\"{text}\"")), Some(chrono));
        }
        assert!(text(&DateTime::<Utc>::MAX_UTC, &mut [0; LONGEST]).is_none());
    }
}
