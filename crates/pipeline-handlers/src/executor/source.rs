//! From the stored bytes of a task to its parsed document, in this process or in a child.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use millrace_domain::ports::ObjectError;
use millrace_domain::{ErrorStage, Task, TaskFailure};
use tempfile::{NamedTempFile, TempPath};
use tokio::io::AsyncWriteExt;

use super::{DocumentExecutor, storage};
use crate::failure::{FailureCode, ParseFailure};
use crate::limits::ParserLimits;
use crate::output;
use crate::parser::Isolation;
use crate::pool::{ParseJob, WorkerInput};
use crate::registry::ParserRegistry;
use crate::sniff::HEAD_BYTES;

/// The bytes of a source, where they are cheapest to read.
enum Source {
    /// The store keeps them as a local file.
    Local(PathBuf),
    /// Small enough for memory.
    Memory(Bytes),
    /// Copied to a file that goes away with this value.
    Spooled(TempPath),
}

/// What became of a source before any child was asked.
enum Triage {
    /// Parsed here.
    Parsed(Bytes),
    /// Left to a child.
    Child,
}

impl DocumentExecutor {
    /// Parses a task's source; gives the document as JSON.
    pub(super) async fn parse(&self, task: &Task) -> Result<Bytes, TaskFailure> {
        let source = task.spec.source.as_ref().ok_or_else(source_missing)?;
        if source.size > self.limits.max_file_bytes {
            return Err(output::file_too_large(source.size, &self.limits).into());
        }
        let bytes = self.fetch(&source.key, source.size).await.map_err(|error| match error {
            ObjectError::NotFound(_) => source_missing(),
            other => storage::unavailable(ErrorStage::Mineru, &other),
        })?;
        let filename = Arc::clone(&task.filename);
        let (triage, bytes) = self.triage(bytes, filename).await?;
        if let Triage::Parsed(document) = triage {
            return Ok(document);
        }
        // A spooled file must outlive the child that reads it.
        let (input, _spooled) = match bytes {
            Source::Local(path) => (WorkerInput::Path(path), None),
            Source::Memory(bytes) => (WorkerInput::Inline(bytes), None),
            Source::Spooled(path) => (WorkerInput::Path(path.to_path_buf()), Some(path)),
        };
        let job = ParseJob { input, filename: task.filename.as_ref().to_owned(), limits: self.limits.clone() };
        Ok(self.pool.parse(job).await?)
    }

    async fn fetch(&self, key: &str, size: u64) -> Result<Source, ObjectError> {
        if let Some(path) = self.store.local_path(key) {
            return Ok(Source::Local(path));
        }
        if size <= self.limits.max_in_process_bytes {
            return self.store.get(key).await.map(Source::Memory);
        }
        let spool = NamedTempFile::new().map_err(unavailable)?;
        let (file, path) = spool.into_parts();
        let mut file = tokio::fs::File::from_std(file);
        let mut chunks = self.store.stream(key).await?;
        while let Some(chunk) = chunks.try_next().await? {
            file.write_all(&chunk).await.map_err(unavailable)?;
        }
        file.flush().await.map_err(unavailable)?;
        Ok(Source::Spooled(path))
    }

    /// Sniffs, and parses what may be parsed here, all on one blocking thread.
    async fn triage(&self, source: Source, filename: Arc<str>) -> Result<(Triage, Source), TaskFailure> {
        let (registry, limits) = (Arc::clone(&self.registry), self.limits.clone());
        let work = move || {
            let triage = triage_blocking(&source, &filename, &registry, &limits);
            (triage, source)
        };
        match tokio::task::spawn_blocking(work).await {
            Ok((triage, source)) => triage.map(|triage| (triage, source)),
            Err(_panic) => {
                let failure = ParseFailure::new(FailureCode::ParserCrashed, "the parser failed on this file");
                Err(failure.into())
            }
        }
    }
}

fn triage_blocking(
    source: &Source,
    filename: &str,
    registry: &ParserRegistry,
    limits: &ParserLimits,
) -> Result<Triage, TaskFailure> {
    match source {
        Source::Memory(bytes) => parse_here(bytes.as_ref(), filename, registry, limits),
        Source::Local(path) => parse_here(open(path)?, filename, registry, limits),
        Source::Spooled(path) => parse_here(open(path)?, filename, registry, limits),
    }
}

fn parse_here(
    mut file: impl Read,
    filename: &str,
    registry: &ParserRegistry,
    limits: &ParserLimits,
) -> Result<Triage, TaskFailure> {
    let failed = |error| storage::unavailable(ErrorStage::Mineru, &unavailable(error));
    let mut bytes = Vec::new();
    file.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut bytes).map_err(failed)?;
    if registry.isolation(&bytes, filename)? == Isolation::Child {
        return Ok(Triage::Child);
    }
    // One byte more than may stay here tells whether the file is larger, whatever its row says.
    let room = limits.max_in_process_bytes.saturating_add(1).saturating_sub(bytes.len() as u64);
    file.take(room).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limits.max_in_process_bytes {
        return Ok(Triage::Child);
    }
    let document = registry.parse(&bytes, filename, limits)?;
    Ok(Triage::Parsed(output::to_json(&document, limits)?.into()))
}

fn open(path: &Path) -> Result<File, TaskFailure> {
    File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => source_missing(),
        _ => storage::unavailable(ErrorStage::Mineru, &unavailable(error)),
    })
}

fn unavailable(error: io::Error) -> ObjectError {
    ObjectError::Unavailable(Box::new(error))
}

fn source_missing() -> TaskFailure {
    TaskFailure::permanent(ErrorStage::Mineru, "source_missing", "the uploaded file is not in the object store")
}
