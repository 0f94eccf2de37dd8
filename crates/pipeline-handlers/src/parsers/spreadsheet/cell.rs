//! One cell: its text and its JSON value.

use calamine::{Data, ExcelDateTime};
use serde_json::Value;

/// Integers beyond this are not exact in a double.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;
/// Milliseconds in a day.
const DAY_MILLIS: i64 = 86_400_000;

/// What a file says of one cell.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cell {
    /// What it holds.
    pub(super) data: Data,
    /// What people see in its place, by its number format; `None` where that is its plain text.
    pub(super) shown: Option<Box<str>>,
}

impl From<Data> for Cell {
    fn from(data: Data) -> Self {
        Self { data, shown: None }
    }
}

impl Cell {
    /// Bytes of text that it keeps.
    pub(super) fn text_bytes(&self) -> usize {
        let text = match &self.data {
            Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.len(),
            _ => 0,
        };
        text + self.shown.as_ref().map_or(0, |shown| shown.len())
    }
}

/// Whether a cell shows nothing.
pub(super) fn is_blank(cell: &Data) -> bool {
    match cell {
        Data::Empty => true,
        Data::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// The plain text of a cell: what stands in Markdown where no number format says otherwise.
pub(super) fn text(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.trim().to_owned(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) => integral(*number).map_or_else(|| number.to_string(), |whole| whole.to_string()),
        Data::Bool(flag) => flag.to_string(),
        Data::DateTime(moment) => moment_text(moment),
        Data::Error(error) => error.to_string(),
    }
}

/// The value of a cell in a row: typed where the file typed it, dates and durations as ISO 8601 text.
pub(super) fn value(cell: &Data) -> Value {
    match cell {
        Data::Empty => Value::Null,
        Data::String(text) => Value::from(text.as_str()),
        Data::Int(number) => Value::from(*number),
        // Workbooks store every number as a double; whole ones were integers to whoever typed them.
        Data::Float(number) => integral(*number).map_or_else(|| Value::from(*number), Value::from),
        Data::Bool(flag) => Value::from(*flag),
        Data::DateTime(_) | Data::DateTimeIso(_) | Data::DurationIso(_) | Data::Error(_) => Value::from(text(cell)),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "checked to be whole and exact")]
fn integral(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < MAX_EXACT).then_some(number as i64)
}

fn moment_text(moment: &ExcelDateTime) -> String {
    if moment.is_duration() {
        return duration_text(moment.as_duration().map_or(0, |duration| duration.num_milliseconds()));
    }
    let Some(datetime) = moment.as_datetime() else {
        return moment.as_f64().to_string();
    };
    // Below one day there is no date: somebody typed a time.
    if (0.0..1.0).contains(&moment.as_f64()) {
        datetime.time().to_string()
    } else if moment.as_f64().fract() == 0.0 {
        datetime.date().to_string()
    } else {
        format!("{}T{}", datetime.date(), datetime.time())
    }
}

/// `P2DT3H4M5S`
fn duration_text(millis: i64) -> String {
    let sign = if millis < 0 { "-" } else { "" };
    let millis = millis.abs();
    let (days, rest) = (millis / DAY_MILLIS, millis % DAY_MILLIS);
    let (hours, minutes, seconds) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60);
    let days = if days > 0 { format!("{days}D") } else { String::new() };
    format!("{sign}P{days}T{hours}H{minutes}M{seconds}S")
}

#[cfg(test)]
mod tests {
    use calamine::ExcelDateTimeType::{DateTime, TimeDelta};
    use serde_json::json;

    use super::*;

    #[test]
    fn types_are_kept() {
        let check = |cell: &Data, expected: Value, shown: &str| {
            assert_eq!((value(cell), text(cell).as_str()), (expected, shown), "{cell:?}");
        };
        let moment = |number, kind| Data::DateTime(ExcelDateTime::new(number, kind, false));
        check(&Data::Empty, Value::Null, "");
        check(&Data::String("00123".into()), json!("00123"), "00123");
        check(&Data::Float(3.0), json!(3), "3");
        check(&Data::Float(0.25), json!(0.25), "0.25");
        check(&Data::Float(1e300), json!(1e300), &1e300_f64.to_string());
        check(&Data::Bool(true), json!(true), "true");
        check(&moment(45_322.0, DateTime), json!("2024-01-31"), "2024-01-31");
        check(&moment(45_322.5, DateTime), json!("2024-01-31T12:00:00"), "2024-01-31T12:00:00");
        check(&moment(0.75, DateTime), json!("18:00:00"), "18:00:00");
        check(&moment(1.5, TimeDelta), json!("P1DT12H0M0S"), "P1DT12H0M0S");
    }
}
