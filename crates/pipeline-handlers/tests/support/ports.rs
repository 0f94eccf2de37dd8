//! Doubles at the ports: an object store in memory that can fail, and a control that remembers.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, TimeZone, Utc};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use millrace_domain::artifact::{Artifact, NewArtifact};
use millrace_domain::ids::{ArtifactId, ProjectId, TaskId, UserId};
use millrace_domain::ports::{Job, ListedObject, ObjectError, ObjectStore, ObjectWriter, StoredObject, TaskControl};
use millrace_domain::task::{SourceFile, StageDetail, Task, TaskSpec};
use millrace_domain::usage::Spent;
use millrace_domain::{Stage, TaskKind, TaskState};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

/// Objects in memory, or in a folder when the test wants local paths.
#[derive(Default)]
pub struct FakeStore {
    pub objects: Arc<Mutex<HashMap<String, Bytes>>>,
    pub folder: Option<tempfile::TempDir>,
    /// Puts of keys that contain this text fail.
    pub failing_puts: Option<&'static str>,
    /// Every read fails.
    pub failing_gets: bool,
    /// Streamed writes tell this and never end.
    pub stalling_writes: Option<CancellationToken>,
}

impl FakeStore {
    pub fn insert(&self, key: &str, bytes: &[u8]) {
        if let Some(folder) = &self.folder {
            std::fs::write(folder.path().join(key), bytes).expect("a file");
        }
        self.objects.lock().insert(key.to_owned(), Bytes::copy_from_slice(bytes));
    }

    pub fn json(&self, key: &str) -> serde_json::Value {
        serde_json::from_slice(&self.objects.lock()[key]).expect("JSON")
    }
}

fn down() -> ObjectError {
    ObjectError::Unavailable("down".into())
}

#[async_trait]
impl ObjectStore for FakeStore {
    async fn put(&self, key: &str, bytes: Bytes) -> Result<StoredObject, ObjectError> {
        if self.failing_puts.is_some_and(|part| key.contains(part)) {
            return Err(down());
        }
        let size = bytes.len() as u64;
        self.objects.lock().insert(key.to_owned(), bytes);
        Ok(StoredObject { size, sha256: format!("digest of {key}") })
    }

    async fn writer(&self, key: &str) -> Result<Box<dyn ObjectWriter>, ObjectError> {
        if self.failing_puts.is_some_and(|part| key.contains(part)) {
            return Err(down());
        }
        let (objects, stalling) = (Arc::clone(&self.objects), self.stalling_writes.clone());
        Ok(Box::new(FakeWriter { objects, key: key.to_owned(), bytes: Vec::new(), stalling }))
    }

    async fn get(&self, key: &str) -> Result<Bytes, ObjectError> {
        if self.failing_gets {
            return Err(down());
        }
        self.objects.lock().get(key).cloned().ok_or_else(|| ObjectError::NotFound(key.to_owned()))
    }

    async fn stream(&self, key: &str) -> Result<BoxStream<'static, Result<Bytes, ObjectError>>, ObjectError> {
        let bytes = self.get(key).await?;
        let chunks: Vec<_> = bytes.chunks(1000).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
        Ok(stream::iter(chunks).boxed())
    }

    fn local_path(&self, key: &str) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.path().join(key))
    }

    async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        self.objects.lock().remove(key);
        Ok(())
    }

    fn list(&self, _prefix: &str) -> BoxStream<'static, Result<ListedObject, ObjectError>> {
        stream::empty().boxed()
    }

    async fn check(&self) -> Result<(), ObjectError> {
        Ok(())
    }
}

/// Writes one object of a [`FakeStore`].
struct FakeWriter {
    objects: Arc<Mutex<HashMap<String, Bytes>>>,
    key: String,
    bytes: Vec<u8>,
    stalling: Option<CancellationToken>,
}

#[async_trait]
impl ObjectWriter for FakeWriter {
    async fn write(&mut self, chunk: Bytes) -> Result<(), ObjectError> {
        if let Some(token) = &self.stalling {
            token.cancel();
            std::future::pending::<()>().await;
        }
        self.bytes.extend_from_slice(&chunk);
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<StoredObject, ObjectError> {
        let stored =
            StoredObject { size: self.bytes.len() as u64, sha256: format!("{:x}", Sha256::digest(&self.bytes)) };
        self.objects.lock().insert(self.key, self.bytes.into());
        Ok(stored)
    }

    async fn abort(self: Box<Self>) {}
}

/// Remembers what a worker reported.
#[derive(Default)]
pub struct FakeControl {
    pub token: CancellationToken,
    pub progress: Mutex<Vec<u8>>,
    pub stages: Mutex<Vec<Stage>>,
    pub spent: Mutex<Option<Spent>>,
    pub kept: Mutex<Vec<NewArtifact>>,
}

impl TaskControl for FakeControl {
    fn cancellation(&self) -> &CancellationToken {
        &self.token
    }

    fn progress(&self, percent: u8, _detail: StageDetail) {
        self.progress.lock().push(percent);
    }

    fn advance(&self, stage: Stage) {
        self.stages.lock().push(stage);
    }

    fn spent(&self, spent: Spent) {
        *self.spent.lock() = Some(spent);
    }

    fn keep(&self, artifact: NewArtifact) {
        self.kept.lock().push(artifact);
    }
}

fn then() -> DateTime<Utc> {
    Utc.timestamp_opt(1_700_000_000, 0).single().expect("a time")
}

/// A document task whose source has the key `source`.
pub fn job(filename: &str, size: u64) -> Job {
    let source = SourceFile { key: "source".into(), sha256: String::new(), size, media_type: String::new() };
    let task = Task {
        id: TaskId::new(7).expect("an id"),
        user_id: UserId::new(1).expect("an id"),
        project_id: ProjectId::new(2).expect("an id"),
        kind: TaskKind::Document,
        state: TaskState::Active(Stage::Parse),
        priority: 0,
        progress: 0,
        detail: StageDetail::default(),
        filename: filename.into(),
        rule: None,
        upload_id: None,
        spec: Arc::new(TaskSpec { source: Some(source), ..TaskSpec::default() }),
        result: None,
        mounted: None,
        error: None,
        spent: None,
        attempt: 1,
        attempt_epoch: 3,
        recoveries: 0,
        recovered: false,
        owner: None,
        run_at: None,
        created_at: then(),
        updated_at: then(),
        started_at: None,
        transforming_at: None,
        cancel_requested_at: None,
        finished_at: None,
    };
    Job { task: Arc::new(task), rule: None, artifacts: Vec::new() }
}

/// The same job, beginning at a later stage with the artifacts of an earlier attempt.
pub fn rerun(job: &Job, stage: Stage, artifacts: Vec<NewArtifact>) -> Job {
    let mut task = Task::clone(&job.task);
    task.attempt_epoch += 1;
    task.spec = Arc::new(TaskSpec { start_stage: Some(stage), ..TaskSpec::clone(&job.task.spec) });
    let artifacts = artifacts
        .into_iter()
        .map(|content| Artifact {
            id: ArtifactId::new(1).expect("an id"),
            task_id: task.id,
            content,
            created_at: then(),
        })
        .collect();
    Job { task: Arc::new(task), rule: None, artifacts }
}
