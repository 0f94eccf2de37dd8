//! Everything the memory store holds, and its sequences.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use millrace_domain::api_key::ApiKey;
use millrace_domain::artifact::{Artifact, ParseKey};
use millrace_domain::event::Event;
use millrace_domain::project::Project;
use millrace_domain::rule::{BUILTIN_RULE_ID, Rule, RuleDefinition};
use millrace_domain::stored_provider::StoredProvider;
use millrace_domain::upload::Upload;
use millrace_domain::usage::{ModelName, TokenUse};
use millrace_domain::user::User;
use millrace_domain::{
    ApiKeyId, EventId, InvalidId, JsonPointer, MountId, NodeId, ProjectId, ProviderId, RuleId, TableId, Task, TaskId,
    UploadId, UserId,
};

use super::mounts::MountRow;
use super::nodes::NodeRow;
use super::receipts::Receipts;
use super::rules::RuleRow;
use super::tables::TableRow;
use crate::{RepositoryError, Result};

/// Ids of rules that users make start here; those below are built in.
const FIRST_RULE_ID: i64 = 1000;

/// A rising sequence of ids.
#[derive(Debug)]
pub(super) struct Sequence {
    last: i64,
}

impl Sequence {
    fn starting_at(first: i64) -> Self {
        Self { last: first - 1 }
    }

    /// The next id. Like a database's sequence, it does not go back when the work around it fails.
    pub(super) fn next<Id: TryFrom<i64, Error = InvalidId>>(&mut self) -> Result<Id> {
        self.last += 1;
        Id::try_from(self.last).map_err(|error| RepositoryError::Corrupt(Box::new(error)))
    }

    /// The next ids, rising.
    pub(super) fn take<Id: TryFrom<i64, Error = InvalidId>>(&mut self, count: usize) -> Result<Vec<Id>> {
        (0..count).map(|_| self.next()).collect()
    }
}

/// One sequence per kind of id.
#[derive(Debug)]
pub(super) struct Sequences {
    pub users: Sequence,
    pub api_keys: Sequence,
    pub projects: Sequence,
    pub providers: Sequence,
    pub rules: Sequence,
    pub uploads: Sequence,
    pub artifacts: Sequence,
    pub tasks: Sequence,
    pub tables: Sequence,
    pub mounts: Sequence,
    pub events: Sequence,
    pub nodes: Sequence,
}

/// A task and what only the store knows of it.
#[derive(Debug, Clone)]
pub(super) struct TaskRow {
    pub task: Arc<Task>,
    /// The start of the present attempt was recorded: if its process dies now, the task may be what killed it.
    pub start_recorded: bool,
}

/// The whole store.
pub(super) struct State {
    pub sequences: Sequences,
    pub users: BTreeMap<UserId, User>,
    pub users_by_subject: HashMap<(String, String), UserId>,
    pub api_keys: BTreeMap<ApiKeyId, ApiKey>,
    pub api_keys_by_hash: HashMap<[u8; 32], ApiKeyId>,
    pub receipts: Receipts,
    pub projects: BTreeMap<ProjectId, Project>,
    pub providers: BTreeMap<ProviderId, StoredProvider>,
    pub rules: BTreeMap<RuleId, RuleRow>,
    pub uploads: BTreeMap<UploadId, Upload>,
    pub uploads_by_key: HashMap<String, UploadId>,
    /// At most one of each kind per task.
    pub artifacts: BTreeMap<TaskId, Vec<Artifact>>,
    /// The tasks whose parsed document has a key.
    pub parses: HashMap<(UserId, ParseKey), BTreeSet<TaskId>>,
    pub tasks: BTreeMap<TaskId, TaskRow>,
    pub tasks_by_user: BTreeMap<UserId, BTreeSet<TaskId>>,
    /// Tasks that have not ended: the only ones a recovery looks at.
    pub open_tasks: BTreeSet<TaskId>,
    pub tables: BTreeMap<TableId, TableRow>,
    pub mounts: BTreeMap<MountId, MountRow>,
    /// A task has at most one mount per table and container.
    pub mounts_by_task: BTreeMap<TaskId, BTreeMap<(TableId, JsonPointer), MountId>>,
    pub events: BTreeMap<EventId, Event>,
    pub nodes: BTreeMap<NodeId, NodeRow>,
    /// Tokens that count against the budget of a day.
    pub usage: BTreeMap<(ProjectId, NaiveDate), u64>,
    /// What was used of each model.
    pub model_usage: BTreeMap<(ProjectId, NaiveDate, ModelName), TokenUse>,
}

impl State {
    pub(super) fn new(now: DateTime<Utc>) -> Self {
        let from_one = || Sequence::starting_at(1);
        Self {
            sequences: Sequences {
                users: from_one(),
                api_keys: from_one(),
                projects: from_one(),
                providers: from_one(),
                rules: Sequence::starting_at(FIRST_RULE_ID),
                uploads: from_one(),
                artifacts: from_one(),
                tasks: from_one(),
                tables: from_one(),
                mounts: from_one(),
                events: from_one(),
                nodes: from_one(),
            },
            users: BTreeMap::new(),
            users_by_subject: HashMap::new(),
            api_keys: BTreeMap::new(),
            api_keys_by_hash: HashMap::new(),
            receipts: Receipts::default(),
            projects: BTreeMap::new(),
            providers: BTreeMap::new(),
            rules: builtin_rules(now),
            uploads: BTreeMap::new(),
            uploads_by_key: HashMap::new(),
            artifacts: BTreeMap::new(),
            parses: HashMap::new(),
            tasks: BTreeMap::new(),
            tasks_by_user: BTreeMap::new(),
            open_tasks: BTreeSet::new(),
            tables: BTreeMap::new(),
            mounts: BTreeMap::new(),
            mounts_by_task: BTreeMap::new(),
            events: BTreeMap::new(),
            nodes: BTreeMap::new(),
            usage: BTreeMap::new(),
            model_usage: BTreeMap::new(),
        }
    }

    /// Whether the project exists and belongs to the user.
    pub(super) fn owns_project(&self, user: UserId, project: ProjectId) -> bool {
        self.projects.get(&project).is_some_and(|row| row.user_id == user)
    }

    /// Stores a task's new value and keeps the indexes true.
    pub(super) fn put_task(&mut self, row: TaskRow) {
        let (id, user) = (row.task.id, row.task.user_id);
        if row.task.state.is_terminal() {
            self.open_tasks.remove(&id);
        } else {
            self.open_tasks.insert(id);
        }
        self.tasks_by_user.entry(user).or_default().insert(id);
        self.tasks.insert(id, row);
    }

    /// A task that belongs to the user.
    pub(super) fn task_of(&self, user: UserId, id: TaskId) -> Result<&TaskRow> {
        self.tasks.get(&id).filter(|row| row.task.user_id == user).ok_or(RepositoryError::NotFound("task"))
    }
}

fn builtin_rules(now: DateTime<Utc>) -> BTreeMap<RuleId, RuleRow> {
    let rule = RuleId::new(BUILTIN_RULE_ID).map(|id| Rule {
        id,
        user_id: None,
        version: 1,
        definition: RuleDefinition::builtin(),
        created_at: now,
        updated_at: now,
    });
    rule.into_iter().map(|rule| (rule.id, RuleRow { versions: vec![rule], deleted: false })).collect()
}
