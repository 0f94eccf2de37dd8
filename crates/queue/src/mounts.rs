//! The production mount service: pure planning, no I/O.

use std::sync::Arc;

use async_trait::async_trait;
use millrace_domain::mount::{MountIntent, MountTable, MountTarget, manual_key};
use millrace_domain::ports::{ManualMount, MountService};
use millrace_domain::{Fault, Task, TaskFailure};
use serde_json::value::RawValue;

/// Plans mounts by the rules of the product.
#[derive(Debug, Clone, Copy, Default)]
pub struct StandardMountService;

/// Digits of the file's hash in the name of a table that is made for it.
const TABLE_NAME_DIGITS: usize = 10;

#[async_trait]
impl MountService for StandardMountService {
    async fn plan_automatic(
        &self,
        task: &Task,
        target: &MountTarget,
        value: Arc<RawValue>,
    ) -> Result<MountIntent, TaskFailure> {
        let table = match target.table_id {
            Some(id) => MountTable::Existing(id),
            None => MountTable::New { name: table_name(task) },
        };
        Ok(MountIntent {
            task_id: task.id,
            user_id: task.user_id,
            project_id: task.project_id,
            table,
            json_path: target.json_path.clone(),
            key: target.key.clone(),
            conflict: target.conflict,
            create_missing: target.create_missing,
            value,
            automatic: true,
        })
    }

    async fn plan_manual(
        &self,
        task: &Task,
        request: &ManualMount,
        value: Arc<RawValue>,
    ) -> Result<MountIntent, Fault> {
        Ok(MountIntent {
            task_id: task.id,
            user_id: task.user_id,
            project_id: task.project_id,
            table: MountTable::Existing(request.table_id),
            json_path: request.json_path.clone(),
            key: request.key.clone().unwrap_or_else(|| manual_key(&task.filename)),
            conflict: request.conflict,
            create_missing: request.create_missing,
            value,
            automatic: false,
        })
    }
}

/// A short hash as the name: the first digits of the file's SHA-256.
fn table_name(task: &Task) -> String {
    match &task.spec.source {
        Some(source) => source.sha256.chars().take(TABLE_NAME_DIGITS).collect(),
        None => format!("task-{}", task.id),
    }
}
