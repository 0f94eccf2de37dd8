//! Values beside their labels.

use std::rc::Rc;

use serde_json::Value;

use super::item::{Item, Piece, Place};
use super::matcher::{Matcher, fold};

/// Words of a label that are looked for before a colon.
const MAX_LABEL_WORDS: usize = 10;
/// Bytes of a line in which labels are looked for; longer ones are running text.
const MAX_LINE_BYTES: usize = 4_000;

/// A line of text, or the cells of a row.
pub(super) enum Unit<'a> {
    Line { text: &'a str, place: Place },
    Cells { cells: Vec<(std::borrow::Cow<'a, str>, Option<&'a Value>)>, place: Place, is_header: bool },
}

/// How much may stand before a label.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Nothing but the value of another label.
    Value,
    /// Any words: lines that a printer has run together.
    Words,
}

/// Values of a label: those behind a colon, in the next cell or behind a gap; failing these, those behind a colon with
/// other words before the label; then those of the next line; at last an amount behind the label alone.
pub(super) fn find(labels: &[Matcher], all_labels: &[Matcher], units: &[Unit<'_>]) -> Vec<Item<'static>> {
    let finder = Finder { labels, all_labels };
    for before in [Before::Value, Before::Words] {
        let beside: Vec<Piece> = units.iter().flat_map(|unit| finder.beside(unit, before)).collect();
        if !beside.is_empty() {
            return items(beside);
        }
    }
    let below: Vec<Piece> = units.windows(2).filter_map(|pair| finder.below(&pair[0], &pair[1])).collect();
    if !below.is_empty() {
        return items(below);
    }
    items(units.iter().filter_map(|unit| finder.behind(unit)).collect())
}

fn items(pieces: Vec<Piece>) -> Vec<Item<'static>> {
    pieces.into_iter().map(|piece| Item::Piece(Rc::new(piece))).collect()
}

struct Finder<'a> {
    labels: &'a [Matcher],
    all_labels: &'a [Matcher],
}

fn is_label(labels: &[Matcher], text: &str) -> bool {
    labels.iter().any(|label| label.is_match(text))
}

impl Finder<'_> {
    fn beside(&self, unit: &Unit<'_>, before: Before) -> Vec<Piece> {
        match unit {
            Unit::Line { text, place } => {
                in_line(text, self, before).into_iter().map(|text| Piece::text(text, *place)).collect()
            }
            Unit::Cells { cells, place, is_header } => {
                let mut found = Vec::new();
                for (at, (text, _)) in cells.iter().enumerate() {
                    let text = text.trim();
                    // The names of columns are labels of what is below them, not of each other.
                    let is_name = *is_header && cells.len() > 2 && !text.ends_with([':', '：']);
                    if !is_name && !text.is_empty() && is_label(self.labels, text) {
                        found.extend(self.next_cell(&cells[at + 1..], *place));
                    } else {
                        found.extend(in_line(text, self, before).into_iter().map(|text| Piece::text(text, *place)));
                    }
                }
                found
            }
        }
    }

    fn next_cell(&self, cells: &[(std::borrow::Cow<'_, str>, Option<&Value>)], place: Place) -> Option<Piece> {
        let (text, value) = cells.iter().find(|(text, _)| !text.trim().is_empty())?;
        let is_next_label = is_label(self.all_labels, text);
        (!is_next_label).then(|| Piece { value: value.cloned(), ..Piece::text(text.trim(), place) })
    }

    /// The line below a line that is nothing but the label.
    fn below(&self, unit: &Unit<'_>, next: &Unit<'_>) -> Option<Piece> {
        let (Unit::Line { text: label, .. }, Unit::Line { text, place }) = (unit, next) else {
            return None;
        };
        let text = text.trim();
        let is_value = !text.is_empty() && !text.ends_with([':', '：']) && !is_label(self.all_labels, text);
        (is_value && is_label(self.labels, label.trim())).then(|| Piece::text(text, *place))
    }

    /// An amount or a number behind a label without any sign between them.
    fn behind(&self, unit: &Unit<'_>) -> Option<Piece> {
        let Unit::Line { text, place } = unit else { return None };
        let text = text.trim();
        for (at, _) in text.match_indices(char::is_whitespace).take(MAX_LABEL_WORDS) {
            let rest = text[at..].trim_start();
            let is_amount = rest.starts_with(|first: char| first.is_ascii_digit() || "€$£¥₹+-".contains(first));
            if is_amount && is_label(self.labels, &text[..at]) {
                return Some(Piece::text(rest, *place));
            }
        }
        None
    }
}

/// Values behind the label in one line.
fn in_line<'a>(line: &'a str, finder: &Finder<'_>, before: Before) -> Vec<&'a str> {
    let mut values = Vec::new();
    if line.len() > MAX_LINE_BYTES {
        return values;
    }
    for segment in segments(line) {
        let mut before = before;
        for (at, colon) in segment.match_indices([':', '：']) {
            let label = &segment[..at];
            let own = label_before(label, finder.labels, before);
            // The longest label counts: a due date is no date.
            let longest = label_before(label, finder.all_labels, before);
            // Behind the first colon, words before a label are the value of the one before.
            before = Before::Words;
            if own.is_none() || own > longest.or(own) {
                continue;
            }
            let rest = &segment[at + colon.len()..];
            let value = rest[..next_label(rest, finder.all_labels)].trim();
            if !value.is_empty() {
                values.push(value);
            }
        }
    }
    if values.is_empty() {
        // A label, a gap, a value.
        let parts: Vec<&str> = segments(line).collect();
        for pair in parts.windows(2) {
            if is_label(finder.labels, pair[0]) && !is_label(finder.all_labels, pair[1]) {
                values.push(pair[1]);
            }
        }
    }
    values
}

/// Parts of a line with wide gaps, tabs or bars between them.
fn segments(line: &str) -> impl Iterator<Item = &str> {
    line.split(['\t', '|']).flat_map(|part| part.split("  ")).map(str::trim).filter(|part| !part.is_empty())
}

/// Where the longest label begins that ends a text.
fn label_before(text: &str, labels: &[Matcher], before: Before) -> Option<usize> {
    // Behind the last colon: what is before it is another label.
    let base = text.rfind([':', '：']).map_or(0, |at| at + text[at..].chars().next().map_or(0, char::len_utf8));
    let text = text[base..].trim_end();
    if labels.iter().any(|label| begins(label, text.trim_start())) {
        return Some(base);
    }
    let parts =
        |sign: char| matches!(sign, ';' | ',' | '(' | '·' | '•') || (before == Before::Words && sign.is_whitespace());
    let mut longest = None;
    let mut of_regex = None;
    for (at, sign) in text.rmatch_indices(parts).take(MAX_LABEL_WORDS) {
        let start = at + sign.len();
        let suffix = text[start..].trim_start();
        if suffix.is_empty() {
            continue;
        }
        let folded = fold(suffix);
        for label in labels {
            match label {
                Matcher::Exact(exact) if *exact == folded => longest = Some(start),
                // An expression that allows for anything before it must not swallow the words before the label.
                Matcher::Regex(_) if of_regex.is_none() && begins(label, suffix) => of_regex = Some(start),
                _ => {}
            }
        }
    }
    longest.or(of_regex).map(|start| base + start)
}

/// Whether a text is a label: the same, or one that an expression matches from its first sign.
fn begins(label: &Matcher, text: &str) -> bool {
    match label {
        Matcher::Exact(_) => label.is_match(text),
        Matcher::Regex(regex) => regex.find(text).is_some_and(|found| found.start() == 0 && found.end() > 0),
    }
}

/// Where the next label of the program begins behind a value.
fn next_label(rest: &str, all_labels: &[Matcher]) -> usize {
    for (at, _) in rest.match_indices([':', '：']) {
        let before = &rest[..at];
        if let Some(start) = label_before(before, all_labels, Before::Words)
            && !before[..start].trim().is_empty()
        {
            return start;
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(labels: &[&str]) -> Vec<Matcher> {
        labels.iter().map(|label| Matcher::Exact(fold(label))).collect()
    }

    #[track_caller]
    fn check(lines: &[&str], label: &str, expected: &[&str]) {
        let all = exact(&["Invoice No", "Date", "Total", "合同编号", "甲方", "Due date"]);
        let units: Vec<Unit<'_>> = lines.iter().map(|text| Unit::Line { text, place: Place::default() }).collect();
        let found = find(&exact(&[label]), &all, &units);
        let texts = found.iter().map(|item| match item {
            Item::Piece(piece) => piece.text.clone(),
            other => panic!("{other:?}"),
        });
        assert_eq!(texts.collect::<Vec<_>>(), expected, "{lines:?} {label}");
    }

    #[test]
    fn values_stand_behind_colons() {
        check(&["Invoice No: A-1"], "invoice no.", &["A-1"]);
        check(&["INVOICE NO : A-1"], "Invoice No", &["A-1"]);
        check(&["合同编号：HT-1"], "合同编号", &["HT-1"]);
        check(&["Invoice No: A-1 Date: 1 May 2024 Total: 5"], "Date", &["1 May 2024"]);
        check(&["Invoice No: A-1 Date: 1 May 2024 Total: 5"], "Total", &["5"]);
        check(&["Due date: 1 May", "Date: 2 May"], "Date", &["2 May"]);
        check(&["Acme Ltd Invoice No: A-1"], "Invoice No", &["A-1"]);
        let lines = ["Net: 1 EUR VAT 20%: 2 EUR Total: 3"];
        let units = lines.map(|text| Unit::Line { text, place: Place::default() });
        let vat = [Matcher::Regex(regex::Regex::new("^VAT").expect("an expression"))];
        let all = [exact(&["Net", "Total"]), vat.to_vec()].concat();
        let texts = |labels: &[Matcher]| match find(labels, &all, &units).as_slice() {
            [Item::Piece(piece)] => piece.text.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!((texts(&vat), texts(&exact(&["Net"]))), ("2 EUR".to_owned(), "1 EUR".to_owned()));
        check(&["Time: 10:30 Date: 1 May 10:30"], "Date", &["1 May 10:30"]);
        check(&["Subtotal: 5"], "Total", &[]);
    }

    #[test]
    fn values_stand_behind_gaps_and_below() {
        check(&["Invoice No    A-1    Date\tMay"], "Invoice No", &["A-1"]);
        check(&["Invoice No    A-1    Date\tMay"], "Date", &["May"]);
        check(&["Invoice No:", "A-1"], "Invoice No", &["A-1"]);
        check(&["Invoice No", "Date"], "Invoice No", &[]);
        check(&["Total 119,00 EUR"], "Total", &["119,00 EUR"]);
        check(&["Total of all"], "Total", &[]);
    }

    #[test]
    fn values_stand_in_the_next_cell() {
        let cells = |texts: &[&'static str], is_header| Unit::Cells {
            cells: texts.iter().map(|text| ((*text).into(), None)).collect(),
            place: Place::default(),
            is_header,
        };
        let labels = exact(&["Total"]);
        let all = exact(&["Total", "Date"]);
        let found = |units: &[Unit<'_>]| find(&labels, &all, units).len();
        assert_eq!(found(&[cells(&["Total", "5"], true)]), 1);
        assert_eq!(found(&[cells(&["", "", "Total", "5"], false)]), 1);
        assert_eq!(found(&[cells(&["Item", "Total", "Tax"], true)]), 0);
        assert_eq!(found(&[cells(&["Total", "Date", "Tax"], false)]), 0);
        assert_eq!(found(&[cells(&["x", "Total: 5"], false)]), 1);
    }
}
