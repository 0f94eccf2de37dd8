//! What remote parsers answer, read in a parser process: the bytes come from outside, and are as untrusted as the file.

use millrace_domain::document::ParsedDocument;
use millrace_domain::parse_options::PageRanges;
use serde::{Deserialize, Serialize};

use super::{docling, mineru, mineru_cloud};
use crate::failure::ParseFailure;
use crate::limits::ParserLimits;
use crate::parser::Draft;
use crate::registry::too_many_pages;

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
pub(super) struct Understood {
    /// The document.
    pub(super) draft: Draft,
    /// Version of the parser behind the service, as it says itself.
    pub(super) version: String,
}

/// Reads an answer.
///
/// # Errors
/// `unreadable_file` and others when the service failed at the file, or its answer is none; limits.
pub fn read(bytes: &[u8], form: &AnswerForm, limits: &ParserLimits) -> Result<ParsedDocument, ParseFailure> {
    let (name, understood) = match form.service {
        Service::Mineru => (mineru::NAME, mineru::result::read(bytes, form.pages.as_ref(), limits)?),
        Service::MineruCloud => (mineru_cloud::NAME, mineru_cloud::archive::read(bytes, form.pages.as_ref(), limits)?),
        Service::Docling => (docling::NAME, docling::result::read(bytes, form.pages.as_ref(), limits)?),
    };
    let Understood { draft, version } = understood;
    if draft.pages > limits.max_pages {
        return Err(too_many_pages(draft.pages, limits));
    }
    Ok(crate::parser::finish_as(draft, name, &version))
}

/// The failure for an answer that is not of the form that the protocol promises.
pub(super) fn not_understood(service: &str, detail: impl std::fmt::Display) -> ParseFailure {
    ParseFailure::new(
        crate::failure::FailureCode::ParserProtocol,
        format!("the answer of {service} is not understood: {detail}"),
    )
}
