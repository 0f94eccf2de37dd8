//! Model tokens that a project uses, and what was set aside of its budget.

use chrono::NaiveDate;

use crate::ids::ProjectId;

/// Tokens and what they cost.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TokenUse {
    /// Tokens sent and received.
    pub tokens: u64,
    /// In US dollars, at the prices configured when they were used; 0 where none is known.
    pub cost_usd: f64,
}

/// What one project used on one day (UTC).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DailyUse {
    /// The day.
    pub day: NaiveDate,
    /// What was used; tokens set aside and not settled count in full.
    pub used: TokenUse,
}

/// Tokens set aside for one request. One that is never settled counts in full: the request may well have been served.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "what is set aside must be settled"]
pub struct Reservation {
    /// Whose budget.
    pub project: ProjectId,
    /// The day (UTC) whose budget.
    pub day: NaiveDate,
    /// Tokens set aside.
    pub tokens: u64,
}
