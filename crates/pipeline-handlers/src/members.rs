//! Files inside files: how the parsers of archives and messages have their members read, and what all of them together
//! may cost.
//!
//! A member is sniffed and parsed as if it had been uploaded alone, by the same registry, in the same process. What it
//! costs is taken from one budget, so that an archive of archives can do no more than a flat one.

use std::panic::{AssertUnwindSafe, catch_unwind};

use millrace_domain::document::ParsedDocument;
use millrace_domain::parse_options::ParseOptions;

use crate::budget::Budget;
use crate::failure::{FailureCode, ParseFailure};
use crate::format::Format;
use crate::limits::ParserLimits;

/// Parses files that are inside others, as uploads are parsed.
pub(crate) trait MemberReader {
    /// Parses a file told by its content and name; `members` are those inside it.
    ///
    /// # Errors
    /// What is wrong with the file.
    fn parse_member(
        &self,
        bytes: &[u8],
        filename: &str,
        limits: &ParserLimits,
        options: &ParseOptions,
        members: &Members<'_>,
    ) -> Result<ParsedDocument, ParseFailure>;

    /// Parses a file of a known format.
    ///
    /// # Errors
    /// What is wrong with the file.
    fn parse_format(
        &self,
        bytes: &[u8],
        filename: &str,
        format: Format,
        limits: &ParserLimits,
        options: &ParseOptions,
        members: &Members<'_>,
    ) -> Result<ParsedDocument, ParseFailure>;
}

/// Reads the members of one file.
#[derive(Clone, Copy)]
pub struct Members<'a> {
    reader: &'a dyn MemberReader,
    budget: &'a Budget,
    limits: &'a ParserLimits,
    /// What was asked for, page ranges left out: they are about the upload.
    options: &'a ParseOptions,
    /// Files around these members.
    depth: u32,
}

impl std::fmt::Debug for Members<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Members").field("budget", self.budget).field("depth", &self.depth).finish()
    }
}

impl<'a> Members<'a> {
    /// The members of an uploaded file.
    pub(crate) fn of_upload(
        reader: &'a dyn MemberReader,
        budget: &'a Budget,
        limits: &'a ParserLimits,
        options: &'a ParseOptions,
    ) -> Self {
        Self { reader, budget, limits, options, depth: 1 }
    }

    /// What is left for all of them.
    pub(crate) fn budget(&self) -> &'a Budget {
        self.budget
    }

    /// Parses a member, told by its content and name as an upload is, unless the file around it knows its format.
    ///
    /// # Errors
    /// What is wrong with the member. [`ends_everything`] tells what ends the file around it too.
    pub(crate) fn parse(
        &self,
        bytes: &[u8],
        filename: &str,
        format: Option<Format>,
    ) -> Result<ParsedDocument, ParseFailure> {
        if self.depth > self.budget.max_depth() {
            return Err(ParseFailure::new(
                FailureCode::UnreadableFile,
                format!("files more than {} levels deep inside others are not read", self.budget.max_depth()),
            ));
        }
        let inner = Members { depth: self.depth + 1, ..*self };
        guarded(|| match format {
            Some(format) => self.reader.parse_format(bytes, filename, format, self.limits, self.options, &inner),
            None => self.reader.parse_member(bytes, filename, self.limits, self.options, &inner),
        })
        .map_err(unrecognised)
    }

    /// Parses a part of the file itself whose format it declares: no level deeper.
    ///
    /// # Errors
    /// What is wrong with the part.
    pub(crate) fn part(&self, bytes: &[u8], format: Format) -> Result<ParsedDocument, ParseFailure> {
        guarded(|| self.reader.parse_format(bytes, "", format, self.limits, self.options, self))
    }
}

/// Pictures inside other files are recognised nowhere: engines that do so read whole files. Who has one has to know that
/// it can be read alone.
fn unrecognised(failure: ParseFailure) -> ParseFailure {
    match failure.code {
        FailureCode::OcrUnavailable | FailureCode::NoTextLayer => ParseFailure::new(
            failure.code,
            "it is a picture, or made of pictures, and text in those is not recognised inside other files: upload it by itself",
        ),
        _ => failure,
    }
}

/// One bad member shall not cost its neighbours. Parsers are pure functions: nothing half done outlives a panic.
fn guarded(parse: impl FnOnce() -> Result<ParsedDocument, ParseFailure>) -> Result<ParsedDocument, ParseFailure> {
    catch_unwind(AssertUnwindSafe(parse))
        .unwrap_or_else(|_panic| Err(ParseFailure::new(FailureCode::ParserCrashed, "the parser failed on this file")))
}

/// Whether a member's failure ends the file around it: a shared limit is used up.
pub(crate) fn ends_everything(failure: &ParseFailure) -> bool {
    matches!(failure.code, FailureCode::ArchiveTooLarge | FailureCode::OutputTooLarge)
}
