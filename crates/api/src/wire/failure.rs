//! The error of a task on the wire.

use millrace_domain::task::TaskFailure;
use serde::Serialize;
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
