//! An executor that needs no parser: what a file is called decides what becomes of it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use millrace_domain::artifact::{ArtifactKind, NewArtifact};
use millrace_domain::object_key::artifact_key;
use millrace_domain::ports::{Job, JobError, JobOutput, ObjectError, ObjectStore, TaskControl, TaskExecutor};
use millrace_domain::task::{StageDetail, TaskResult};
use millrace_domain::{ErrorStage, Stage, Task, TaskFailure};
use parking_lot::Mutex;
use serde_json::json;
use serde_json::value::RawValue;
use tokio::sync::watch;

/// Longer than any start of a task takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs tasks by the beginning of their file's name:
///
/// - `hold…` waits until [`release`](Self::release) or a cancel;
/// - `stubborn…` waits for ever, whatever it is told;
/// - `flaky2…` fails twice for a passing reason, then completes;
/// - `panic…` panics;
/// - `bad…` fails for good;
/// - all others complete at once as `{filename, content}`.
pub struct Scripted {
    objects: Arc<dyn ObjectStore>,
    runs: watch::Sender<HashMap<String, usize>>,
    released: watch::Sender<bool>,
    stages: Mutex<Vec<(String, Stage)>>,
}

impl Scripted {
    /// An executor on these objects.
    pub fn new(objects: Arc<dyn ObjectStore>) -> Arc<Self> {
        Arc::new(Self {
            objects,
            runs: watch::Sender::default(),
            released: watch::Sender::new(false),
            stages: Mutex::default(),
        })
    }

    /// Lets every `hold…` go on, from now on.
    pub fn release(&self) {
        self.released.send_replace(true);
    }

    /// Returns when a file has begun at least so many times.
    ///
    /// # Panics
    /// When that takes far longer than it can.
    pub async fn wait_for_runs(&self, filename: &str, count: usize) {
        let mut runs = self.runs.subscribe();
        let begun = runs.wait_for(|runs| runs.get(filename).is_some_and(|&runs| runs >= count));
        if tokio::time::timeout(PATIENCE, begun).await.is_err() {
            panic!("{filename} has begun {} times, not {count}", self.runs(filename));
        }
    }

    /// How often a file has begun.
    pub fn runs(&self, filename: &str) -> usize {
        self.runs.borrow().get(filename).copied().unwrap_or_default()
    }

    /// The stages that a file has begun at, in order.
    pub fn stages(&self, filename: &str) -> Vec<Stage> {
        self.stages.lock().iter().filter(|(name, _)| name == filename).map(|(_, stage)| *stage).collect()
    }

    async fn artifact(&self, task: &Task, kind: ArtifactKind, bytes: Vec<u8>) -> Result<NewArtifact, JobError> {
        let key = artifact_key(task.user_id, task.project_id, task.id, kind, task.attempt_epoch);
        let stored = self.objects.put(&key, Bytes::from(bytes)).await.map_err(|error| store_failed(&error))?;
        Ok(NewArtifact { kind, key, size: stored.size, sha256: stored.sha256, parse_key: None })
    }

    /// The value and what was stored for it.
    async fn value(&self, job: &Job) -> Result<(Bytes, Vec<NewArtifact>, NewArtifact), JobError> {
        let task = &job.task;
        if task.start_stage() == Stage::Mount {
            let kept = job.artifacts.iter().find(|artifact| artifact.content.kind == ArtifactKind::Result);
            let kept = kept.map(|artifact| artifact.content.clone()).ok_or_else(|| failed("no_result", false))?;
            let bytes = self.objects.get(&kept.key).await.map_err(|error| store_failed(&error))?;
            return Ok((bytes, Vec::new(), kept));
        }
        let source = task.spec.source.as_ref().ok_or_else(|| failed("no_source", false))?;
        let content = self.objects.get(&source.key).await.map_err(|error| store_failed(&error))?;
        let parsed = self.artifact(task, ArtifactKind::Parsed, b"{\"markdown\":\"\"}".to_vec()).await?;
        let text = json!({"filename": &*task.filename, "content": String::from_utf8_lossy(&content)}).to_string();
        let result = self.artifact(task, ArtifactKind::Result, text.clone().into_bytes()).await?;
        Ok((text.into(), vec![parsed, result.clone()], result))
    }
}

fn failed(code: &str, retryable: bool) -> JobError {
    let mut failure = TaskFailure::permanent(ErrorStage::Mineru, code, "a test made this file fail");
    failure.retryable = retryable;
    JobError { failure, artifacts: Vec::new() }
}

fn store_failed(error: &ObjectError) -> JobError {
    tracing::warn!(%error, "the object store failed under the scripted executor");
    failed("object_store_unavailable", true)
}

#[async_trait]
impl TaskExecutor for Scripted {
    async fn execute(&self, job: Job, control: Arc<dyn TaskControl>) -> Result<JobOutput, JobError> {
        let name = job.task.filename.to_string();
        self.stages.lock().push((name.clone(), job.task.start_stage()));
        let mut run = 0;
        self.runs.send_modify(|runs| {
            let count = runs.entry(name.clone()).or_default();
            *count += 1;
            run = *count;
        });
        if name.starts_with("hold") {
            control.progress(30, StageDetail { done: 3, total: 10 });
            let mut released = self.released.subscribe();
            tokio::select! {
                () = control.cancellation().cancelled() => return Err(failed("stopped", false)),
                _ = released.wait_for(|released| *released) => {}
            }
        }
        if name.starts_with("stubborn") {
            std::future::pending::<()>().await;
        }
        if let Some(rest) = name.strip_prefix("flaky") {
            let failures = rest.chars().next().and_then(|digit| digit.to_digit(10)).unwrap_or(1) as usize;
            if run <= failures {
                return Err(failed("flaky", true));
            }
        }
        assert!(!name.starts_with("panic"), "a test made this file panic");
        if name.starts_with("bad") {
            return Err(failed("broken_file", false));
        }
        let (bytes, artifacts, result) = self.value(&job).await?;
        control.advance(Stage::Transform);
        let report = TaskResult {
            output_path: result.key.clone(),
            output_size: result.size,
            sha256: result.sha256.clone(),
            parser: Some("scripted".to_owned()),
            pages: Some(1),
            ..TaskResult::default()
        };
        let value: Box<RawValue> = serde_json::from_slice(&bytes).map_err(|_error| failed("broken_result", false))?;
        Ok(JobOutput { result: report, value: Some(value.into()), artifacts })
    }
}
