//! What projects use of language models, on the wire.

use chrono::{Days, NaiveDate};
use millrace_domain::ProjectId;
use millrace_domain::usage::{CountedDay, ModelDay, TokenUse};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::common::Id;
use crate::http::query::QueryParameters;
use crate::problem::Problem;

/// Days that are told when the request does not say from when.
const USUAL_DAYS: u64 = 30;

/// Which use.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UsageQuery {
    /// The project.
    #[serde(deserialize_with = "super::common::id")]
    #[param(value_type = Id)]
    pub project_id: ProjectId,
    /// The first day (UTC), as in `2026-11-01`; 29 days before `to` by default.
    #[serde(default)]
    #[param(value_type = Option<String>, format = Date, example = "2026-11-01")]
    pub from: Option<NaiveDate>,
    /// The last day (UTC), which is included; today by default.
    #[serde(default)]
    #[param(value_type = Option<String>, format = Date, example = "2026-11-22")]
    pub to: Option<NaiveDate>,
}

impl QueryParameters for UsageQuery {}

impl UsageQuery {
    /// The first and the last day.
    ///
    /// # Errors
    /// `invalid_value` at `/from` when that is after the last day, or more than `most` days are asked for.
    pub fn days(&self, today: NaiveDate, most: u32) -> Result<(NaiveDate, NaiveDate), Problem> {
        let to = self.to.unwrap_or(today);
        let usual = || to.checked_sub_days(Days::new(USUAL_DAYS.min(u64::from(most)) - 1)).unwrap_or(NaiveDate::MIN);
        let from = self.from.unwrap_or_else(usual);
        let days = to.signed_duration_since(from).num_days() + 1;
        if days < 1 {
            return Err(Problem::new("invalid_value", "the first day is after the last").at("/from"));
        }
        if days > i64::from(most) {
            return Err(Problem::new("invalid_value", format!("at most {most} days are told at once")).at("/from"));
        }
        Ok((from, to))
    }
}

/// Requests, tokens and costs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Usage, example = json!({
    "requests": 12, "input_tokens": 48210, "output_tokens": 5120, "cost_usd": 0.0103
}))]
pub struct UseBody {
    /// Requests that the provider answered, be it with an error.
    pub requests: u64,
    /// Tokens sent.
    pub input_tokens: u64,
    /// Tokens received.
    pub output_tokens: u64,
    /// US dollars at the prices of their time; 0 where none is known.
    pub cost_usd: f64,
}

impl From<TokenUse> for UseBody {
    fn from(used: TokenUse) -> Self {
        let TokenUse { requests, input_tokens, output_tokens, cost_usd } = used;
        Self { requests, input_tokens, output_tokens, cost_usd }
    }
}

/// The use of one model on one day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ModelUsage, example = json!({
    "day": "2026-11-22", "provider": "openai", "model": "gpt-4o-mini", "requests": 12, "input_tokens": 48210,
    "output_tokens": 5120, "cost_usd": 0.0103
}))]
pub struct ModelDayBody {
    /// The day (UTC).
    #[schema(value_type = String, format = Date)]
    pub day: NaiveDate,
    /// Name of the provider.
    pub provider: String,
    /// Name of the model.
    pub model: String,
    /// What was used.
    #[serde(flatten)]
    pub used: UseBody,
}

/// What counts against the budget of one day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CountedUsage, example = json!({"day": "2026-11-22", "tokens": 53330}))]
pub struct CountedDayBody {
    /// The day (UTC).
    #[schema(value_type = String, format = Date)]
    pub day: NaiveDate,
    /// Tokens used and, of requests that are not answered yet or never were, set aside.
    pub tokens: u64,
}

/// What a project used of language models.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProjectUsage, example = json!({
    "project_id": 7, "from": "2026-11-01", "to": "2026-11-22",
    "total": {"requests": 12, "input_tokens": 48210, "output_tokens": 5120, "cost_usd": 0.0103},
    "items": [{
        "day": "2026-11-22", "provider": "openai", "model": "gpt-4o-mini", "requests": 12, "input_tokens": 48210,
        "output_tokens": 5120, "cost_usd": 0.0103
    }],
    "counted": [{"day": "2026-11-22", "tokens": 53330}]
}))]
pub struct UsageBody {
    /// The project.
    #[schema(value_type = Id)]
    pub project_id: ProjectId,
    /// The first day.
    #[schema(value_type = String, format = Date)]
    pub from: NaiveDate,
    /// The last day.
    #[schema(value_type = String, format = Date)]
    pub to: NaiveDate,
    /// The sum of `items`.
    pub total: UseBody,
    /// By day, provider and model; what was not used is left out.
    pub items: Vec<ModelDayBody>,
    /// What counts against `llm.daily_tokens_per_project`, by day; days without use are left out.
    pub counted: Vec<CountedDayBody>,
}

impl UsageBody {
    /// From what the store tells.
    pub fn new(
        project_id: ProjectId,
        (from, to): (NaiveDate, NaiveDate),
        days: Vec<ModelDay>,
        counted: &[CountedDay],
    ) -> Self {
        let mut total = TokenUse::default();
        days.iter().for_each(|day| total.add(&day.used));
        let item = |ModelDay { day, model, used }: ModelDay| ModelDayBody {
            day,
            provider: model.provider,
            model: model.model,
            used: used.into(),
        };
        let counted = counted.iter().map(|one| CountedDayBody { day: one.day, tokens: one.tokens }).collect();
        Self { project_id, from, to, total: total.into(), items: days.into_iter().map(item).collect(), counted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::query::parse;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn a_month_is_told_unless_asked_otherwise() {
        let days = |query: &str| parse::<UsageQuery>(query).and_then(|query| query.days(day("2026-11-22"), 366));
        let fine = |query: &str| days(query).expect(query);
        assert_eq!(fine("project_id=1"), (day("2026-10-24"), day("2026-11-22")));
        assert_eq!(fine("project_id=1&to=2026-01-30"), (day("2026-01-01"), day("2026-01-30")));
        assert_eq!(fine("project_id=1&from=2026-11-22"), (day("2026-11-22"), day("2026-11-22")));
        for (query, code, pointer) in [
            ("", "missing_field", "/project_id"),
            ("project_id=x", "invalid_id", "/project_id"),
            ("project_id=1&from=yesterday", "invalid_value", "/from"),
            ("project_id=1&to=2026-02-30", "invalid_value", "/to"),
            ("project_id=1&from=2026-11-23", "invalid_value", "/from"),
            ("project_id=1&from=2025-11-21", "invalid_value", "/from"),
            ("project_id=1&month=11", "unknown_field", "/month"),
        ] {
            let problem = days(query).expect_err(query);
            assert_eq!((problem.code(), problem.pointers()), (code, vec![pointer]), "{query}");
        }
    }
}
