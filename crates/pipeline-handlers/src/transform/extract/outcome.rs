//! How a run ends.

use millrace_domain::citation::Citations;
use serde_json::Value;

/// Why a run was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// Over a limit.
    TooMuch(&'static str),
    /// Nobody waits for the result any more.
    Cancelled,
}

/// A field that has no good value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    /// JSON Pointer of the field in the result.
    pub(super) pointer: String,
    /// Why it does not convert; `None` when nothing was found.
    pub(super) reason: Option<String>,
}

/// What a run gives.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) value: Value,
    pub(super) citations: Citations,
    /// Required fields without a good value.
    pub(super) troubles: Vec<Trouble>,
    /// Other fields that do not convert.
    pub(super) dropped: Vec<Trouble>,
}
