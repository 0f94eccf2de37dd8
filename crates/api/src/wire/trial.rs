//! Trials of rules on the wire.

use std::collections::BTreeMap;

use millrace_domain::citation::Citation;
use millrace_domain::rule::RuleDefinition;
use millrace_domain::rule_test::RuleTestOutcome;
use millrace_domain::{ProjectId, TaskId, UploadId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::common::{Id, optional_id};
use super::failure::TraceBody;
use super::parse::ParseInput;
use super::rule::RuleInput;
use crate::http::body;
use crate::http::query::QueryParameters;
use crate::problem::Problem;

/// What a rule is tried on, without a file: exactly one of `task_id` and `upload_id` says which document.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RuleTestInput, example = json!({
    "task_id": 42, "rule": {"name": "Plain text", "postprocess_mode": "skip"}
}))]
pub struct TrialInput {
    /// A task that has parsed a document: that document is used, whatever became of the task.
    #[serde(default, deserialize_with = "optional_id")]
    #[schema(value_type = Option<Id>)]
    pub task_id: Option<TaskId>,
    /// An uploaded file; it is parsed, unless an earlier parse of it is found.
    #[serde(default, deserialize_with = "optional_id")]
    #[schema(value_type = Option<Id>)]
    pub upload_id: Option<UploadId>,
    /// The project whose budgets it counts against; that of the task or upload by default.
    #[serde(default, deserialize_with = "optional_id")]
    #[schema(value_type = Option<Id>)]
    pub project_id: Option<ProjectId>,
    /// The rule to try; needed where the path names none, and tried in its place where it does.
    #[serde(default)]
    pub rule: Option<RuleInput>,
    /// How the uploaded file is to be parsed.
    #[serde(default)]
    pub parse: Option<ParseInput>,
}

/// The fields of a trial beside its file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialFields {
    #[serde(deserialize_with = "super::common::id")]
    pub project_id: ProjectId,
    #[serde(default)]
    pub rule: Option<String>,
    #[serde(default)]
    pub parse_options: Option<String>,
}

impl QueryParameters for TrialFields {}

// For the document only: the parts are read one by one.
/// The multipart body of a trial.
#[derive(Debug, ToSchema)]
#[schema(as = RuleTestForm)]
pub struct TrialForm {
    /// The project whose budgets it counts against.
    #[schema(value_type = Id)]
    #[expect(dead_code, reason = "describes the multipart body")]
    pub project_id: i64,
    /// The file; it is not stored.
    #[schema(value_type = String, format = Binary)]
    #[expect(dead_code, reason = "describes the multipart body")]
    pub file: String,
    /// The rule to try, as JSON; needed where the path names none, and tried in its place where it does.
    #[expect(dead_code, reason = "describes the multipart body")]
    pub rule: Option<String>,
    /// How the file is to be parsed: a JSON object with `parser`, `pages`, `ocr_languages`, `force_ocr`.
    #[expect(dead_code, reason = "describes the multipart body")]
    pub parse_options: Option<String>,
}

/// Checks a definition that came with the request, as the member or field `rule`.
///
/// # Errors
/// `invalid_value`, `nul_character`, with a pointer into the definition.
pub fn checked_rule(input: RuleInput) -> Result<RuleDefinition, Problem> {
    input.checked().map_err(|problem| problem.below(RULE))
}

/// Reads the form field `rule`.
///
/// # Errors
/// `invalid_json`, `unknown_field`, `missing_field`, and those of [`checked_rule`].
pub fn rule_of_form(text: Option<&str>) -> Result<Option<RuleDefinition>, Problem> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let input: RuleInput = body::parse_object(text.as_bytes()).map_err(|problem: Problem| problem.below(RULE))?;
    checked_rule(input).map(Some)
}

/// Where a definition stands in the request.
pub const RULE: &str = "/rule";

/// What came of a trial. Nothing of it is stored.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RuleTestResult, example = json!({
    "value": {"total": 119.0}, "citations": {"/total": {"page": 2, "quote": "Total 119,00", "verified": true}},
    "trace": [{"step": "parse", "target": "", "detail": {"bytes": 5120, "reused": false}}],
    "warnings": [], "tokens": null, "cost_usd": null, "processing_time": 0.021
}))]
pub struct TrialBody {
    /// The result, as a task would have it.
    #[schema(value_type = Value)]
    pub value: Box<RawValue>,
    /// Where its values stand in the document, by JSON Pointer into `value`.
    pub citations: BTreeMap<String, CitationBody>,
    /// What was done, in order.
    pub trace: Vec<TraceBody>,
    /// What a reader should know.
    pub warnings: Vec<String>,
    /// Model tokens used.
    pub tokens: Option<u64>,
    /// What they cost, in US dollars, where the prices are known.
    pub cost_usd: Option<f64>,
    /// Seconds it took.
    pub processing_time: f64,
}

/// Where one value stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Citation)]
pub struct CitationBody {
    /// Page, slide or sheet, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// The words of the document that say it.
    pub quote: String,
    /// Left, top, right, bottom of the block that holds the quote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bbox: Option<Vec<f32>>,
    /// Whether the quote was found in the parsed text.
    pub verified: bool,
}

impl TrialBody {
    /// From the outcome and the seconds it took.
    pub fn new(outcome: RuleTestOutcome, processing_time: f64) -> Self {
        let RuleTestOutcome { value, citations, trace, warnings, tokens, cost_usd } = outcome;
        Self {
            value,
            citations: citations.into_iter().map(|(pointer, citation)| (pointer, citation.into())).collect(),
            trace: trace.into_iter().map(TraceBody::from).collect(),
            warnings,
            tokens,
            cost_usd,
            processing_time,
        }
    }
}

impl From<Citation> for CitationBody {
    fn from(citation: Citation) -> Self {
        let Citation { page, quote, bbox, verified } = citation;
        Self { page, quote, bbox: bbox.map(Vec::from), verified }
    }
}
