//! One row of the table.

use std::fmt;

/// The head of the table.
pub const HEADER: &str = "| figure | measured | target | |\n|---|---|---|---|";

/// One row of the table.
#[derive(Debug)]
pub struct Figure {
    name: String,
    measured: String,
    target: String,
    met: Option<bool>,
}

impl Figure {
    /// A figure with a target.
    pub fn judged(name: impl Into<String>, measured: impl Into<String>, target: impl Into<String>, met: bool) -> Self {
        Self { name: name.into(), measured: measured.into(), target: target.into(), met: Some(met) }
    }

    /// A figure that explains others.
    pub fn note(name: impl Into<String>, measured: impl Into<String>) -> Self {
        Self { name: name.into(), measured: measured.into(), target: String::new(), met: None }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, measured, target, met } = self;
        let verdict = match met {
            Some(true) => "met",
            Some(false) => "**LOST**",
            None => "",
        };
        write!(f, "| {name} | {measured} | {target} | {verdict} |")
    }
}

/// A rate with spaces between thousands: `33 120/s`.
pub fn rate(per_second: f64) -> String {
    format!("{}/s", grouped(per_second.round() as u64))
}

/// A number with spaces between thousands.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_told_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1 000"), (1_234_567, "1 234 567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn a_missed_target_is_loud() {
        assert!(Figure::judged("a", "1", "2", false).to_string().ends_with("| **LOST** |"));
    }
}
