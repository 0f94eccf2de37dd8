//! Runs document tasks: source bytes → parsed document → result JSON, with both stored on the way.
//!
//! Owns storage, cancellation, reuse of earlier parses and the order of stages; how files are parsed is the business of
//! [`engine`](crate::engine), how results are made that of [`transform`](crate::transform). Every stage is idempotent:
//! keys carry the attempt, so a second run overwrites nothing that somebody reads.

mod images;
mod parse;
mod result;
mod rows;
mod storage;
mod trial;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use millrace_domain::artifact::{ArtifactKind, NewArtifact, ParseKey};
use millrace_domain::object_key::artifact_key;
use millrace_domain::ports::{Job, JobError, JobOutput, ObjectStore, ParseCache, TaskControl, TaskExecutor};
use millrace_domain::rule::{PostprocessMode, RuleDefinition};
use millrace_domain::task::{StageDetail, TaskResult};
use millrace_domain::{ErrorStage, Stage, Task, TaskFailure};
use serde_json::value::RawValue;

use crate::engine::EngineChain;
use crate::limits::ParserLimits;
use crate::pool::ParserPool;
use crate::transform::skip::ResultSummary;
use crate::transform::{Transform, Transforms};

pub use images::ImageSettings;
pub(crate) use storage::unavailable as storage_unavailable;
use storage::{load_artifact, store_artifact};

/// Progress when parsing begins, when it is done, and when the result is made, in percent.
const PARSING: u8 = 5;
const PARSED: u8 = 60;
const TRANSFORMED: u8 = 80;

/// The parts of an executor.
#[derive(Clone)]
pub struct ExecutorParts {
    /// Sources and artifacts.
    pub store: Arc<dyn ObjectStore>,
    /// Ways to parse.
    pub engines: Arc<EngineChain>,
    /// Ways to make results.
    pub transforms: Arc<Transforms>,
    /// Earlier parses; `None` parses every time.
    pub cache: Option<Arc<dyn ParseCache>>,
    /// Limits of parsing.
    pub limits: ParserLimits,
    /// Makes pictures of the pages of PDF files; without it, only files that are pictures are shown to models.
    pub pool: Option<Arc<ParserPool>>,
    /// How pages are shown to models.
    pub images: ImageSettings,
}

/// Runs tasks of kind `document`, and tries rules.
pub struct DocumentExecutor {
    parts: ExecutorParts,
}

/// A parsed document on its way to a result.
struct Parsed {
    document: Bytes,
    /// The rows of a large table, stored already.
    rows: Option<NewArtifact>,
    /// How to find it again; only for documents that still have to be stored.
    store: Option<Option<ParseKey>>,
    reused: bool,
    remote_task_id: Option<String>,
}

impl DocumentExecutor {
    /// An executor of ready components.
    pub fn new(parts: ExecutorParts) -> Self {
        Self { parts }
    }

    async fn run(&self, job: &Job, control: &Arc<dyn TaskControl>) -> Result<JobOutput, JobError> {
        match job.task.start_stage() {
            Stage::Parse => {
                let rows_may_go = self.transform_of(job)?.accepts_rows_beside();
                control.progress(PARSING, StageDetail::default());
                let parsed = self.parse(&job.task, control, rows_may_go).await.map_err(failed)?;
                control.advance(Stage::Transform);
                control.progress(PARSED, StageDetail::default());
                self.transform(job, control, parsed).await
            }
            Stage::Transform => {
                let rows_may_go = self.transform_of(job)?.accepts_rows_beside();
                let loaded = load_artifact(&*self.parts.store, job, ArtifactKind::Parsed).await;
                let (_, document) = loaded.map_err(failed)?;
                rows::check(job, &document, rows_may_go).await.map_err(failed)?;
                let parsed = Parsed { document, rows: None, store: None, reused: false, remote_task_id: None };
                self.transform(job, control, parsed).await
            }
            Stage::Mount => self.reuse_result(job).await,
            Stage::Run => Err(failed(TaskFailure::permanent(
                ErrorStage::Submit,
                "unsupported_kind",
                "this installation runs document tasks only",
            ))),
        }
    }

    fn transform_of(&self, job: &Job) -> Result<&Arc<dyn Transform>, JobError> {
        self.parts.transforms.get(rule_of(job).mode).map_err(failed)
    }

    /// Makes and stores the result; the parsed document is stored meanwhile, and kept whatever becomes of the result.
    async fn transform(
        &self,
        job: &Job,
        control: &Arc<dyn TaskControl>,
        parsed: Parsed,
    ) -> Result<JobOutput, JobError> {
        let task = &job.task;
        // What a model or a service takes minutes or money for is not left to the end of the attempt.
        let is_costly = rule_of(job).mode == PostprocessMode::Llm || parsed.remote_task_id.is_some();
        let storing_parsed = async {
            let Some(parse_key) = parsed.store else { return Ok(None) };
            let mut artifact = self.store(task, ArtifactKind::Parsed, parsed.document.clone()).await?;
            artifact.parse_key = parse_key;
            if is_costly {
                control.keep(artifact.clone());
            }
            Ok(Some(artifact))
        };
        let making_result = self.make_and_store(job, control, parsed.document.clone());
        let (parsed_artifact, (made, more)) = tokio::join!(storing_parsed, making_result);
        let mut artifacts = Vec::with_capacity(more.len() + 2);
        let failure = match parsed_artifact {
            Ok(stored) => {
                artifacts.extend(stored);
                None
            }
            Err(failure) => Some(failure),
        };
        artifacts.extend(parsed.rows);
        artifacts.extend(more);
        match (made, failure) {
            (Ok((made, result)), None) => {
                let result = TaskResult {
                    parser: Some(made.parser),
                    pages: Some(made.pages),
                    mineru_task_id: parsed.remote_task_id,
                    tokens: made.tokens,
                    cost_usd: made.cost_usd,
                    parse_reused: parsed.reused,
                    citations: made.citations,
                    warnings: made.warnings,
                    ..result
                };
                Ok(JobOutput { result, value: Some(made.value), artifacts })
            }
            (Ok((made, _)), Some(failure)) => {
                let failure = TaskFailure { spent: made.spent(), ..failure };
                Err(JobError { failure, artifacts })
            }
            (Err(failure), None) => Err(JobError { failure, artifacts }),
            (Err(made), Some(failure)) => {
                let failure = TaskFailure { spent: made.spent, ..failure };
                Err(JobError { failure, artifacts })
            }
        }
    }

    async fn store(&self, task: &Task, kind: ArtifactKind, bytes: Bytes) -> Result<NewArtifact, TaskFailure> {
        let key = artifact_key(task.user_id, task.project_id, task.id, kind, task.attempt_epoch);
        store_artifact(&*self.parts.store, kind, key, bytes).await
    }

    /// The mount alone runs again: the result is the one that is stored.
    async fn reuse_result(&self, job: &Job) -> Result<JobOutput, JobError> {
        let loaded = load_artifact(&*self.parts.store, job, ArtifactKind::Result).await;
        let (artifact, bytes) = loaded.map_err(failed)?;
        let corrupt = |error: &dyn std::fmt::Display| {
            tracing::error!(task.id = %job.task.id, %error, "a stored result cannot be read");
            failed(storage::missing(ArtifactKind::Result))
        };
        let text = String::from_utf8(bytes.into()).map_err(|error| corrupt(&error))?;
        let value = RawValue::from_string(text).map_err(|error| corrupt(&error))?;
        // Only results of `skip` tell about themselves.
        let summary: ResultSummary = serde_json::from_str(value.get()).unwrap_or_default();
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
            outcome = self.run(&job, &control) => outcome,
        }
    }
}

/// The rule of a job; none means the built-in one.
fn rule_of(job: &Job) -> Arc<RuleDefinition> {
    Arc::new(job.rule.as_ref().map_or_else(RuleDefinition::builtin, |rule| rule.definition.clone()))
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
