//! What remote parsers answer, read in a parser process: the bytes come from outside, and are as untrusted as the file.

use millrace_domain::document::ParsedDocument;

use super::remote::form::{AnswerForm, Service, Understood};
use super::{docling, mineru, mineru_cloud};
use crate::failure::ParseFailure;
use crate::limits::ParserLimits;

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
        return Err(ParseFailure::too_many_pages(draft.pages, limits));
    }
    Ok(crate::draft::finish(draft, name, &version))
}
