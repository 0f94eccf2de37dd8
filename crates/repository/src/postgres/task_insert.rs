//! Admission: uploads, tasks and receipts of many requests in one transaction.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, BigInt, Integer, Nullable, SmallInt, Text, Timestamptz};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use millrace_domain::submission::NewTask;
use millrace_domain::task::{Owner, StageDetail, Task};
use millrace_domain::upload::Upload;
use millrace_domain::{RuleId, TaskState, UploadId};

use super::error::TxError;
use super::fixed::fixed_query;
use super::store::PgStore;
use super::{receipts, uploads};
use crate::{Admission, AdmissionOutcome, Result};

fixed_query! {
    /// Stores tasks. Terminal ones (born failed) have no owner.
    struct InsertTasks {
        ids: Array<BigInt> => Vec<i64>,
        users: Array<BigInt> => Vec<i64>,
        projects: Array<BigInt> => Vec<i64>,
        kinds: Array<Text> => Vec<&'static str>,
        statuses: Array<Text> => Vec<&'static str>,
        priorities: Array<SmallInt> => Vec<i16>,
        rules: Array<Nullable<BigInt>> => Vec<Option<i64>>,
        versions: Array<Nullable<Integer>> => Vec<Option<i32>>,
        uploads: Array<Nullable<BigInt>> => Vec<Option<i64>>,
        run_ats: Array<Nullable<Timestamptz>> => Vec<Option<DateTime<Utc>>>,
        filenames: Array<Text> => Vec<String>,
        specs: Array<Text> => Vec<String>,
        errors: Array<Nullable<Text>> => Vec<Option<String>>,
        now: Timestamptz => DateTime<Utc>,
        node: Nullable<BigInt> => Option<i64>,
        epoch: Nullable<BigInt> => Option<i64>,
    }
    "insert into task (id, user_id, project_id, kind, status, priority, rule_id, rule_version, upload_id, run_at,
                       filename, spec, error, created_at, updated_at, finished_at, owner_node, owner_epoch)
     select i.id, i.user_id, i.project_id, i.kind, i.status, i.priority, i.rule_id, i.rule_version, i.upload_id,
            i.run_at, i.filename, i.spec::jsonb, i.error::jsonb, p.now, p.now,
            case when i.error is not null then p.now end,
            case when i.error is null then p.node end, case when i.error is null then p.epoch end
     from unnest({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {})
          as i(id, user_id, project_id, kind, status, priority, rule_id, rule_version, upload_id, run_at,
               filename, spec, error),
          (select {} as now, {} as node, {} as epoch) as p"
}

fn json<T: serde::Serialize>(value: &T) -> std::result::Result<String, TxError> {
    Ok(serde_json::to_string(value)?)
}

async fn insert_tasks(
    connection: &mut AsyncPgConnection,
    owner: Option<Owner>,
    tasks: &[&NewTask],
    now: DateTime<Utc>,
) -> std::result::Result<(), TxError> {
    if tasks.is_empty() {
        return Ok(());
    }
    let status = |task: &&NewTask| {
        let state = if task.born_failed.is_some() { TaskState::Failed } else { TaskState::Pending };
        state.as_str()
    };
    InsertTasks {
        ids: tasks.iter().map(|task| task.id.get()).collect(),
        users: tasks.iter().map(|task| task.user_id.get()).collect(),
        projects: tasks.iter().map(|task| task.project_id.get()).collect(),
        kinds: tasks.iter().map(|task| task.kind.as_str()).collect(),
        statuses: tasks.iter().map(status).collect(),
        priorities: tasks.iter().map(|task| task.priority).collect(),
        rules: tasks.iter().map(|task| task.rule.map(|(id, _)| RuleId::get(id))).collect(),
        versions: tasks.iter().map(|task| task.rule.map(|(_, version)| version)).collect(),
        uploads: tasks.iter().map(|task| task.upload_id.map(UploadId::get)).collect(),
        run_ats: tasks.iter().map(|task| task.run_at).collect(),
        filenames: tasks.iter().map(|task| task.filename.to_string()).collect(),
        specs: tasks.iter().map(|task| json(&*task.spec)).collect::<std::result::Result<_, _>>()?,
        errors: tasks
            .iter()
            .map(|task| task.born_failed.as_deref().map(json).transpose())
            .collect::<std::result::Result<_, _>>()?,
        now,
        node: owner.map(|owner| owner.node.get()),
        epoch: owner.map(|owner| owner.epoch),
    }
    .execute(connection)
    .await?;
    Ok(())
}

/// The task that a row just inserted stands for, without reading it back.
fn born(new: &NewTask, owner: Option<Owner>, now: DateTime<Utc>) -> Arc<Task> {
    let failed = new.born_failed.is_some();
    Arc::new(Task {
        id: new.id,
        user_id: new.user_id,
        project_id: new.project_id,
        kind: new.kind,
        state: if failed { TaskState::Failed } else { TaskState::Pending },
        priority: new.priority,
        progress: 0,
        detail: StageDetail::default(),
        filename: Arc::clone(&new.filename),
        rule: new.rule,
        upload_id: new.upload_id,
        spec: Arc::clone(&new.spec),
        result: None,
        mounted: None,
        error: new.born_failed.clone(),
        spent: None,
        attempt: 0,
        attempt_epoch: 1,
        recoveries: 0,
        recovered: false,
        owner: owner.filter(|_| !failed),
        run_at: new.run_at,
        created_at: now,
        updated_at: now,
        started_at: None,
        transforming_at: None,
        cancel_requested_at: None,
        finished_at: failed.then_some(now),
    })
}

impl PgStore {
    pub(super) async fn insert_admissions(
        &self,
        owner: Option<Owner>,
        batch: &[Admission],
        now: DateTime<Utc>,
    ) -> Result<Vec<AdmissionOutcome>> {
        let built: Vec<Vec<Arc<Task>>> = batch
            .iter()
            .map(|admission| admission.submission.tasks.iter().map(|new| born(new, owner, now)).collect())
            .collect();
        let receipts: Vec<_> = batch
            .iter()
            .zip(&built)
            .filter_map(|(admission, tasks)| {
                admission.receipt.as_ref().map(|receipt| (&receipt.key, (receipt.render)(tasks.as_slice())))
            })
            .collect();
        let mut connection = self.connection().await?;
        let accepted = connection
            .transaction(async |connection| -> std::result::Result<Vec<bool>, TxError> {
                let mut stored = receipts::insert_batch(connection, &receipts, now).await?.into_iter();
                let accepted: Vec<bool> = batch
                    .iter()
                    .map(|admission| admission.receipt.is_none() || stored.next().unwrap_or(false))
                    .collect();
                let chosen = || batch.iter().zip(&accepted).filter(|(_, taken)| **taken).map(|(one, _)| one);
                let new_uploads: Vec<&Upload> = chosen().flat_map(|one| &one.submission.uploads).collect();
                let new_tasks: Vec<&NewTask> = chosen().flat_map(|one| &one.submission.tasks).collect();
                uploads::insert(connection, &new_uploads).await?;
                insert_tasks(connection, owner, &new_tasks, now).await?;
                Ok(accepted)
            })
            .await?;
        Ok(built
            .into_iter()
            .zip(accepted)
            .map(|(tasks, taken)| if taken { AdmissionOutcome::Stored(tasks) } else { AdmissionOutcome::DuplicateKey })
            .collect())
    }
}
