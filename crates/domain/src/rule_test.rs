//! Trying a rule on a document without storing anything.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::artifact::NewArtifact;
use crate::citation::Citations;
use crate::ids::{ProjectId, UserId};
use crate::parse_options::ParseOptions;
use crate::rule::RuleDefinition;
use crate::task::{SourceFile, TaskFailure};

/// What the rule is tried on.
#[derive(Debug, Clone, PartialEq)]
pub enum RuleTestInput {
    /// A file whose bytes came with the request.
    Bytes {
        /// Its name; the extension helps where the bytes leave a doubt.
        filename: String,
        /// All its bytes.
        bytes: bytes::Bytes,
    },
    /// A file that is stored.
    Stored {
        /// Its name.
        filename: String,
        /// Where it is.
        source: SourceFile,
    },
    /// A document that a task has parsed.
    Parsed {
        /// The name of the file.
        filename: String,
        /// Where the parsed document is.
        artifact: NewArtifact,
    },
}

/// One trial.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleTest {
    /// Who tries.
    pub user_id: UserId,
    /// Whose budgets it counts against.
    pub project_id: ProjectId,
    /// The rule, stored or not.
    pub definition: RuleDefinition,
    /// What it is tried on.
    pub input: RuleTestInput,
    /// How the file is parsed.
    pub parse: ParseOptions,
}

/// One step of a trial, for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TraceStep {
    /// What was done: `parse`, `field`, `chunk`, `request`, `validate`, `repair`, `merge`, …
    pub step: String,
    /// On what: a field's pointer, a chunk's number; empty for the whole.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub target: String,
    /// What came of it.
    pub detail: Value,
}

/// What came of a trial.
#[derive(Debug, Clone)]
pub struct RuleTestOutcome {
    /// The result JSON, as a task would have it.
    pub value: Box<RawValue>,
    /// Where its values stand.
    pub citations: Citations,
    /// What was done, in order.
    pub trace: Vec<TraceStep>,
    /// What a reader should know.
    pub warnings: Vec<String>,
    /// Model tokens used.
    pub tokens: Option<u64>,
    /// What they cost, in US dollars.
    pub cost_usd: Option<f64>,
}

/// Why a trial gave nothing, and what was done until then: that is what its rule is mended by.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleTestFailure {
    /// What a task would have failed with.
    pub failure: TaskFailure,
    /// What was done, in order.
    pub trace: Vec<TraceStep>,
}

impl From<TaskFailure> for RuleTestFailure {
    fn from(failure: TaskFailure) -> Self {
        Self { failure, trace: Vec::new() }
    }
}
