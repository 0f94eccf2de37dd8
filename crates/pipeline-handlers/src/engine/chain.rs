//! Engines in the order in which they are tried.

use std::sync::Arc;

use bytes::Bytes;
use millrace_domain::artifact::ParseKey;
use millrace_domain::capabilities::EngineCapability;
use millrace_domain::parse_options::ParseOptions;
use millrace_domain::{ErrorKind, ErrorStage, Fault, TaskFailure};

use super::{Engine, EngineFailure, EngineOutput, EngineRequest};

/// Code of requests that name a parser which is not configured, at submit and at run alike.
pub(crate) const UNKNOWN_PARSER: &str = "unknown_parser";

/// The engines of an installation.
pub struct EngineChain {
    engines: Vec<Arc<dyn Engine>>,
}

impl EngineChain {
    /// Engines in the order in which they are tried.
    pub fn new(engines: Vec<Arc<dyn Engine>>) -> Self {
        Self { engines }
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

    /// Parses with the first engine that can. The failure is that of the last engine that really tried.
    ///
    /// # Errors
    /// The task's failure.
    pub async fn parse(&self, mut request: EngineRequest) -> Result<EngineOutput, TaskFailure> {
        let mut failed: Option<EngineFailure> = None;
        for engine in self.candidates(&request).cloned().collect::<Vec<_>>() {
            request.earlier = failed.as_mut().and_then(|failure: &mut EngineFailure| failure.partial.take());
            match engine.parse(&request).await {
                Ok(output) => return Ok(output),
                Err(failure) if failure.try_next => {
                    tracing::info!(engine = engine.name(), code = failure.failure.code, "a parser gave up");
                    failed = Some(merge(failed, failure, request.earlier.take()));
                }
                Err(failure) => return Err(failure.failure),
            }
        }
        Err(failed.map_or_else(|| self.nobody(&request), |failure| failure.failure))
    }

    /// What every engine says of itself, asked at once.
    pub async fn capabilities(&self) -> Vec<EngineCapability> {
        futures::future::join_all(self.engines.iter().map(|engine| engine.capability())).await
    }

    fn candidates<'a>(&'a self, request: &'a EngineRequest) -> impl Iterator<Item = &'a Arc<dyn Engine>> {
        self.engines.iter().filter(|engine| match &request.options.parser {
            Some(name) => engine.name() == name,
            None => engine.reads(request.media_type),
        })
    }

    fn nobody(&self, request: &EngineRequest) -> TaskFailure {
        match &request.options.parser {
            Some(name) => TaskFailure::permanent(ErrorStage::Mineru, UNKNOWN_PARSER, self.unknown_text(name)),
            None => TaskFailure::permanent(
                ErrorStage::Mineru,
                "unsupported_type",
                format!("no parser reads files of type '{}'", request.media_type),
            ),
        }
    }

    fn unknown_text(&self, name: &str) -> String {
        let names: Vec<_> = self.engines.iter().map(|engine| engine.name()).collect();
        format!("there is no parser '{name}' here; there is {}", names.join(", "))
    }
}

/// An engine that is merely out of reach does not hide what an earlier one found wrong with the file.
fn merge(earlier: Option<EngineFailure>, later: EngineFailure, partial: Option<Bytes>) -> EngineFailure {
    let mut kept = match earlier {
        Some(earlier) if later.failure.retryable && !earlier.failure.retryable => {
            // Another attempt may find the engine back.
            EngineFailure { failure: TaskFailure { retryable: true, ..earlier.failure }, ..later }
        }
        _ => later,
    };
    kept.partial = kept.partial.or(partial);
    kept
}
