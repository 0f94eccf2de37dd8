//! Engines in the order in which they are tried.

use std::sync::Arc;

use millrace_domain::artifact::ParseKey;
use millrace_domain::capabilities::EngineCapability;
use millrace_domain::parse_options::ParseOptions;
use millrace_domain::{ErrorKind, ErrorStage, Fault, TaskFailure};

use super::{Engine, EngineFailure, EngineOutput, EngineRequest, Verdict, gaps};
use crate::failure::{FailureCode, ParseFailure};
use crate::limits::ParserLimits;

/// Code of requests that name a parser which is not configured, at submit and at run alike.
pub(crate) const UNKNOWN_PARSER: &str = "unknown_parser";

/// The media type whose pages may be text here and pictures there.
const PDF: &str = "application/pdf";

/// The engines of an installation.
pub struct EngineChain {
    engines: Vec<Arc<dyn Engine>>,
    limits: ParserLimits,
}

impl EngineChain {
    /// Engines in the order in which they are tried.
    pub fn new(engines: Vec<Arc<dyn Engine>>, limits: ParserLimits) -> Self {
        Self { engines, limits }
    }

    /// The engines, in order.
    pub fn engines(&self) -> impl Iterator<Item = &Arc<dyn Engine>> {
        self.engines.iter()
    }

    /// Checks options before a task is accepted.
    ///
    /// # Errors
    /// `unknown_parser`, `invalid_value`.
    pub fn check(&self, options: &ParseOptions) -> Result<(), Fault> {
        if let Some(name) = &options.parser
            && !self.engines.iter().any(|engine| engine.name() == name)
        {
            return Err(Fault::new(ErrorKind::Invalid, UNKNOWN_PARSER, self.unknown_text(name)).at("/parser"));
        }
        options
            .check()
            .map_err(|(field, text)| Fault::new(ErrorKind::Invalid, "invalid_value", text).at(format!("/{field}")))
    }

    /// What would make another parse of the same bytes the same; `None` when finding it costs more than parsing.
    pub fn parse_key(&self, request: &EngineRequest) -> Option<ParseKey> {
        let candidates: Vec<_> = self.candidates(request).collect();
        let dear = candidates.first().is_some_and(|engine| engine.worth_reusing(request));
        dear.then(|| {
            let engines: Vec<_> =
                candidates.iter().map(|engine| format!("{}={}", engine.name(), engine.version())).collect();
            let options = serde_json::to_string(&request.options).unwrap_or_default();
            let fingerprint = format!("{};{};{options}", engines.join(";"), request.media_type);
            ParseKey { source_sha256: request.sha256.clone(), fingerprint }
        })
    }

    /// Parses with the first engine that can.
    ///
    /// When none can, the failure is that of the last engine that tried; one that such files are no business of is
    /// not heard if another tried, and one that is merely out of reach hides nothing, but has the task tried again.
    /// Pages of a PDF that turn out to be pictures are given to the next engine that recognises text.
    ///
    /// # Errors
    /// The task's failure.
    pub async fn parse(&self, request: EngineRequest) -> Result<EngineOutput, TaskFailure> {
        let mut engines = self.candidates(&request).cloned().collect::<Vec<_>>().into_iter();
        let mut failed: Option<EngineFailure> = None;
        while let Some(engine) = engines.next() {
            match engine.parse(&request).await {
                Ok(output) => return self.complete(output, &request, engines.as_slice()).await,
                Err(failure) if failure.verdict != Verdict::Final => {
                    tracing::info!(engine = engine.name(), code = failure.failure.code, "a parser gave up");
                    failed = Some(merge(failed, failure));
                }
                Err(failure) => return Err(failure.failure),
            }
        }
        Err(failed.map_or_else(|| self.nobody(&request), |failure| failure.failure))
    }

    /// Has the pages that are pictures read by the engines that come next.
    async fn complete(
        &self,
        output: EngineOutput,
        request: &EngineRequest,
        next: &[Arc<dyn Engine>],
    ) -> Result<EngineOutput, TaskFailure> {
        let next: Vec<Arc<dyn Engine>> = next.iter().filter(|engine| engine.recognises()).cloned().collect();
        if request.media_type != PDF || next.is_empty() {
            return Ok(output);
        }
        let document = output.document.clone();
        let Some(gaps) = blocking(move || Ok(gaps::pages_without_text(&document))).await? else {
            return Ok(output);
        };
        let options = ParseOptions { pages: Some(gaps.clone()), ..request.options.clone() };
        let rest = EngineRequest { options, ..request.clone() };
        let mut failed: Option<EngineFailure> = None;
        let limits = self.limits.clone();
        for engine in next {
            match engine.parse(&rest).await {
                Ok(filling) => {
                    let work = move || gaps::fill(&output.document, &filling.document, &gaps, &limits);
                    let remote_task_id = filling.remote_task_id;
                    return Ok(EngineOutput { document: blocking(work).await?, remote_task_id });
                }
                Err(failure) => {
                    tracing::info!(engine = engine.name(), code = failure.failure.code, "pages stay unrecognised");
                    failed = Some(merge(failed, failure));
                }
            }
        }
        match failed {
            // Rather later than without some of its pages.
            Some(EngineFailure { failure, .. }) if failure.retryable => Err(failure),
            Some(EngineFailure { failure, .. }) => {
                let (remote_task_id, document) = (output.remote_task_id, output.document);
                let work = move || gaps::leave(&document, &gaps, &failure.code, &failure.message, &limits);
                Ok(EngineOutput { document: blocking(work).await?, remote_task_id })
            }
            None => Ok(output),
        }
    }

    /// What every engine says of itself, asked at once.
    pub async fn capabilities(&self) -> Vec<EngineCapability> {
        futures::future::join_all(self.engines.iter().map(|engine| engine.capability())).await
    }

    fn candidates<'a>(&'a self, request: &'a EngineRequest) -> impl Iterator<Item = &'a Arc<dyn Engine>> {
        let recognise = request.options.force_ocr && holds_pictures(request.media_type);
        self.engines.iter().filter(move |engine| match &request.options.parser {
            Some(name) => engine.name() == name,
            None => engine.reads(request.media_type) && (engine.recognises() || !recognise),
        })
    }

    fn nobody(&self, request: &EngineRequest) -> TaskFailure {
        match &request.options.parser {
            Some(name) => TaskFailure::permanent(ErrorStage::Mineru, UNKNOWN_PARSER, self.unknown_text(name)),
            None if request.options.force_ocr && holds_pictures(request.media_type) => ParseFailure::new(
                FailureCode::OcrUnavailable,
                "recognising text was asked for, and nothing here does so",
            )
            .into(),
            None => ParseFailure::new(
                FailureCode::UnsupportedType,
                format!("no parser reads files of type '{}'", request.media_type),
            )
            .into(),
        }
    }

    fn unknown_text(&self, name: &str) -> String {
        let names: Vec<_> = self.engines.iter().map(|engine| engine.name()).collect();
        format!("there is no parser '{name}' here; there is {}", names.join(", "))
    }
}

/// Whether a file of this type may be a picture of text.
fn holds_pictures(media_type: &str) -> bool {
    media_type == PDF || media_type.starts_with("image/")
}

/// Which of two failures is told.
fn merge(earlier: Option<EngineFailure>, later: EngineFailure) -> EngineFailure {
    let Some(earlier) = earlier else { return later };
    match (earlier.verdict, later.verdict) {
        (Verdict::Declined, _) => later,
        (_, Verdict::Declined) => earlier,
        // Out of reach now: another attempt may find the engine back. What is wrong with the file is told meanwhile.
        _ if later.failure.retryable && !earlier.failure.retryable => {
            let retry_after_seconds = later.failure.retry_after_seconds;
            let failure = TaskFailure { retryable: true, retry_after_seconds, ..earlier.failure };
            EngineFailure { failure, ..later }
        }
        _ if earlier.failure.retryable => {
            let asked = earlier.failure.retry_after_seconds;
            let retry_after_seconds = later.failure.retry_after_seconds.max(asked);
            EngineFailure { failure: TaskFailure { retryable: true, retry_after_seconds, ..later.failure }, ..later }
        }
        _ => later,
    }
}

/// Work on documents that may be large.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ParseFailure> + Send + 'static,
) -> Result<T, TaskFailure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome.map_err(TaskFailure::from),
        Err(_panic) => Err(ParseFailure::new(FailureCode::ParserCrashed, "the parsed document cannot be read").into()),
    }
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
