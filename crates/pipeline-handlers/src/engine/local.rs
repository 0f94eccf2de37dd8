//! The engine that needs nobody: the built-in parsers, in this process or in a child.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use millrace_domain::capabilities::EngineCapability;
use millrace_domain::{ErrorStage, TaskFailure};

use super::source::unavailable;
use super::{Engine, EngineFailure, EngineOutput, EngineRequest, source_missing};
use crate::executor::storage_unavailable;
use crate::failure::{FailureCode, ParseFailure};
use crate::file;
use crate::limits::ParserLimits;
use crate::output;
use crate::parser::Isolation;
use crate::pool::{ParseJob, ParserPool};
use crate::registry::ParserRegistry;
use crate::rows::keep_beside;
use crate::sniff::HEAD_BYTES;

/// Name of this engine.
pub const NAME: &str = "local";

/// The built-in parsers.
pub struct LocalEngine {
    registry: Arc<ParserRegistry>,
    pool: Arc<ParserPool>,
    limits: ParserLimits,
}

/// What became of a source before any child was asked.
enum Triage {
    /// Parsed here.
    Parsed(Bytes),
    /// Left to a child.
    Child,
}

impl LocalEngine {
    /// An engine of ready components.
    pub fn new(registry: Arc<ParserRegistry>, pool: Arc<ParserPool>, limits: ParserLimits) -> Self {
        Self { registry, pool, limits }
    }

    /// Sniffs, and parses what may be parsed here, all on one blocking thread.
    async fn triage(&self, request: &EngineRequest) -> Result<Triage, EngineFailure> {
        let (registry, limits, request) = (Arc::clone(&self.registry), self.limits.clone(), request.clone());
        match tokio::task::spawn_blocking(move || parse_here(&request, &registry, &limits)).await {
            Ok(triage) => triage,
            Err(_panic) => Err(ParseFailure::new(FailureCode::ParserCrashed, "the parser failed on this file").into()),
        }
    }
}

#[async_trait]
impl Engine for LocalEngine {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> String {
        self.registry.version()
    }

    fn reads(&self, _media_type: &str) -> bool {
        // It knows best what it does not read, and says so.
        true
    }

    fn worth_reusing(&self, request: &EngineRequest) -> bool {
        // Text is parsed in a fraction of the time of a query.
        !(request.media_type.starts_with("text/") && request.size <= self.limits.max_in_process_bytes)
            && request.media_type != "application/json"
    }

    async fn parse(&self, request: &EngineRequest) -> Result<EngineOutput, EngineFailure> {
        if let Triage::Parsed(document) = self.triage(request).await? {
            return Ok(EngineOutput { document, remote_task_id: None });
        }
        let rows = request.rows.as_ref().map(|spool| spool.path().map(Path::to_path_buf)).transpose();
        let job = ParseJob {
            input: request.source.worker_input(),
            filename: request.filename.as_ref().to_owned(),
            limits: self.limits.clone(),
            options: request.options.clone(),
            rows: rows.map_err(|error| EngineFailure::from(file::unavailable(&error)))?,
        };
        let document = self.pool.parse(job).await?;
        Ok(EngineOutput { document, remote_task_id: None })
    }

    async fn capability(&self) -> EngineCapability {
        let formats = self.registry.parsers().flat_map(|parser| parser.formats().iter().map(|format| format.label()));
        EngineCapability {
            name: NAME.to_owned(),
            available: true,
            detail: None,
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            formats: formats.map(str::to_owned).collect(),
            languages: Vec::new(),
        }
    }
}

fn parse_here(
    request: &EngineRequest,
    registry: &ParserRegistry,
    limits: &ParserLimits,
) -> Result<Triage, EngineFailure> {
    let mut file = request.source.open().map_err(|error| EngineFailure::last(unreadable(error)))?;
    let failed = |error| EngineFailure::last(unreadable(error));
    let mut bytes = Vec::new();
    file.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut bytes).map_err(failed)?;
    if registry.isolation(&bytes, &request.filename)? == Isolation::Child {
        return Ok(Triage::Child);
    }
    // One byte more than may stay here tells whether the file is larger, whatever its row says.
    let room = limits.max_in_process_bytes.saturating_add(1).saturating_sub(bytes.len() as u64);
    file.take(room).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limits.max_in_process_bytes {
        return Ok(Triage::Child);
    }
    let mut document = registry.parse(&bytes, &request.filename, limits, &request.options)?;
    if let Some(spool) = &request.rows {
        keep_beside(&mut document, limits, || spool.path())?;
    }
    Ok(Triage::Parsed(output::to_json(&document, limits)?.into()))
}

pub(super) fn unreadable(error: io::Error) -> TaskFailure {
    match error.kind() {
        io::ErrorKind::NotFound => source_missing(),
        _ => storage_unavailable(ErrorStage::Mineru, &unavailable(error)),
    }
}
