//! What a submission refers to: does it exist, and is it the caller's?
//!
//! Answers are remembered for a moment, since a folder of thousands of files asks the same thing thousands of times.
//! The foreign keys of the database stand behind it: what was removed on another node meanwhile ends in a conflict.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use millrace_domain::ports::Clock;
use millrace_domain::rule::{BUILTIN_RULE_ID, Rule};
use millrace_domain::{Fault, ProjectId, RuleId, TableId, UserId};
use millrace_repository::Stores;
use parking_lot::RwLock;

/// How long an answer is believed. Changes through this node act at once.
const TRUST: TimeDelta = TimeDelta::seconds(2);
/// Most answers remembered of each kind; above it, all are forgotten.
const CAPACITY: usize = 10_000;

/// Remembered answers, positive ones only.
struct Remembered<K, V>(RwLock<HashMap<K, (V, DateTime<Utc>)>>);

impl<K: std::hash::Hash + Eq, V: Clone> Remembered<K, V> {
    fn new() -> Self {
        Self(RwLock::default())
    }

    fn get(&self, key: &K, now: DateTime<Utc>) -> Option<V> {
        self.0.read().get(key).filter(|(_, until)| now < *until).map(|(value, _)| value.clone())
    }

    fn put(&self, key: K, value: V, now: DateTime<Utc>) {
        let mut entries = self.0.write();
        if entries.len() >= CAPACITY {
            entries.clear();
        }
        entries.insert(key, (value, now + TRUST));
    }

    fn forget(&self, key: &K) {
        self.0.write().remove(key);
    }
}

/// See the module.
pub struct Lookups {
    stores: Stores,
    clock: Arc<dyn Clock>,
    projects: Remembered<(UserId, ProjectId), ()>,
    tables: Remembered<(UserId, TableId), ProjectId>,
    rules: Remembered<(UserId, RuleId), Arc<Rule>>,
}

impl Lookups {
    pub fn new(stores: Stores, clock: Arc<dyn Clock>) -> Self {
        Self { stores, clock, projects: Remembered::new(), tables: Remembered::new(), rules: Remembered::new() }
    }

    /// Whether the user has the project.
    ///
    /// # Errors
    /// `project_not_found` at `/project_id`.
    pub async fn project(&self, user: UserId, id: ProjectId) -> Result<(), Fault> {
        let now = self.clock.now();
        if self.projects.get(&(user, id), now).is_some() {
            return Ok(());
        }
        match self.stores.projects.get(user, id).await? {
            Some(_) => self.projects.put((user, id), (), now),
            None => return Err(Fault::not_found("project_not_found", "no such project").at("/project_id")),
        }
        Ok(())
    }

    /// Whether the user has the table, in this project.
    ///
    /// # Errors
    /// `table_not_found` or `table_in_other_project` at `/table_id`.
    pub async fn table(&self, user: UserId, project: ProjectId, id: TableId) -> Result<(), Fault> {
        let now = self.clock.now();
        let home = match self.tables.get(&(user, id), now) {
            Some(home) => home,
            None => {
                let table = self.stores.tables.get(user, id).await?;
                let table =
                    table.ok_or_else(|| Fault::not_found("table_not_found", "no such table").at("/table_id"))?;
                self.tables.put((user, id), table.project_id, now);
                table.project_id
            }
        };
        if home == project {
            return Ok(());
        }
        Err(Fault::conflict("table_in_other_project", "the table belongs to another project").at("/table_id"))
    }

    /// The rule to run with, the built-in one by default.
    ///
    /// # Errors
    /// `rule_not_found` at `/rule_id`.
    pub async fn rule(&self, user: UserId, id: Option<RuleId>) -> Result<Arc<Rule>, Fault> {
        let id = match id {
            Some(id) => id,
            None => RuleId::new(BUILTIN_RULE_ID).map_err(Fault::internal)?,
        };
        let now = self.clock.now();
        if let Some(rule) = self.rules.get(&(user, id), now) {
            return Ok(rule);
        }
        let rule = self.stores.rules.get(user, id).await?;
        let rule = Arc::new(rule.ok_or_else(|| Fault::not_found("rule_not_found", "no such rule").at("/rule_id"))?);
        self.rules.put((user, id), Arc::clone(&rule), now);
        Ok(rule)
    }

    /// A project was removed.
    pub fn forget_project(&self, user: UserId, id: ProjectId) {
        self.projects.forget(&(user, id));
    }

    /// A table was removed.
    pub fn forget_table(&self, user: UserId, id: TableId) {
        self.tables.forget(&(user, id));
    }

    /// A rule was changed or removed.
    pub fn forget_rule(&self, user: UserId, id: RuleId) {
        self.rules.forget(&(user, id));
    }
}
