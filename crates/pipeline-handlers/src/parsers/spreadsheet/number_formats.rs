//! Numbers as their cells show them: `0.25` under `0%` is `25%`.

use std::collections::HashMap;

use calamine::{Data, Style};
use ssfmt::{DateSystem, FormatOptions, NumberFormat};

use super::cell;

/// Longest format code that spreadsheets take.
const LONGEST_CODE: usize = 255;

/// The number formats of a workbook, each read when a cell first has it.
pub(super) struct NumberFormats {
    options: FormatOptions,
    by_style: HashMap<usize, Option<NumberFormat>>,
}

impl NumberFormats {
    /// `is_1904`: whether day 0 of the workbook's dates is in 1904.
    pub(super) fn new(is_1904: bool) -> Self {
        let date_system = if is_1904 { DateSystem::Date1904 } else { DateSystem::Date1900 };
        Self { options: FormatOptions { date_system, ..FormatOptions::default() }, by_style: HashMap::new() }
    }

    /// What people see in place of a number or a date; `None` where that is its plain text, or nobody can tell.
    pub(super) fn shown(&mut self, data: &Data, style: usize, styles: &[Style]) -> Option<Box<str>> {
        let number = match data {
            Data::Int(number) => *number as f64,
            Data::Float(number) => *number,
            Data::DateTime(moment) => moment.as_f64(),
            _ => return None,
        };
        let format = self.by_style.entry(style).or_insert_with(|| styles.get(style).and_then(of_style)).as_ref()?;
        let text = format.format(number, &self.options);
        let text = text.trim();
        // A format may hide a value, and fills a cell with `#` where it has no answer; both would lose what is there.
        let tells = text.chars().any(char::is_alphanumeric);
        (tells && text != cell::text(data)).then(|| text.into())
    }
}

/// The format of a style; `None` for `General`, for one that cannot be read, and for those that mean something else in
/// every country (ECMA-376 part 1 §18.8.30): a date without a country is better in ISO 8601.
fn of_style(style: &Style) -> Option<NumberFormat> {
    let format = style.number_format.as_ref()?;
    let is_local = matches!(format.format_id, Some(14 | 22 | 27..=36 | 50..=58));
    let code = format.format_code.as_str();
    if is_local || code.eq_ignore_ascii_case("general") || code.len() > LONGEST_CODE {
        return None;
    }
    NumberFormat::parse(code).ok()
}
