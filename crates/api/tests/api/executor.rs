//! An executor that needs no parser: what a file is called decides what becomes of it.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use millrace_domain::artifact::{ArtifactKind, NewArtifact};
use millrace_domain::object_key::artifact_key;
use millrace_domain::ports::{Job, JobError, JobOutput, ObjectStore, TaskControl, TaskExecutor};
use millrace_domain::task::{StageDetail, TaskResult};
use millrace_domain::{ErrorStage, Stage, Task, TaskFailure};
use serde_json::json;
use serde_json::value::RawValue;

/// `bad…` fails, `slow…` runs until cancelled, everything else becomes `{filename, content}`; `sheet…` leaves artifacts of
/// every kind.
pub struct ByName {
    pub objects: Arc<dyn ObjectStore>,
}

#[async_trait]
impl TaskExecutor for ByName {
    async fn execute(&self, job: Job, control: Arc<dyn TaskControl>) -> Result<JobOutput, JobError> {
        let task = &job.task;
        if task.filename.starts_with("bad") {
            let failure = TaskFailure::permanent(ErrorStage::Mineru, "broken_file", "the file is broken");
            return Err(JobError { failure, artifacts: Vec::new() });
        }
        if task.filename.starts_with("slow") {
            control.progress(30, StageDetail { done: 3, total: 10 });
            control.cancellation().cancelled().await;
            let failure = TaskFailure::permanent(ErrorStage::Mineru, "stopped", "stopped");
            return Err(JobError { failure, artifacts: Vec::new() });
        }
        let source = task.spec.source.as_ref().expect("a stored file");
        let bytes = self.objects.get(&source.key).await.expect("the stored file");
        let document = json!({"markdown": "# \"Report\"\n\nπ", "blocks": [{"text": "Report"}]}).to_string();
        let parsed = self.artifact(task, ArtifactKind::Parsed, document.as_bytes()).await;
        control.advance(Stage::Transform);
        let text = json!({"filename": &*task.filename, "content": String::from_utf8_lossy(&bytes)}).to_string();
        let result = self.artifact(task, ArtifactKind::Result, text.as_bytes()).await;
        let report = TaskResult {
            output_path: result.key.clone(),
            output_size: result.size,
            sha256: result.sha256.clone(),
            parser: Some("test".to_owned()),
            pages: Some(1),
            ..TaskResult::default()
        };
        let value = RawValue::from_string(text).expect("JSON");
        let mut artifacts = vec![parsed, result];
        if task.filename.starts_with("sheet") {
            artifacts.push(self.artifact(task, ArtifactKind::Rows, b"{\"a\":1}\n{\"a\":2}\n").await);
            artifacts.push(self.artifact(task, ArtifactKind::Citations, b"{\"/a\":{\"quote\":\"1\"}}").await);
            artifacts.push(self.artifact(task, ArtifactKind::Exchange, b"[]").await);
        }
        Ok(JobOutput { result: report, value: Some(value.into()), artifacts })
    }
}

impl ByName {
    async fn artifact(&self, task: &Task, kind: ArtifactKind, bytes: &[u8]) -> NewArtifact {
        let key = artifact_key(task.user_id, task.project_id, task.id, kind, task.attempt_epoch);
        let stored = self.objects.put(&key, Bytes::copy_from_slice(bytes)).await.expect("stored");
        NewArtifact { kind, key, size: stored.size, sha256: stored.sha256, parse_key: None }
    }
}
