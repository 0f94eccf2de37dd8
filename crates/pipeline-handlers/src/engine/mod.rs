//! Ways to parse a whole file: in this process and its children, by Tesseract, or by a remote service.
//!
//! An [`Engine`] is asynchronous and owns how the bytes reach its parser; a [`Parser`](crate::parser::Parser) is a pure
//! function inside the local engine. [`EngineChain`] tries engines in the configured order.

pub mod answer;
mod chain;
pub mod docling;
mod gaps;
pub mod local;
mod markdown;
pub mod mineru;
pub mod mineru_cloud;
pub mod remote;
mod source;
pub mod tesseract;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use millrace_domain::capabilities::EngineCapability;
use millrace_domain::parse_options::ParseOptions;
use millrace_domain::{ErrorStage, TaskFailure};

pub use chain::EngineChain;
pub use source::Source;
pub(crate) use source::unavailable as file_error;

use crate::failure::{FailureCode, ParseFailure};
use crate::rows::RowSpool;

/// Told how far a parse is.
pub trait ParseProgress: Send + Sync {
    /// So many pages of so many are done; `total` is 0 while unknown.
    fn pages(&self, done: u32, total: u32);
}

/// Progress that nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl ParseProgress for NoProgress {
    fn pages(&self, _done: u32, _total: u32) {}
}

/// One file to parse.
#[derive(Clone)]
pub struct EngineRequest {
    /// The bytes.
    pub source: Arc<Source>,
    /// Their size.
    pub size: u64,
    /// Their SHA-256 in lowercase hex.
    pub sha256: String,
    /// The original name.
    pub filename: Arc<str>,
    /// The sniffed media type, office containers told by their extension.
    pub media_type: &'static str,
    /// What was asked for.
    pub options: ParseOptions,
    /// Told about pages.
    pub progress: Arc<dyn ParseProgress>,
    /// Where rows go that are too many for a document, which then has a reference to them
    /// ([`RowsRef`](millrace_domain::document::RowsRef)); `None` when all of them must stand in it.
    pub rows: Option<Arc<RowSpool>>,
}

/// A parsed file.
#[derive(Debug, Clone)]
pub struct EngineOutput {
    /// A [`ParsedDocument`](millrace_domain::document::ParsedDocument) as JSON, within the limit of size.
    pub document: Bytes,
    /// The id of the task at a remote service.
    pub remote_task_id: Option<String>,
}

/// What a failed engine says of the engines after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// No other engine will do better: the file itself is bad (empty, encrypted, too large).
    Final,
    /// It tried and failed; another engine may do better.
    Tried,
    /// Such files are not its business; what any other engine finds says more.
    Declined,
}

/// Why an engine gave up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineFailure {
    /// What the task fails with if no other engine reads the file.
    pub failure: TaskFailure,
    /// What that says of the other engines.
    pub verdict: Verdict,
}

impl EngineFailure {
    /// No other engine will do better.
    pub fn last(failure: TaskFailure) -> Self {
        Self { failure, verdict: Verdict::Final }
    }

    /// Another engine may do better.
    pub fn tried(failure: TaskFailure) -> Self {
        Self { failure, verdict: Verdict::Tried }
    }
}

impl From<ParseFailure> for EngineFailure {
    fn from(failure: ParseFailure) -> Self {
        let verdict = match failure.code {
            FailureCode::UnsupportedType | FailureCode::NoTextLayer | FailureCode::OcrUnavailable => Verdict::Declined,
            FailureCode::UnreadableFile
            | FailureCode::OcrLanguageMissing
            | FailureCode::ParserTimeout
            | FailureCode::ParserMemory
            | FailureCode::ParserCrashed
            | FailureCode::ParserUnavailable
            | FailureCode::ParserUnreachable
            | FailureCode::ParserBusy
            | FailureCode::ParserLost
            | FailureCode::ParserUnauthorized
            | FailureCode::ParserRejected
            | FailureCode::ParserFailed
            | FailureCode::ParserQuota
            | FailureCode::ParserProtocol => Verdict::Tried,
            FailureCode::EmptyFile
            | FailureCode::EncryptedFile
            | FailureCode::NoSuchPage
            | FailureCode::TooManyPages
            | FailureCode::FileTooLarge
            | FailureCode::ArchiveTooLarge
            | FailureCode::OutputTooLarge => Verdict::Final,
        };
        Self { failure: failure.into(), verdict }
    }
}

/// Reads whole files.
///
/// Cancelled by being dropped: children die, polling stops. An engine whose service can cancel tells it so from a drop
/// guard, on a task of its own.
#[async_trait]
pub trait Engine: Send + Sync + 'static {
    /// Unique name, as in the configuration and in `parser` of requests.
    fn name(&self) -> &'static str;
    /// Whatever beside bytes and options decides the outcome: versions, models, settings. Part of the reuse key.
    fn version(&self) -> String;
    /// Whether files of this media type are worth a try.
    fn reads(&self, media_type: &str) -> bool;
    /// Whether it reads the text in pictures: asked for scans, and when recognition is asked for whatever a file holds.
    fn recognises(&self) -> bool {
        false
    }
    /// Whether reading such a file costs more than finding an earlier parse of it.
    fn worth_reusing(&self, request: &EngineRequest) -> bool {
        let _ = request;
        true
    }
    /// Parses one file.
    ///
    /// # Errors
    /// [`EngineFailure`].
    async fn parse(&self, request: &EngineRequest) -> Result<EngineOutput, EngineFailure>;
    /// What to tell of it in the capabilities. A remote service is asked, with a short timeout.
    async fn capability(&self) -> EngineCapability;
}

/// The failure of a source that is gone from the store.
pub(crate) fn source_missing() -> TaskFailure {
    TaskFailure::permanent(ErrorStage::Mineru, "source_missing", "the uploaded file is not in the object store")
}
