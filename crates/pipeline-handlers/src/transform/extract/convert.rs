//! From the text as it stands to the value of a field.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use regex::Regex;
use serde_json::{Number, Value, json};

use super::item::Piece;
use super::matcher::fold;
use super::plan::{Scalar, StepPlan};
use super::program::{Case, Kind};
use crate::transform::locale::date;
use crate::transform::locale::moment::{self, Moment};
use crate::transform::locale::{Conventions, boolean, money, number};

/// Bytes of a text that steps may work on, and make.
const MAX_TEXT: usize = 4 << 20;
/// Whole numbers beyond this are not exact everywhere JSON is read.
const MAX_INTEGER: i64 = (1 << 53) - 1;

/// What becomes of a text.
pub(super) enum Converted {
    Value(Value),
    /// There is nothing to convert.
    Missing,
    /// Why it does not convert, for people.
    Invalid(String),
}

enum Texts {
    One(String),
    List(Vec<String>),
}

/// Makes the value of a field.
pub(super) fn convert(piece: &Piece, scalar: &Scalar) -> Converted {
    if let (Some(value), true) = (&piece.value, scalar.steps.is_empty()) {
        match value {
            Value::Null => return Converted::Missing,
            value if scalar.kind == Kind::Json => return Converted::Value(value.clone()),
            Value::Array(_) | Value::Object(_) => {
                return Converted::Invalid("it is a list or an object; only the type `json` takes those".to_owned());
            }
            _ => {}
        }
    }
    let conventions = match &piece.value {
        // Written by us, not by people.
        Some(Value::Number(_)) => Conventions { decimal: Some('.'), ..scalar.conventions },
        _ => scalar.conventions,
    };
    let one = |text: &str| of_text(text.trim(), scalar, &conventions);
    match steps(&piece.text, &scalar.steps) {
        Err(reason) => Converted::Invalid(reason),
        Ok(None) => Converted::Missing,
        Ok(Some(Texts::One(text))) if text.trim().is_empty() => Converted::Missing,
        Ok(Some(Texts::One(text))) => one(&text).map_or_else(Converted::Invalid, Converted::Value),
        Ok(Some(Texts::List(texts))) => {
            let filled = texts.iter().filter(|text| !text.trim().is_empty());
            let values: Result<Vec<Value>, String> = filled.map(|text| one(text)).collect();
            match values {
                Ok(values) if values.is_empty() => Converted::Missing,
                Ok(values) => Converted::Value(Value::Array(values)),
                Err(reason) => Converted::Invalid(reason),
            }
        }
    }
}

fn steps(text: &str, steps: &[StepPlan]) -> Result<Option<Texts>, String> {
    if !steps.is_empty() && text.len() > MAX_TEXT {
        return Err(too_long());
    }
    let mut texts = Texts::One(text.trim().to_owned());
    for step in steps {
        texts = match (step, texts) {
            (StepPlan::Split(separator), Texts::One(text)) => {
                Texts::List(text.split(separator.as_str()).map(|part| part.trim().to_owned()).collect())
            }
            (StepPlan::Split(_), Texts::List(_)) => return Err("it is cut into a list already".to_owned()),
            (StepPlan::Take(nth), Texts::List(list)) => match super::pick(list, *nth) {
                Some(text) => Texts::One(text),
                None => return Ok(None),
            },
            (StepPlan::Join(separator), Texts::List(list)) => Texts::One(list.join(separator)),
            (StepPlan::Take(_) | StepPlan::Join(_), one) => one,
            (step, Texts::One(text)) => match of_one(text, step)? {
                Some(text) => Texts::One(text),
                None => return Ok(None),
            },
            (step, Texts::List(list)) => {
                let mut kept = Vec::with_capacity(list.len());
                for text in list {
                    kept.extend(of_one(text, step)?);
                }
                Texts::List(kept)
            }
        };
    }
    Ok(Some(texts))
}

fn of_one(text: String, step: &StepPlan) -> Result<Option<String>, String> {
    Ok(Some(match step {
        StepPlan::Trim(characters) => {
            text.trim_matches(|character: char| character.is_whitespace() || characters.contains(&character)).to_owned()
        }
        StepPlan::Replace { regex, with } => replaced(&text, regex, with)?,
        StepPlan::Match(regex) => return Ok(matched(&text, regex)),
        StepPlan::Map(map) => map.get(&fold(&text)).cloned().unwrap_or(text),
        StepPlan::Case(Case::Upper) => text.to_uppercase(),
        StepPlan::Case(Case::Lower) => text.to_lowercase(),
        StepPlan::Split(_) | StepPlan::Take(_) | StepPlan::Join(_) => text,
    }))
}

/// Replaces every match, as long as the text does not grow without bounds.
fn replaced(text: &str, regex: &Regex, with: &str) -> Result<String, String> {
    let mut made = String::with_capacity(text.len());
    let mut end = 0;
    for captures in regex.captures_iter(text) {
        let Some(whole) = captures.get(0) else { continue };
        made.push_str(&text[end..whole.start()]);
        // A group cannot be longer than the match, and `with` cannot name more groups than it has signs.
        if made.len() + with.len().saturating_mul(whole.len().max(1)) > 4 * MAX_TEXT {
            return Err(too_long());
        }
        captures.expand(with, &mut made);
        end = whole.end();
    }
    made.push_str(&text[end..]);
    if made.len() > MAX_TEXT { Err(too_long()) } else { Ok(made) }
}

fn too_long() -> String {
    format!("the text is longer than {MAX_TEXT} bytes")
}

/// The group `value`, the first group, or all of the first match.
pub(super) fn matched(text: &str, regex: &Regex) -> Option<String> {
    let captures = regex.captures(text)?;
    let group = captures.name("value").or_else(|| captures.get(usize::from(captures.len() > 1)))?;
    Some(group.as_str().trim().to_owned())
}

fn of_text(text: &str, scalar: &Scalar, conventions: &Conventions) -> Result<Value, String> {
    match scalar.kind {
        Kind::String | Kind::Json => Ok(Value::from(text)),
        Kind::Integer => integer(&number::parse(text, conventions.decimal)?),
        Kind::Number => exact(&number::parse(text, conventions.decimal)?),
        Kind::Decimal => number::parse(text, conventions.decimal).map(Value::from),
        Kind::Boolean => boolean::parse(text).map(Value::from).ok_or_else(|| "it says neither yes nor no".to_owned()),
        Kind::Date => day(text, scalar, conventions),
        Kind::Datetime => moment(text, scalar, conventions),
        Kind::Money => {
            let (amount, currency) = money::parse(text, conventions)?;
            let currency = currency.map(str::to_owned).or_else(|| scalar.currency.clone());
            Ok(json!({ "amount": exact(&amount)?, "currency": currency }))
        }
    }
}

fn integer(digits: &str) -> Result<Value, String> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if fraction.bytes().any(|digit| digit != b'0') {
        return Err("it has decimals".to_owned());
    }
    let number = whole.parse::<i64>().ok().filter(|number| number.abs() <= MAX_INTEGER);
    number.map(Value::from).ok_or_else(|| "it is too large for an integer; `decimal` keeps every digit".to_owned())
}

/// The JSON number of plain digits, if it says the same.
fn exact(digits: &str) -> Result<Value, String> {
    let inexact = || "it has more digits than a JSON number holds; `decimal` keeps every digit".to_owned();
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() {
        let number = whole.parse::<i64>().ok().filter(|number| number.abs() <= MAX_INTEGER).ok_or_else(inexact)?;
        return Ok(Value::from(number));
    }
    let shortest = format!("{whole}.{fraction}");
    let number: f64 = shortest.parse().map_err(|_bad| inexact())?;
    // Display prints the shortest digits that read back as the same number.
    if number.to_string() != shortest {
        return Err(inexact());
    }
    Number::from_f64(number).map(Value::Number).ok_or_else(inexact)
}

fn day(text: &str, scalar: &Scalar, conventions: &Conventions) -> Result<Value, String> {
    let date = match scalar.formats.as_slice() {
        [] => date::parse(text, conventions.order)?,
        formats => formats
            .iter()
            .find_map(|format| NaiveDate::parse_from_str(text, format).ok())
            .or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())
            .ok_or("it fits none of the formats")?,
    };
    Ok(Value::from(date.to_string()))
}

fn moment(text: &str, scalar: &Scalar, conventions: &Conventions) -> Result<Value, String> {
    if scalar.formats.is_empty() {
        return moment::parse(text, conventions.order).map(|moment| Value::from(moment.to_text()));
    }
    let local = |local| Moment { local, offset: None };
    let of_format = |format: &String| {
        if let Ok(moment) = chrono::DateTime::parse_from_str(text, format) {
            return Some(Moment { local: moment.naive_local(), offset: Some(*moment.offset()) });
        }
        let naive = NaiveDateTime::parse_from_str(text, format).ok();
        naive
            .or_else(|| NaiveDate::parse_from_str(text, format).ok().map(|date| date.and_time(NaiveTime::MIN)))
            .map(local)
    };
    let found = scalar.formats.iter().find_map(of_format);
    // Sheets and data files write moments in ISO 8601, whatever people do.
    let iso = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok().map(local);
    let moment = found.or_else(iso).ok_or("it fits none of the formats")?;
    Ok(Value::from(moment.to_text()))
}
