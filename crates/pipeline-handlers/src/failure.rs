//! Why a document could not be parsed: the closed set of codes that clients see.

use millrace_domain::task::tame_message;
use millrace_domain::{ErrorStage, TaskFailure};
use serde::{Deserialize, Serialize};

use crate::limits::ParserLimits;

/// Stable machine code of a failed parse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureCode {
    /// Nothing in the file, or only blanks.
    EmptyFile,
    /// A password is needed.
    EncryptedFile,
    /// No parser reads this kind of file.
    UnsupportedType,
    /// The kind is known, the bytes are broken.
    UnreadableFile,
    /// A PDF made of pictures.
    NoTextLayer,
    /// A picture, and nothing here that reads text in pictures.
    OcrUnavailable,
    /// A language was asked for that is not installed.
    OcrLanguageMissing,
    /// The file has none of the pages that were asked for.
    NoSuchPage,
    /// Over the limit of pages, slides or sheets.
    TooManyPages,
    /// Over the limit of file size.
    FileTooLarge,
    /// An archive with too many entries, or one that inflates to too much.
    ArchiveTooLarge,
    /// The parsed document is over the limit of size.
    OutputTooLarge,
    /// Over the limit of processor or wall-clock time.
    ParserTimeout,
    /// Over the limit of memory.
    ParserMemory,
    /// The parser process died or answered nonsense.
    ParserCrashed,
    /// No parser process could be started.
    ParserUnavailable,
    /// A remote parser does not answer.
    ParserUnreachable,
    /// A remote parser has too much to do.
    ParserBusy,
    /// A remote parser lost the task again and again.
    ParserLost,
    /// A remote parser does not accept the configured credentials.
    ParserUnauthorized,
    /// A remote parser does not accept the request.
    ParserRejected,
    /// A remote parser failed at this file.
    ParserFailed,
    /// What a remote parser lets this account do is used up.
    ParserQuota,
    /// A remote parser answered something that its protocol does not know.
    ParserProtocol,
}

impl FailureCode {
    /// The text of the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EmptyFile => "empty_file",
            Self::EncryptedFile => "encrypted_file",
            Self::UnsupportedType => "unsupported_type",
            Self::UnreadableFile => "unreadable_file",
            Self::NoTextLayer => "no_text_layer",
            Self::OcrUnavailable => "ocr_unavailable",
            Self::OcrLanguageMissing => "ocr_language_missing",
            Self::NoSuchPage => "no_such_page",
            Self::TooManyPages => "too_many_pages",
            Self::FileTooLarge => "file_too_large",
            Self::ArchiveTooLarge => "archive_too_large",
            Self::OutputTooLarge => "output_too_large",
            Self::ParserTimeout => "parser_timeout",
            Self::ParserMemory => "parser_memory",
            Self::ParserCrashed => "parser_crashed",
            Self::ParserUnavailable => "parser_unavailable",
            Self::ParserUnreachable => "parser_unreachable",
            Self::ParserBusy => "parser_busy",
            Self::ParserLost => "parser_lost",
            Self::ParserUnauthorized => "parser_unauthorized",
            Self::ParserRejected => "parser_rejected",
            Self::ParserFailed => "parser_failed",
            Self::ParserQuota => "parser_quota",
            Self::ParserProtocol => "parser_protocol",
        }
    }

    /// Whether the same bytes may fare better another time. Bad input never does.
    pub fn retryable(self) -> bool {
        matches!(
            self,
            Self::ParserCrashed
                | Self::ParserUnavailable
                | Self::ParserUnreachable
                | Self::ParserBusy
                | Self::ParserLost
        )
    }
}

/// A failed parse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ParseFailure {
    /// The code.
    pub code: FailureCode,
    /// Text for people: lowercase, no full stop, nothing internal.
    pub message: String,
}

impl ParseFailure {
    /// A failure with a text for people.
    pub fn new(code: FailureCode, message: impl Into<String>) -> Self {
        Self { code, message: tame_message(message) }
    }

    /// The bytes are broken; `format` is the kind of file, `detail` what the reader said.
    pub fn unreadable(format: &str, detail: impl std::fmt::Display) -> Self {
        Self::new(FailureCode::UnreadableFile, format!("this {format} file cannot be read: {detail}"))
    }

    /// No parser reads this kind of file.
    pub fn unsupported(kind: &str) -> Self {
        Self::new(FailureCode::UnsupportedType, format!("no parser reads files of type {kind}"))
    }

    /// Over the limit of pages, slides or sheets.
    pub fn too_many_pages(pages: u32, limits: &ParserLimits) -> Self {
        Self::new(
            FailureCode::TooManyPages,
            format!("the file has {pages} pages, and the limit is {}", limits.max_pages),
        )
    }

    /// An archive over a limit; it ends the whole file, not the member where it showed.
    pub fn archive_too_large(detail: impl std::fmt::Display) -> Self {
        Self::new(FailureCode::ArchiveTooLarge, format!("the archive is too large: {detail}"))
    }

    /// A password is needed.
    pub fn encrypted(format: &str) -> Self {
        Self::new(FailureCode::EncryptedFile, format!("this {format} file is protected by a password"))
    }
}

impl From<ParseFailure> for TaskFailure {
    fn from(failure: ParseFailure) -> Self {
        let code = failure.code.as_str();
        if failure.code.retryable() {
            Self::transient(ErrorStage::Mineru, code, failure.message)
        } else {
            Self::permanent(ErrorStage::Mineru, code, failure.message)
        }
    }
}
