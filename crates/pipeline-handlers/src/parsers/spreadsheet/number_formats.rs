//! Numbers with the units that their formats give them: `0.25` under `0%` is `25%`.

use std::collections::HashMap;

use calamine::{Data, Style};
use ssfmt::{FormatOptions, NumberFormat};

use super::units;

/// Longest format code that spreadsheets take.
const LONGEST_CODE: usize = 255;

/// The number formats of a workbook, each read when a cell first has it.
#[derive(Default)]
pub(super) struct NumberFormats {
    options: FormatOptions,
    by_style: HashMap<usize, Option<NumberFormat>>,
}

impl NumberFormats {
    /// A number with its unit; `None` where its format gives none, or nobody can tell.
    pub(super) fn shown(&mut self, data: &Data, style: usize, styles: &[Style]) -> Option<Box<str>> {
        let number = match data {
            Data::Int(number) => *number as f64,
            Data::Float(number) => *number,
            _ => return None,
        };
        let format = self.by_style.entry(style).or_insert_with(|| styles.get(style).and_then(of_style)).as_ref()?;
        units::shown(number, &format.format(number, &self.options))
    }
}

/// The format of a style; `None` for `General` and for one that cannot be read.
fn of_style(style: &Style) -> Option<NumberFormat> {
    let code = style.number_format.as_ref()?.format_code.as_str();
    if code.eq_ignore_ascii_case("general") || code.len() > LONGEST_CODE {
        return None;
    }
    NumberFormat::parse(code).ok()
}
