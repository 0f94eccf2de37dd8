//! The `extract` transform: fields by selectors, without a model. `docs/rules.md` has the language.
//!
//! A program is checked into a `plan` when a rule is stored and again when it runs; a `run` walks the plan over the
//! parsed document, and everything it takes out keeps its place, so that every value can be cited.

mod cells;
mod compile;
mod convert;
mod css;
mod document;
mod grid;
mod item;
mod key;
mod limits;
mod matcher;
mod outcome;
mod parts;
mod plan;
mod program;
mod reading;
mod run;
#[cfg(test)]
mod schema;
mod select;
mod table;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use millrace_domain::document::ParsedDocument;
use millrace_domain::rule::{PostprocessMode, RuleDefinition};
use millrace_domain::{ErrorStage, Fault, TaskFailure};
use serde_json::Value;
use serde_json::value::to_raw_value;

pub use limits::ExtractLimits;

use self::compile::Bad;
use self::document::Doc;
use self::outcome::{Outcome, Stop, Trouble};
use self::plan::Plan;
use self::program::Program;
use super::schema::{ResultSchema, SchemaViolation, note_check};
use super::{Transform, TransformError, TransformInput, Transformed, unreadable_artifact, unworkable};

/// Fields that a message lists.
const MAX_LISTED: usize = 20;
/// Code of rules that cannot work.
const INVALID_RULE: &str = "invalid_rule";

/// The transform of rules of mode `extract`.
#[derive(Debug, Clone, Default)]
pub struct ExtractTransform {
    limits: ExtractLimits,
}

impl ExtractTransform {
    /// A transform with these limits.
    pub fn new(limits: ExtractLimits) -> Self {
        Self { limits }
    }

    fn compile(&self, rule: &RuleDefinition) -> Result<(Plan, ResultSchema), Fault> {
        let schema = ResultSchema::compile(&rule.json_schema)?;
        let plan = self.plan(&rule.options);
        let plan =
            plan.map_err(|bad| Fault::invalid(INVALID_RULE, bad.message).at(format!("/options{}", bad.pointer)))?;
        Ok((plan, schema))
    }

    fn plan(&self, options: &Value) -> Result<Plan, Bad> {
        if contains_nul(options) {
            return Err(Bad { pointer: String::new(), message: "it holds the character U+0000".to_owned() });
        }
        let program: Program = serde_path_to_error::deserialize(options)
            .map_err(|error| Bad { pointer: pointer_of(error.path()), message: error.inner().to_string() })?;
        compile::compile(&program, &self.limits)
    }
}

/// Tells the work on another thread that nobody waits any more.
struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[async_trait]
impl Transform for ExtractTransform {
    fn mode(&self) -> PostprocessMode {
        PostprocessMode::Extract
    }

    fn check(&self, rule: &RuleDefinition) -> Result<(), Fault> {
        self.compile(rule).map(drop)
    }

    async fn apply(&self, input: TransformInput) -> Result<Transformed, TransformError> {
        let cancelled = Arc::new(AtomicBool::new(false));
        let _guard = CancelOnDrop(Arc::clone(&cancelled));
        let this = self.clone();
        let made = tokio::task::spawn_blocking(move || this.extract(&input, &cancelled)).await;
        Ok(made.map_err(|_panic| failure("extract_failed", "the extraction failed on this document"))??)
    }
}

impl ExtractTransform {
    fn extract(&self, input: &TransformInput, cancelled: &AtomicBool) -> Result<Transformed, TaskFailure> {
        let rule = &input.rule;
        let (plan, schema) = self.compile(rule).map_err(|fault| unworkable(&fault))?;
        let parsed: ParsedDocument = serde_json::from_slice(&input.parsed).map_err(|error| {
            tracing::error!(%error, "a parsed document cannot be read");
            unreadable_artifact()
        })?;
        let (pages, parser, mut warnings) = (parsed.pages, parsed.parser.clone(), parsed.warnings.clone());
        let doc = Doc::new(&input.filename, parsed);
        let outcome = run::run(&doc, &plan, &self.limits, cancelled, &input.trace).map_err(|stop| match stop {
            Stop::TooMuch(what) => failure("extract_limit", format!("{what}; see the limits of `extract` rules")),
            Stop::Cancelled => failure("cancelled", "the work was stopped"),
        })?;
        let Outcome { value, citations, troubles, dropped } = outcome;
        let violations = schema.violations(&value);
        note_check(&input.trace, "", &violations);
        if !troubles.is_empty() {
            return Err(trouble_failure(&troubles));
        }
        if !violations.is_empty() {
            let misfits: Vec<String> = violations.iter().map(SchemaViolation::without_value).collect();
            return Err(failure(
                "schema_mismatch",
                format!("the result does not fit the schema of the rule: {}", listed(&misfits)),
            ));
        }
        if !dropped.is_empty() {
            warnings.push(format!("fields left out because they do not convert: {}", listed(&texts(&dropped))));
        }
        let value = to_raw_value(&value).map_err(|_error| failure("extract_failed", "the result cannot be written"))?;
        Ok(Transformed {
            value,
            pages,
            parser,
            warnings,
            citations: Some(citations),
            exchange: None,
            tokens: None,
            cost_usd: None,
        })
    }
}

fn failure(code: &str, message: impl Into<String>) -> TaskFailure {
    TaskFailure::permanent(ErrorStage::Postprocess, code, message)
}

/// All required fields without a good value in one failure: missing ones give it its code.
fn trouble_failure(troubles: &[Trouble]) -> TaskFailure {
    let is_missing = troubles.iter().any(|trouble| trouble.reason.is_none());
    let code = if is_missing { "field_missing" } else { "field_invalid" };
    failure(code, format!("required fields have no value: {}", listed(&texts(troubles))))
}

fn texts(troubles: &[Trouble]) -> Vec<String> {
    let text = |trouble: &Trouble| match &trouble.reason {
        Some(reason) => format!("{}: {reason}", trouble.pointer),
        None => format!("{}: nothing was found", trouble.pointer),
    };
    troubles.iter().map(text).collect()
}

fn listed(texts: &[String]) -> String {
    let mut list = texts.iter().take(MAX_LISTED).map(String::as_str).collect::<Vec<_>>().join("; ");
    if texts.len() > MAX_LISTED {
        list.push_str(&format!("; and {} more", texts.len() - MAX_LISTED));
    }
    list
}

/// Where an error of reading is, as a JSON Pointer.
fn pointer_of(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", plan::escaped(key))),
            // The variants of steps are keys of their objects.
            Segment::Enum { variant } => pointer.push_str(&format!("/{}", plan::escaped(variant))),
            Segment::Unknown => {}
        }
    }
    pointer
}

/// Whether a key or a text in a value holds U+0000, which no store keeps.
fn contains_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(elements) => elements.iter().any(contains_nul),
        Value::Object(members) => members.iter().any(|(key, member)| key.contains('\0') || contains_nul(member)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The element of a number, from 1; from the end when negative.
fn pick<T>(mut list: Vec<T>, nth: i64) -> Option<T> {
    let from_front = match nth {
        1.. => usize::try_from(nth - 1).ok()?,
        _ => list.len().checked_sub(usize::try_from(nth.unsigned_abs()).ok()?)?,
    };
    (from_front < list.len()).then(|| list.swap_remove(from_front))
}

#[cfg(test)]
mod tests;
