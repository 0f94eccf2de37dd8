//! What a behaviour runs on, and the rows it needs before it can begin.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use millrace_domain::json_table::{JsonTable, JsonTableDefinition};
use millrace_domain::parse_options::{PageRanges, ParseOptions};
use millrace_domain::project::ProjectDefinition;
use millrace_domain::submission::{NewTask, Submission};
use millrace_domain::task::{Owner, SourceFile, TaskSpec};
use millrace_domain::upload::Upload;
use millrace_domain::{ProjectId, Stage, Task, TaskId, TaskKind, UserId, object_key};
use serde_json::Value;

use crate::testing::faulty::FakeClock;
use crate::{Admission, AdmissionOutcome, Receipt, ReceiptKey, StoredResponse, Stores};

/// Stores to be tested, with what keeps them alive.
pub struct Fixture {
    stores: Stores,
    clock: FakeClock,
    _keep: Box<dyn Any + Send + Sync>,
}

impl Fixture {
    /// Stores that live on `clock` where they need one. `keep` is dropped after the behaviour, for instance a guard
    /// that removes a database.
    pub fn new(stores: Stores, clock: FakeClock, keep: impl Any + Send + Sync) -> Self {
        Self { stores, clock, _keep: Box::new(keep) }
    }

    /// What a behaviour gets.
    pub fn subject(&self) -> Subject<'_> {
        Subject { stores: &self.stores, clock: &self.clock }
    }
}

/// What a behaviour gets.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The stores.
    pub stores: &'a Stores,
    /// The time that callers pass in.
    pub clock: &'a FakeClock,
}

/// Somebody with a project. Every behaviour makes its own, so that what else is stored does not matter.
#[derive(Debug, Clone, Copy)]
pub struct Account {
    /// The user.
    pub user: UserId,
    /// A project of the user.
    pub project: ProjectId,
}

/// A text that nobody else uses.
pub fn unique(prefix: &str) -> String {
    format!("{prefix}-{:032x}", rand::random::<u128>())
}

impl Subject<'_> {
    /// The present. Moves on by a second at every call, so that later rows are later.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.advance(Duration::from_secs(1));
        self.clock.now()
    }

    /// A new user with a project.
    pub async fn account(&self) -> Account {
        let user = self.stores.users.ensure("test", &unique("subject"), self.now()).await.expect("a user");
        Account { user: user.id, project: self.project(user.id).await }
    }

    /// One more project of a user.
    pub async fn project(&self, user: UserId) -> ProjectId {
        let definition = ProjectDefinition { name: "p".into(), description: String::new() };
        self.stores.projects.create(user, &definition, self.now(), None).await.expect("a project").id
    }

    /// A registered node with a long lease.
    pub async fn node(&self) -> Owner {
        self.node_named(&unique("node")).await
    }

    /// The next incarnation of a node.
    pub async fn node_named(&self, name: &str) -> Owner {
        self.stores.nodes.register(name, Duration::from_secs(3600)).await.expect("a node")
    }

    /// A node whose lease is over already.
    pub async fn dead_node(&self) -> Owner {
        let owner = self.node().await;
        self.stores.nodes.release(owner).await.expect("released");
        owner
    }

    /// Makes uploads that are not stored yet.
    pub async fn new_uploads(&self, account: Account, count: usize) -> Vec<Upload> {
        let now = self.now();
        let ids = self.stores.uploads.next_ids(count).await.expect("upload ids");
        let upload = |id| Upload {
            id,
            user_id: account.user,
            project_id: account.project,
            key: object_key::upload_key(account.user, account.project, id, "a.txt"),
            sha256: "ab".repeat(32),
            size: 3,
            media_type: "text/plain".into(),
            filename: "a.txt".into(),
            path: Some("folder/a.txt".into()),
            created_at: now,
        };
        ids.into_iter().map(upload).collect()
    }

    /// Makes document tasks that are not stored yet.
    pub async fn new_tasks(&self, account: Account, count: usize) -> Vec<NewTask> {
        let ids = self.stores.tasks.next_ids(count).await.expect("task ids");
        let task = |id: TaskId| NewTask {
            id,
            user_id: account.user,
            project_id: account.project,
            kind: TaskKind::Document,
            priority: 0,
            filename: "a.txt".into(),
            rule: None,
            upload_id: None,
            spec: Arc::new(TaskSpec::default()),
            run_at: None,
            born_failed: None,
        };
        ids.into_iter().map(task).collect()
    }

    /// Stores one admission of these tasks.
    pub async fn insert(&self, owner: Option<Owner>, tasks: Vec<NewTask>) -> Vec<Arc<Task>> {
        let admission = admission(tasks);
        let outcomes = self.stores.tasks.insert_many(owner, &[admission], self.now()).await.expect("stored");
        match outcomes.into_iter().next() {
            Some(AdmissionOutcome::Stored(tasks)) => tasks,
            other => panic!("not stored: {other:?}"),
        }
    }

    /// One stored, pending document task.
    pub async fn task(&self, account: Account, owner: Owner) -> Arc<Task> {
        let tasks = self.new_tasks(account, 1).await;
        self.insert(Some(owner), tasks).await.remove(0)
    }

    /// A task as it is stored now.
    pub async fn stored(&self, task: &Task) -> Arc<Task> {
        self.stores.tasks.get(task.user_id, task.id).await.expect("read").expect("the task is there")
    }

    /// A table with this data.
    pub async fn table(&self, account: Account, data: Option<Value>) -> JsonTable {
        let definition = JsonTableDefinition { name: "t".into(), description: "d".into() };
        let created =
            self.stores.tables.create(account.user, account.project, &definition, data.as_ref(), self.now(), None);
        created.await.expect("a table")
    }

    /// A receipt that answers 201 with a body that nobody else has.
    pub fn receipt<T: ?Sized>(&self, account: Account) -> Receipt<T> {
        let body = unique("body");
        Receipt {
            key: ReceiptKey {
                user_id: account.user,
                operation: "POST /things".into(),
                key: unique("key"),
                fingerprint: [7; 32],
                expires_at: self.clock.now() + TimeDelta::hours(24),
            },
            render: Box::new(move |_| StoredResponse {
                status: 201,
                body: body.clone(),
                location: Some("/things/1".into()),
            }),
        }
    }

    /// The body that is stored under a receipt's key.
    pub async fn receipt_body(&self, key: &ReceiptKey) -> Option<String> {
        let found = self.stores.idempotency.find(key.user_id, &key.operation, &key.key, self.clock.now());
        found.await.expect("read").map(|stored| stored.response.body)
    }
}

/// An admission without uploads and receipt.
pub fn admission(tasks: Vec<NewTask>) -> Admission {
    Admission { submission: Submission { uploads: Vec::new(), tasks }, receipt: None }
}

/// A spec with everything in it.
pub fn full_spec() -> TaskSpec {
    let source = SourceFile {
        key: "users/1/raw/1/1.txt".into(),
        sha256: "cd".repeat(32),
        size: 9,
        media_type: "text/plain".into(),
    };
    let pages = PageRanges::parse("1-3").expect("pages");
    let parse = ParseOptions { pages: Some(pages), ..ParseOptions::default() };
    TaskSpec { source: Some(source), path: Some("d/a.txt".into()), start_stage: Some(Stage::Parse), parse, mount: None }
}
