//! A task as a row.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use millrace_domain::task::{Owner, StageDetail, Task, TaskFailure};
use millrace_domain::usage::Spent;
use millrace_domain::{NodeId, ProjectId, RuleId, TaskId, TaskKind, TaskState, UploadId, UserId};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::schema::task;
use crate::{RepositoryError, Result};

#[derive(Queryable, Selectable, QueryableByName)]
#[diesel(table_name = task, check_for_backend(diesel::pg::Pg))]
pub(super) struct TaskRow {
    pub(super) id: i64,
    user_id: i64,
    project_id: i64,
    kind: String,
    pub(super) status: String,
    priority: i16,
    progress: i16,
    attempt: i32,
    attempt_epoch: i64,
    recoveries: i32,
    recovered: bool,
    owner_node: Option<i64>,
    owner_epoch: Option<i64>,
    rule_id: Option<i64>,
    rule_version: Option<i32>,
    upload_id: Option<i64>,
    run_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    transforming_at: Option<DateTime<Utc>>,
    cancel_requested_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    filename: String,
    spec: Value,
    result: Option<Value>,
    mounted: Option<Value>,
    error: Option<Value>,
    spent: Option<Value>,
}

fn json<T: DeserializeOwned>(value: Value) -> Result<Arc<T>> {
    serde_json::from_value(value).map(Arc::new).map_err(|error| RepositoryError::Corrupt(Box::new(error)))
}

impl TryFrom<TaskRow> for Task {
    type Error = RepositoryError;

    fn try_from(row: TaskRow) -> Result<Self> {
        let corrupt = |what: &str| RepositoryError::Corrupt(format!("task {}: {what}", row.id).into());
        let owner = match (row.owner_node, row.owner_epoch) {
            (Some(node), Some(epoch)) => Some(Owner { node: NodeId::new(node)?, epoch }),
            _ => None,
        };
        let rule = match (row.rule_id, row.rule_version) {
            (Some(id), Some(version)) => Some((RuleId::new(id)?, version)),
            _ => None,
        };
        Ok(Self {
            id: TaskId::new(row.id)?,
            user_id: UserId::new(row.user_id)?,
            project_id: ProjectId::new(row.project_id)?,
            kind: TaskKind::from_text(&row.kind).ok_or_else(|| corrupt("kind"))?,
            state: TaskState::from_status(&row.status).ok_or_else(|| corrupt("status"))?,
            priority: row.priority,
            progress: u8::try_from(row.progress).unwrap_or(0),
            detail: StageDetail::default(),
            filename: row.filename.into(),
            rule,
            upload_id: row.upload_id.map(UploadId::new).transpose()?,
            spec: json(row.spec)?,
            result: row.result.map(json).transpose()?,
            mounted: row.mounted.map(json).transpose()?,
            error: row.error.map(json::<TaskFailure>).transpose()?,
            spent: row.spent.map(json::<Spent>).transpose()?.as_deref().copied(),
            attempt: row.attempt,
            attempt_epoch: row.attempt_epoch,
            recoveries: row.recoveries,
            recovered: row.recovered,
            owner,
            run_at: row.run_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
            started_at: row.started_at,
            transforming_at: row.transforming_at,
            cancel_requested_at: row.cancel_requested_at,
            finished_at: row.finished_at,
        })
    }
}

/// Reads rows.
pub(super) fn tasks(rows: Vec<TaskRow>) -> Result<Vec<Arc<Task>>> {
    rows.into_iter().map(|row| Task::try_from(row).map(Arc::new)).collect()
}
