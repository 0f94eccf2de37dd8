//! The ways in which people write a value.

use serde_json::Value;

use crate::transform::locale::months;

/// Decimals that are added to show money and measures.
const MAX_DECIMALS: usize = 4;

/// Texts that say a value, the likeliest first; none for what nobody quotes.
pub(super) fn of(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => {
            let mut forms = vec![text.clone()];
            forms.extend(iso_date(text).map(date_forms).unwrap_or_default());
            forms
        }
        Value::Number(number) => number_forms(&number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Vec::new(),
    }
}

/// Forms of a number from its JSON text.
fn number_forms(text: &str) -> Vec<String> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    if digits.contains(['e', 'E']) {
        return vec![text.to_owned()];
    }
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut fractions = vec![fraction.to_owned()];
    if fraction == "0" {
        fractions.push(String::new());
    }
    for length in fraction.len() + 1..=MAX_DECIMALS {
        fractions.push(format!("{fraction:0<length$}"));
    }
    let mut forms = Vec::new();
    for fraction in &fractions {
        for (separator, point) in
            [("", '.'), (",", '.'), (".", ','), ("", ','), (" ", ','), (" ", '.'), ("'", '.'), ("lakh", '.')]
        {
            if !separator.is_empty() && whole.len() <= 3 {
                continue;
            }
            let grouped = if separator == "lakh" { grouped(whole, ",", 2) } else { grouped(whole, separator, 3) };
            let form = match fraction.is_empty() {
                true => format!("{sign}{grouped}"),
                false => format!("{sign}{grouped}{point}{fraction}"),
            };
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
    }
    forms.extend(percent(whole, fraction).map(|digits| format!("{sign}{digits}%")));
    if sign == "-" {
        // Books write negative amounts without a sign: in brackets, or in a column of their own.
        let positive: Vec<String> = forms.iter().map(|form| format!("({})", &form[1..])).collect();
        forms.extend(positive);
    }
    forms
}

/// `0.19` as people write it before a percent sign.
fn percent(whole: &str, fraction: &str) -> Option<String> {
    if whole != "0" || fraction.is_empty() || fraction == "0" {
        return None;
    }
    let padded = format!("{fraction:0<2}");
    let (percent, rest) = padded.split_at_checked(2)?;
    let percent = percent.trim_start_matches('0');
    let percent = if percent.is_empty() { "0" } else { percent };
    Some(if rest.is_empty() { percent.to_owned() } else { format!("{percent}.{rest}") })
}

/// Digits with a separator: three at the end, then groups of so many.
fn grouped(digits: &str, separator: &str, group: usize) -> String {
    if separator.is_empty() || !digits.is_ascii() {
        return digits.to_owned();
    }
    let mut end = digits.len();
    let mut pieces = Vec::new();
    let mut size = 3;
    while end > size {
        pieces.push(&digits[end - size..end]);
        end -= size;
        size = group;
    }
    pieces.push(&digits[..end]);
    pieces.reverse();
    pieces.join(separator)
}

/// Year, month and day of `2024-03-01`, with or without a time behind it.
fn iso_date(text: &str) -> Option<(u32, u32, u32)> {
    let date = text.get(..10)?;
    if !text[10..].is_empty() && !text[10..].starts_with(['T', ' ']) {
        return None;
    }
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let number = |text: &str, length| (text.len() == length).then(|| text.parse::<u32>().ok()).flatten();
    let (year, month, day) = (number(year, 4)?, number(month, 2)?, number(day, 2)?);
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some((year, month, day))
}

fn date_forms((year, month, day): (u32, u32, u32)) -> Vec<String> {
    let mut forms = vec![format!("{year}-{month:02}-{day:02}"), format!("{year}年{month}月{day}日")];
    forms.push(format!("{year}年{month:02}月{day:02}日"));
    forms.push(format!("{year}/{month:02}/{day:02}"));
    forms.push(format!("{year}.{month:02}.{day:02}"));
    for (first, second) in [(day, month), (month, day)] {
        for sign in ['.', '/', '-'] {
            forms.push(format!("{first:02}{sign}{second:02}{sign}{year}"));
            forms.push(format!("{first}{sign}{second}{sign}{year}"));
            forms.push(format!("{first:02}{sign}{second:02}{sign}{:02}", year % 100));
        }
    }
    for name in months::names_of(month) {
        for day in [format!("{day}"), format!("{day:02}")] {
            for form in [
                format!("{day} {name} {year}"),
                format!("{day}. {name} {year}"),
                format!("{name} {day}, {year}"),
                format!("{day} de {name} de {year}"),
                format!("{day}-{name}-{year}"),
            ] {
                forms.push(form);
            }
        }
        for suffix in ["st", "nd", "rd", "th"] {
            forms.push(format!("{name} {day}{suffix}, {year}"));
            forms.push(format!("{day}{suffix} {name} {year}"));
        }
        if day == 1 {
            forms.push(format!("1er {name} {year}"));
        }
    }
    forms
}
