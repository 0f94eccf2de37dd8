//! Runs document tasks: source bytes → parsed document → result JSON, with both stored on the way.
//!
//! Owns storage, cancellation and the choice between in-process and child parsing. Every stage is idempotent: keys
//! carry the attempt, so a second run overwrites nothing that somebody reads.

mod source;
mod storage;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use millrace_domain::artifact::{ArtifactKind, NewArtifact};
use millrace_domain::object_key::artifact_key;
use millrace_domain::ports::{Job, JobError, JobOutput, ObjectStore, TaskControl, TaskExecutor};
use millrace_domain::rule::PostprocessMode;
use millrace_domain::task::{StageDetail, TaskResult};
use millrace_domain::{ErrorStage, Stage, TaskFailure};
use serde_json::value::RawValue;

use crate::catalog::{RULE_MODE_UNSUPPORTED, unsupported_text};
use crate::limits::ParserLimits;
use crate::pool::ParserPool;
use crate::registry::ParserRegistry;
use crate::transform::{ParsedView, ResultSummary, skip};

use storage::{load_artifact, store_artifact};

/// Progress when parsing begins, when it is done, and when the result is made, in percent.
const PARSING: u8 = 5;
const PARSED: u8 = 60;
const TRANSFORMED: u8 = 80;
/// Documents up to this size, as JSON, are transformed without leaving the runtime's thread.
const INLINE_BYTES: usize = 128 << 10;

/// Runs tasks of kind `document`.
pub struct DocumentExecutor {
    store: Arc<dyn ObjectStore>,
    registry: Arc<ParserRegistry>,
    pool: Arc<ParserPool>,
    limits: ParserLimits,
}

impl DocumentExecutor {
    /// An executor of ready components.
    pub fn new(
        store: Arc<dyn ObjectStore>,
        registry: Arc<ParserRegistry>,
        pool: Arc<ParserPool>,
        limits: ParserLimits,
    ) -> Self {
        Self { store, registry, pool, limits }
    }

    async fn run(&self, job: &Job, control: &dyn TaskControl) -> Result<JobOutput, JobError> {
        match job.task.start_stage() {
            Stage::Parse => {
                check_rule(job)?;
                control.progress(PARSING, StageDetail::default());
                let parsed = self.parse(&job.task).await.map_err(failed)?;
                control.advance(Stage::Transform);
                control.progress(PARSED, StageDetail::default());
                self.transform(job, control, parsed, Store::ParsedToo).await
            }
            Stage::Transform => {
                check_rule(job)?;
                let (_, parsed) = load_artifact(&*self.store, job, ArtifactKind::Parsed).await.map_err(failed)?;
                self.transform(job, control, parsed, Store::ResultOnly).await
            }
            Stage::Mount => self.reuse_result(job).await,
            Stage::Run => Err(failed(TaskFailure::permanent(
                ErrorStage::Submit,
                "unsupported_kind",
                "this installation runs document tasks only",
            ))),
        }
    }

    /// Makes and stores the result; the parsed document is stored meanwhile, and kept whatever becomes of the result.
    async fn transform(
        &self,
        job: &Job,
        control: &dyn TaskControl,
        parsed: Bytes,
        store: Store,
    ) -> Result<JobOutput, JobError> {
        let task = &job.task;
        let key = |kind| artifact_key(task.user_id, task.project_id, task.id, kind, task.attempt_epoch);
        let storing_parsed = async {
            match store {
                Store::ParsedToo => {
                    let key = key(ArtifactKind::Parsed);
                    store_artifact(&*self.store, ArtifactKind::Parsed, key, parsed.clone()).await.map(Some)
                }
                Store::ResultOnly => Ok(None),
            }
        };
        let making_result = async {
            let (value, view) = make_result(Arc::clone(&task.filename), parsed.clone()).await?;
            control.progress(TRANSFORMED, StageDetail { done: view.pages, total: view.pages });
            let bytes = Bytes::copy_from_slice(value.get().as_bytes());
            let key = key(ArtifactKind::Result);
            let artifact = store_artifact(&*self.store, ArtifactKind::Result, key, bytes).await?;
            Ok((value, view, artifact))
        };
        let (parsed_artifact, made) = tokio::join!(storing_parsed, making_result);
        let mut artifacts = Vec::new();
        let mut first_failure = None;
        match parsed_artifact {
            Ok(stored) => artifacts.extend(stored),
            Err(failure) => first_failure = Some(failure),
        }
        match (made, first_failure) {
            (Ok((value, view, artifact)), None) => {
                let result = TaskResult {
                    parser: Some(view.parser),
                    pages: Some(view.pages),
                    warnings: view.warnings,
                    ..result_of(&artifact)
                };
                artifacts.push(artifact);
                Ok(JobOutput { result, value: Some(Arc::from(value)), artifacts })
            }
            (Ok((_, _, artifact)), Some(failure)) => {
                artifacts.push(artifact);
                Err(JobError { failure, artifacts })
            }
            (Err(failure), first) => Err(JobError { failure: first.unwrap_or(failure), artifacts }),
        }
    }

    /// The mount alone runs again: the result is the one that is stored.
    async fn reuse_result(&self, job: &Job) -> Result<JobOutput, JobError> {
        let (artifact, bytes) = load_artifact(&*self.store, job, ArtifactKind::Result).await.map_err(failed)?;
        let corrupt = |error: &dyn std::fmt::Display| {
            tracing::error!(task.id = %job.task.id, %error, "a stored result cannot be read");
            failed(storage::missing(ArtifactKind::Result))
        };
        let text = String::from_utf8(bytes.into()).map_err(|error| corrupt(&error))?;
        let summary: ResultSummary = serde_json::from_str(&text).map_err(|error| corrupt(&error))?;
        let value = RawValue::from_string(text).map_err(|error| corrupt(&error))?;
        let result = TaskResult {
            parser: summary.parser,
            pages: summary.pages,
            warnings: summary.warnings,
            ..result_of(&artifact)
        };
        Ok(JobOutput { result, value: Some(Arc::from(value)), artifacts: Vec::new() })
    }
}

#[async_trait]
impl TaskExecutor for DocumentExecutor {
    async fn execute(&self, job: Job, control: Arc<dyn TaskControl>) -> Result<JobOutput, JobError> {
        let cancellation = control.cancellation().clone();
        tokio::select! {
            biased;
            // Dropping the work kills the child that parses.
            () = cancellation.cancelled() => Err(failed(TaskFailure::transient(
                ErrorStage::of(job.task.start_stage(), job.task.kind),
                "cancelled",
                "the work was stopped",
            ))),
            outcome = self.run(&job, &*control) => outcome,
        }
    }
}

/// Whether the parsed document still has to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Store {
    ParsedToo,
    ResultOnly,
}

fn check_rule(job: &Job) -> Result<(), JobError> {
    // No rule means the built-in one.
    let mode = job.rule.as_ref().map_or(PostprocessMode::Skip, |rule| rule.definition.mode);
    match mode {
        PostprocessMode::Skip => Ok(()),
        PostprocessMode::Llm | PostprocessMode::Extract => {
            Err(failed(TaskFailure::permanent(ErrorStage::Postprocess, RULE_MODE_UNSUPPORTED, unsupported_text(mode))))
        }
    }
}

async fn make_result(filename: Arc<str>, parsed: Bytes) -> Result<(Box<RawValue>, ParsedView), TaskFailure> {
    let is_small = parsed.len() <= INLINE_BYTES;
    let make = move || {
        let mut view: ParsedView = serde_json::from_slice(&parsed)?;
        let value = skip(&filename, &mut view)?;
        Ok::<_, serde_json::Error>((value, view))
    };
    let made = if is_small {
        make()
    } else {
        tokio::task::spawn_blocking(make).await.map_err(|_panic| unreadable_artifact())?
    };
    made.map_err(|error| {
        tracing::error!(%error, "a parsed document cannot be read");
        unreadable_artifact()
    })
}

fn unreadable_artifact() -> TaskFailure {
    TaskFailure::permanent(ErrorStage::Postprocess, "artifact_unreadable", "the parsed document cannot be read")
}

fn result_of(artifact: &NewArtifact) -> TaskResult {
    TaskResult {
        output_path: artifact.key.clone(),
        output_size: artifact.size,
        sha256: artifact.sha256.clone(),
        ..TaskResult::default()
    }
}

/// A failure before anything was stored.
fn failed(failure: TaskFailure) -> JobError {
    JobError { failure, artifacts: Vec::new() }
}
