//! Model tokens that a project uses, and what was set aside of its budget.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::ids::ProjectId;

/// Which model of which provider.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelName {
    /// Name of the provider, as rules have it.
    pub provider: String,
    /// Name of the model at the provider.
    pub model: String,
}

/// Requests to models, the tokens that they took, and what they cost.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TokenUse {
    /// Requests that a server answered, be it with an error.
    pub requests: u64,
    /// Tokens sent.
    pub input_tokens: u64,
    /// Tokens received.
    pub output_tokens: u64,
    /// In US dollars, at the prices configured when they were used; 0 where none is known.
    pub cost_usd: f64,
}

impl TokenUse {
    /// Tokens sent and received: what budgets count.
    pub fn tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }

    /// Adds another use.
    pub fn add(&mut self, other: &Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.input_tokens = self.input_tokens.saturating_add(other.input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(other.output_tokens);
        self.cost_usd += other.cost_usd;
    }
}

/// What models took for an attempt of a task, or for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// Tokens sent and received.
    pub tokens: u64,
    /// What they cost, in US dollars; `None` where no price is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
}

impl Spent {
    /// The sum of what was spent; `None` when nothing was. The cost is that of the tokens whose price is known.
    pub fn sum(all: impl IntoIterator<Item = Option<Self>>) -> Option<Self> {
        all.into_iter().flatten().reduce(|one, other| Self {
            tokens: one.tokens.saturating_add(other.tokens),
            cost_usd: [one.cost_usd, other.cost_usd].into_iter().flatten().reduce(|sum, cost| sum + cost),
        })
    }
}

// Costs are sums of finite prices, so never NaN.
impl Eq for Spent {}

/// What one project used of one model on one day (UTC).
#[derive(Debug, Clone, PartialEq)]
pub struct ModelDay {
    /// The day.
    pub day: NaiveDate,
    /// The model.
    pub model: ModelName,
    /// What was used.
    pub used: TokenUse,
}

/// What counts against the budget of one project on one day (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountedDay {
    /// The day.
    pub day: NaiveDate,
    /// Tokens used; those set aside and not settled count in full.
    pub tokens: u64,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_spent_adds_up() {
        let spent = |tokens, cost_usd| Some(Spent { tokens, cost_usd });
        assert_eq!(Spent::sum([None, None]), None);
        assert_eq!(Spent::sum([None, spent(3, None)]), spent(3, None));
        assert_eq!(Spent::sum([spent(3, None), spent(4, Some(0.5))]), spent(7, Some(0.5)));
        assert_eq!(Spent::sum([spent(3, Some(0.25)), None, spent(u64::MAX, Some(0.5))]), spent(u64::MAX, Some(0.75)));
    }
}
