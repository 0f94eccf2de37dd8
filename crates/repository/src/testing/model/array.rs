//! One store against a plain list whose members know their owners: mounts into an array must follow their values.

use std::sync::Arc;

use millrace_domain::mount::{Mount, MountState};
use millrace_domain::{JsonPointer, TableId, Task};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::operation::{TASKS, value};
use crate::testing::contract::attempts::{at, completed, finish, intent};
use crate::testing::contract::{Account, Subject};

/// A member of the list.
#[derive(Debug, Clone)]
struct Member {
    value: Value,
    /// The task whose mount it is, and the value as it was mounted.
    owner: Option<(usize, Value)>,
}

impl Member {
    fn is_unchanged(&self) -> bool {
        self.owner.as_ref().is_some_and(|(_, mounted)| *mounted == self.value)
    }
}

/// The list, and the store that is to agree with it.
struct List<'a> {
    subject: &'a Subject<'a>,
    account: Account,
    table: TableId,
    tasks: Vec<Arc<Task>>,
    members: Vec<Member>,
    done: Vec<String>,
}

/// Does `steps` random mounts, unmounts, writes and removals in one array, and looks after each for every member and
/// for where every mount says that it is.
///
/// # Panics
/// When they differ; the message holds the seed and everything that was done.
pub async fn compare_with_list(subject: &Subject<'_>, seed: u64, steps: usize) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut list = List::new(subject).await;
    for _ in 0..steps {
        let task = random.random_range(0..TASKS);
        let index = random.random_range(0..=list.members.len());
        match random.random_range(0..8) {
            0..3 => list.mount(task, value(&mut random, 1)).await,
            3..5 => list.unmount(task).await,
            5 => list.remove(index).await,
            6 => list.write(index, value(&mut random, 1)).await,
            _ => list.write_inside(index, value(&mut random, 0)).await,
        }
        list.check(seed).await;
    }
}

impl<'a> List<'a> {
    async fn new(subject: &'a Subject<'a>) -> Self {
        let (account, owner) = (subject.account().await, subject.node().await);
        let table = subject.table(account, Some(json!({"list": []}))).await.id;
        let tasks = subject.insert(Some(owner), subject.new_tasks(account, TASKS).await).await;
        subject.finish_all(tasks.iter().map(|task| finish(task, completed(None))).collect()).await;
        Self { subject, account, table, tasks, members: Vec::new(), done: Vec::new() }
    }

    fn position_of(&self, task: usize) -> Option<usize> {
        self.members.iter().position(|member| member.owner.as_ref().is_some_and(|(owner, _)| *owner == task))
    }

    async fn mount(&mut self, task: usize, value: Value) {
        self.done.push(format!("mount {value} of {task}"));
        self.subject.mount(&intent(&self.tasks[task], self.table, "/list", "k", &value)).await;
        let member = Member { value: value.clone(), owner: Some((task, value)) };
        match self.position_of(task) {
            Some(index) if self.members[index].is_unchanged() => self.members[index] = member,
            before => {
                if let Some(index) = before {
                    self.members[index].owner = None;
                }
                self.members.push(member);
            }
        }
    }

    async fn unmount(&mut self, task: usize) {
        let Some(mount) = self.record(task).await else { return };
        self.done.push(format!("unmount {task}"));
        let unmount = self.subject.stores.mounts.unmount(self.account.user, mount.id, self.subject.now());
        let unmounted = unmount.await.expect("unmounted");
        let expected = match self.position_of(task) {
            Some(index) if self.members[index].is_unchanged() => {
                self.members.remove(index);
                true
            }
            before => {
                if let Some(index) = before {
                    self.members[index].owner = None;
                }
                false
            }
        };
        assert_eq!(unmounted.removed, expected, "after {:?}", self.done);
    }

    async fn remove(&mut self, index: usize) {
        self.done.push(format!("remove {index}"));
        let (user, now) = (self.account.user, self.subject.now());
        let removed = self.subject.stores.tables.remove(user, self.table, &place(index), now).await.expect("answered");
        let ended = removed.map(|removed| removed.mounts);
        let expected = (index < self.members.len()).then(|| u64::from(self.members.remove(index).owner.is_some()));
        assert_eq!(ended, expected, "after {:?}", self.done);
    }

    async fn write(&mut self, index: usize, value: Value) {
        self.done.push(format!("write {value} at {index}"));
        let (user, now) = (self.account.user, self.subject.now());
        self.subject.stores.tables.write(user, self.table, &place(index), &value, now).await.expect("written");
        let member = Member { value, owner: None };
        match self.members.get_mut(index) {
            Some(before) => *before = member,
            None => self.members.push(member),
        }
    }

    async fn write_inside(&mut self, index: usize, value: Value) {
        let Some(Value::Object(object)) = self.members.get_mut(index).map(|member| &mut member.value) else { return };
        object.insert("inside".into(), value.clone());
        self.done.push(format!("write {value} inside {index}"));
        let pointer = place(index).join("inside").expect("a pointer");
        let (user, now) = (self.account.user, self.subject.now());
        self.subject.stores.tables.write(user, self.table, &pointer, &value, now).await.expect("written");
    }

    async fn record(&self, task: usize) -> Option<Mount> {
        self.subject.mounts_of(&self.tasks[task]).await.pop()
    }

    async fn check(&self, seed: u64) {
        let case = || format!("seed {seed}: after {:?}", self.done);
        let values: Vec<Value> = self.members.iter().map(|member| member.value.clone()).collect();
        assert_eq!(self.subject.data(self.account, self.table, "/list").await, Some(json!(values)), "{}", case());
        for task in 0..TASKS {
            let record = self.record(task).await.filter(|mount| mount.state == MountState::Mounted);
            let expected = self.position_of(task).map(place);
            assert_eq!(record.map(|mount| mount.pointer), expected, "task {task}, {}", case());
        }
    }
}

fn place(index: usize) -> JsonPointer {
    at(&format!("/list/{index}"))
}
