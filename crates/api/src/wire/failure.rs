//! The error of a task on the wire, and the steps of a trial that may have led to it.

use millrace_domain::rule_test::TraceStep;
use millrace_domain::task::TaskFailure;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::words::ErrorStage;

/// Why a task failed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskError, example = json!({
    "code": "no_text_layer", "message": "the PDF has no text layer", "stage": "mineru", "retryable": false
}))]
pub struct ErrorBody<'a> {
    /// Stable machine code.
    pub code: &'a str,
    /// Text for people.
    pub message: &'a str,
    /// Where it arose.
    #[schema(value_type = ErrorStage)]
    pub stage: &'static str,
    /// Whether another attempt may succeed unchanged.
    pub retryable: bool,
    /// Model tokens that the attempt used before it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// What they cost, in US dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
}

impl<'a> From<&'a TaskFailure> for ErrorBody<'a> {
    fn from(failure: &'a TaskFailure) -> Self {
        Self {
            code: &failure.code,
            message: &failure.message,
            stage: failure.stage.as_str(),
            retryable: failure.retryable,
            tokens: failure.spent.map(|spent| spent.tokens),
            cost_usd: failure.spent.and_then(|spent| spent.cost_usd),
        }
    }
}

/// One step of a trial.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RuleTestStep)]
pub struct TraceBody {
    /// What was done: `parse`, `field`, `chunk`, `request`, `validate`, …
    pub step: String,
    /// On what: a field's pointer, a chunk's number; empty for the whole.
    pub target: String,
    /// What came of it.
    #[schema(value_type = Value)]
    pub detail: Value,
}

impl From<TraceStep> for TraceBody {
    fn from(step: TraceStep) -> Self {
        let TraceStep { step, target, detail } = step;
        Self { step, target, detail }
    }
}
