//! One store under random operations, seen without its ids.

use std::sync::Arc;

use millrace_domain::json_table::DataQuery;
use millrace_domain::mount::{Mount, MountIntent};
use millrace_domain::{JsonPointer, TableId, Task};
use serde_json::{Value, json};

use super::operation::{Mounting, Operation, TABLES, TASKS};
use crate::testing::contract::attempts::{completed, finish, intent};
use crate::testing::contract::{Account, Subject};
use crate::{MountFilter, Page, Result};

const ALL: usize = 100_000;

/// The tables and tasks that operations name by number.
pub(super) struct World<'a> {
    subject: &'a Subject<'a>,
    account: Account,
    tables: Vec<TableId>,
    tasks: Vec<Arc<Task>>,
}

impl<'a> World<'a> {
    pub(super) async fn new(subject: &'a Subject<'a>) -> Self {
        let (account, owner) = (subject.account().await, subject.node().await);
        let mut tables = Vec::new();
        for _ in 0..TABLES {
            tables.push(subject.table(account, None).await.id);
        }
        let tasks = subject.insert(Some(owner), subject.new_tasks(account, TASKS).await).await;
        let ends = tasks.iter().map(|task| finish(task, completed(None))).collect();
        subject.finish_all(ends).await;
        Self { subject, account, tables, tasks }
    }

    /// Does one thing; the answer in words, without ids and times.
    pub(super) async fn perform(&mut self, operation: &Operation) -> String {
        let Self { subject, account, tables, .. } = self;
        let (user, now, stores) = (account.user, subject.now(), subject.stores);
        match operation {
            Operation::Write { table, pointer, value } => {
                in_words(stores.tables.write(user, tables[*table], pointer, value, now).await)
            }
            Operation::Remove { table, pointer } => {
                in_words(stores.tables.remove(user, tables[*table], pointer, now).await)
            }
            Operation::Page { table, pointer, limit, after_key } => {
                let query = DataQuery { pointer: pointer.clone(), limit: *limit, after_key: after_key.map(Into::into) };
                let page = stores.tables.read(user, tables[*table], &query).await.expect("read");
                in_words(Ok(page.map(|page| (sorted(page.value), page.next_after_key))))
            }
            Operation::Mount(mounting) => {
                let applied = stores.mounts.apply(&self.intent(mounting), now, None).await;
                in_words(applied.map(|mount| self.describe(&mount)))
            }
            Operation::Unmount { task, nth } => {
                let mounts = self.mounts(MountFilter::Task(self.tasks[*task].id)).await;
                let Some(mount) = mounts.get(*nth) else { return "no such mount".into() };
                let unmounted = stores.mounts.unmount(user, mount.id, now).await;
                in_words(unmounted.map(|unmounted| (self.describe(&unmounted.before), unmounted.removed)))
            }
        }
    }

    pub(super) fn intent(&self, mounting: &Mounting) -> MountIntent {
        let Mounting { task, table, json_path, key, conflict, create_missing, value } = mounting;
        MountIntent {
            json_path: json_path.clone(),
            conflict: *conflict,
            create_missing: *create_missing,
            ..intent(&self.tasks[*task], self.tables[*table], "", key, value)
        }
    }

    /// All data and all mounts.
    pub(super) async fn look(&self) -> Vec<Value> {
        let mut seen = Vec::new();
        for (number, table) in self.tables.iter().enumerate() {
            let mut mounts: Vec<Value> =
                self.mounts(MountFilter::Table(*table)).await.iter().map(|mount| self.describe(mount)).collect();
            mounts.sort_by_key(Value::to_string);
            seen.push(json!({"data": self.data(number).await, "mounts": mounts}));
        }
        seen
    }

    /// All data of one table.
    pub(super) async fn data(&self, table: usize) -> Value {
        let query = DataQuery { pointer: JsonPointer::root(), limit: ALL, after_key: None };
        let page = self.subject.stores.tables.read(self.account.user, self.tables[table], &query).await;
        page.expect("read").expect("a root").value
    }

    async fn mounts(&self, filter: MountFilter) -> Vec<Mount> {
        let page = Page { before: None, limit: ALL };
        self.subject.stores.mounts.list(self.account.user, filter, page).await.expect("read")
    }

    fn describe(&self, mount: &Mount) -> Value {
        json!({
            "task": self.tasks.iter().position(|task| task.id == mount.task_id),
            "table": self.tables.iter().position(|table| *table == mount.table_id),
            "json_path": mount.json_path,
            "pointer": mount.pointer,
            "conflict": mount.conflict,
            "state": mount.state.as_str(),
        })
    }
}

fn in_words<T: std::fmt::Debug>(outcome: Result<T>) -> String {
    match outcome {
        Ok(answer) => format!("{answer:?}"),
        Err(error) => format!("refused: {error}"),
    }
}

/// A value whose text does not depend on the order in which a store keeps members.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<(String, Value)> =
                members.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            members.sort_by(|left, right| left.0.cmp(&right.0));
            Value::Object(members.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        scalar => scalar,
    }
}
