//! What a cell's look adds to its number: a unit.
//!
//! A format may say what a number counts (`25%`, `€1,234.50`), which belongs into the text. The rest of it, places and
//! groups of digits and the many ways of writing a date, hides more than it tells, so the number itself stands there.

/// Signs of currencies beside those of Unicode's block for them.
const CURRENCIES: [char; 5] = ['$', '¢', '£', '¤', '¥'];

/// What people see of a number, where that has a unit and is still the same number; `None` where the number says as
/// much or more.
pub(super) fn shown(number: f64, seen: &str) -> Option<Box<str>> {
    let seen = seen.trim();
    let is_percent = seen.contains('%');
    let is_money = seen.chars().any(|sign| CURRENCIES.contains(&sign) || ('\u{20a0}'..='\u{20cf}').contains(&sign));
    if !is_percent && !is_money {
        return None;
    }
    let number = if is_percent { number * 100.0 } else { number };
    // Nobody knows here whether a comma parts groups of digits or begins the decimals.
    let says = |decimal: char| {
        let digits: String = seen
            .chars()
            .filter(|character| character.is_ascii_digit() || *character == decimal)
            .map(|character| if character == decimal { '.' } else { character })
            .collect();
        digits.parse::<f64>().is_ok_and(|said| (said - number.abs()).abs() <= number.abs() * 1e-9)
    };
    (says('.') || says(',')).then(|| seen.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_shown_and_looks_are_not() {
        for (number, seen) in [
            (0.25, "25%"),
            (0.256, "25.6 %"),
            (1234.5, "€1,234.50"),
            (1234.5, "1.234,50 €"),
            (-7.0, "($7.00)"),
            (0.0, "0%"),
            (1_200_000.0, "¥ 1,200,000"),
        ] {
            assert_eq!(shown(number, seen).as_deref(), Some(seen), "{number}");
        }
        for (number, seen) in [(1234.5, "1,234.50"), (1.0, "1.01"), (0.2534, "25%"), (3.0, "US$"), (1.0, "")] {
            assert_eq!(shown(number, seen), None, "{number} as {seen}");
        }
    }
}
