//! Attempts and mounts as behaviours make them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use millrace_domain::artifact::{ArtifactKind, NewArtifact};
use millrace_domain::citation::CitationCount;
use millrace_domain::json_table::DataQuery;
use millrace_domain::mount::{ConflictPolicy, Mount, MountIntent, MountTable};
use millrace_domain::object_key::artifact_key;
use millrace_domain::task::{Owner, StageDetail, TaskResult};
use millrace_domain::{ErrorStage, JsonPointer, Stage, TableId, Task, TaskFailure};
use serde_json::Value;
use serde_json::value::RawValue;

use super::fixture::{Account, Subject};
use crate::{Finish, FinishKind, FinishOutcome, Page, ProgressUpdate};

/// A pointer.
pub fn at(text: &str) -> JsonPointer {
    JsonPointer::parse(text).expect("a valid pointer")
}

/// The end of a task's first attempt.
pub fn finish(task: &Task, kind: FinishKind) -> Finish {
    Finish {
        id: task.id,
        task: Arc::new(task.clone()),
        attempt_epoch: task.attempt_epoch,
        kind,
        attempt: task.attempt.max(1),
        started_at: None,
        transforming_at: None,
        spent: None,
        artifacts: Vec::new(),
    }
}

/// Success with a mount, or without.
pub fn completed(mount: Option<MountIntent>) -> FinishKind {
    FinishKind::Completed { result: Arc::new(result()), mount: mount.map(Box::new) }
}

/// What a completed task reports.
pub fn result() -> TaskResult {
    TaskResult {
        output_path: "users/1/processed/1/1-1.json".into(),
        output_size: 12,
        sha256: "ef".repeat(32),
        processing_time: 0.5,
        parser: Some("text".into()),
        pages: Some(1),
        mineru_task_id: None,
        tokens: None,
        cost_usd: Some(0.5),
        parse_reused: true,
        citations: Some(CitationCount { values: 3, verified: 2 }),
        warnings: vec!["something".into()],
    }
}

/// A failure at the parse stage.
pub fn failure(code: &str) -> Arc<TaskFailure> {
    Arc::new(TaskFailure::permanent(ErrorStage::Mineru, code, "it failed"))
}

/// An artifact of an attempt.
pub fn artifact(task: &Task, kind: ArtifactKind, attempt_epoch: i64) -> NewArtifact {
    let key = artifact_key(task.user_id, task.project_id, task.id, kind, attempt_epoch);
    NewArtifact { kind, key, size: 5, sha256: "12".repeat(32), parse_key: None }
}

/// Progress of a task's present attempt.
pub fn progress(task: &Task, stage: Stage, percent: u8, started_at: DateTime<Utc>) -> ProgressUpdate {
    ProgressUpdate {
        id: task.id,
        attempt_epoch: task.attempt_epoch,
        stage,
        percent,
        detail: StageDetail { done: 1, total: 2 },
        attempt: 1,
        started_at,
        transforming_at: None,
    }
}

/// A mount by hand; `overwrite` and `create_missing` unless changed.
pub fn intent(task: &Task, table: TableId, json_path: &str, key: &str, value: &Value) -> MountIntent {
    MountIntent {
        task_id: task.id,
        user_id: task.user_id,
        project_id: task.project_id,
        table: MountTable::Existing(table),
        json_path: at(json_path),
        key: key.into(),
        conflict: ConflictPolicy::Overwrite,
        create_missing: true,
        value: raw(value),
        automatic: false,
    }
}

/// An automatic mount into a table of the task's own.
pub fn automatic(task: &Task, name: &str, value: &Value) -> MountIntent {
    let anywhere = TableId::new(1).expect("an id");
    MountIntent {
        table: MountTable::New { name: name.into() },
        automatic: true,
        ..intent(task, anywhere, "/data", "k", value)
    }
}

/// JSON as text.
pub fn raw(value: &Value) -> Arc<RawValue> {
    RawValue::from_string(value.to_string()).expect("valid JSON").into()
}

impl Subject<'_> {
    /// Ends one attempt.
    pub async fn finish(&self, task: &Task, kind: FinishKind) -> FinishOutcome {
        self.finish_all(vec![finish(task, kind)]).await.remove(0)
    }

    /// Ends attempts in one batch.
    pub async fn finish_all(&self, batch: Vec<Finish>) -> Vec<FinishOutcome> {
        let outcomes = self.stores.tasks.finish_many(&batch, self.now()).await.expect("finished");
        assert_eq!(outcomes.len(), batch.len(), "one outcome per item");
        outcomes
    }

    /// A task that has completed without a mount.
    pub async fn done(&self, account: Account, owner: Owner) -> Arc<Task> {
        let task = self.task(account, owner).await;
        applied(self.finish(&task, completed(None)).await)
    }

    /// Applies a mount that must work.
    pub async fn mount(&self, intent: &MountIntent) -> Mount {
        self.stores.mounts.apply(intent, self.now(), None).await.expect("mounted")
    }

    /// All mounts of a task, newest first.
    pub async fn mounts_of(&self, task: &Task) -> Vec<Mount> {
        let page = Page { before: None, limit: 1000 };
        self.stores.mounts.list(task.user_id, crate::MountFilter::Task(task.id), page).await.expect("read")
    }

    /// One mount as it is recorded now.
    pub async fn mount_now(&self, mount: &Mount) -> Mount {
        let page = Page { before: None, limit: 1000 };
        let filter = crate::MountFilter::Table(mount.table_id);
        let mounts = self.stores.mounts.list(mount.user_id, filter, page).await.expect("read");
        mounts.into_iter().find(|row| row.id == mount.id).expect("the mount is on record")
    }

    /// What a table holds at a pointer.
    pub async fn data(&self, account: Account, table: TableId, pointer: &str) -> Option<Value> {
        let query = DataQuery { pointer: at(pointer), limit: 100_000, after_key: None };
        let page = self.stores.tables.read(account.user, table, &query).await.expect("read");
        page.map(|page| page.value)
    }
}

/// The task of a finish that was applied.
pub fn applied(outcome: FinishOutcome) -> Arc<Task> {
    match outcome {
        FinishOutcome::Applied(task) => task,
        other => panic!("not applied: {other:?}"),
    }
}
