//! What all answers of remote parsers have in common.

use millrace_domain::parse_options::PageRanges;
use serde::{Deserialize, Serialize};

use crate::draft::Draft;
use crate::failure::{FailureCode, ParseFailure};

/// Whose answer it is, and what was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerForm {
    /// The service.
    pub service: Service,
    /// The pages that were asked for.
    pub pages: Option<PageRanges>,
}

/// Remote parsers by the form of their answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// JSON of a self-hosted MinerU.
    Mineru,
    /// A ZIP archive of mineru.net.
    MineruCloud,
    /// JSON of docling-serve.
    Docling,
}

/// An answer that was understood.
#[derive(Debug)]
pub(in crate::engine) struct Understood {
    /// The document.
    pub(in crate::engine) draft: Draft,
    /// Version of the parser behind the service, as it says itself.
    pub(in crate::engine) version: String,
}

/// The failure for an answer that is not of the form that the protocol promises.
pub(in crate::engine) fn not_understood(service: &str, detail: impl std::fmt::Display) -> ParseFailure {
    ParseFailure::new(FailureCode::ParserProtocol, format!("the answer of {service} is not understood: {detail}"))
}
