//! Rules and their versions.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use millrace_domain::rule::{Rule, RuleDefinition};
use millrace_domain::{RuleId, UserId};

use super::MemoryStore;
use super::state::State;
use crate::{Clash, Page, Receipt, RepositoryError, Result, RuleRepository};

/// All versions of one rule, the first one first; never empty.
#[derive(Debug)]
pub(super) struct RuleRow {
    pub versions: Vec<Rule>,
    pub deleted: bool,
}

impl RuleRow {
    fn latest_visible_to(&self, user: UserId) -> Option<&Rule> {
        let latest = self.versions.last().filter(|_| !self.deleted);
        latest.filter(|rule| rule.user_id.is_none_or(|owner| owner == user))
    }

    /// The version with this number, whoever owns the rule.
    pub(super) fn version(&self, number: i32) -> Option<&Rule> {
        self.versions.iter().find(|rule| rule.version == number)
    }
}

/// The row and its latest version, if the user may change it.
fn changeable(state: &mut State, user: UserId, id: RuleId) -> Result<(&mut RuleRow, Rule)> {
    let row = state.rules.get_mut(&id);
    let found = row.and_then(|row| {
        let latest = row.latest_visible_to(user).filter(|rule| rule.user_id == Some(user)).cloned();
        latest.map(|rule| (row, rule))
    });
    found.ok_or(RepositoryError::NotFound("rule"))
}

impl State {
    /// Version 1 of a rule, not stored yet.
    fn new_rule(&mut self, user: UserId, definition: &RuleDefinition, now: DateTime<Utc>) -> Result<Rule> {
        if !self.users.contains_key(&user) {
            return Err(RepositoryError::Conflict(Clash::Reference));
        }
        Ok(Rule {
            id: self.sequences.rules.next()?,
            user_id: Some(user),
            version: 1,
            definition: definition.clone(),
            created_at: now,
            updated_at: now,
        })
    }
}

#[async_trait]
impl RuleRepository for MemoryStore {
    async fn create(
        &self,
        user: UserId,
        definition: &RuleDefinition,
        now: DateTime<Utc>,
        receipt: Option<&Receipt<Rule>>,
    ) -> Result<Rule> {
        let mut state = self.lock();
        state.receipts.check(receipt, now)?;
        let rule = state.new_rule(user, definition, now)?;
        state.rules.insert(rule.id, RuleRow { versions: vec![rule.clone()], deleted: false });
        state.receipts.store(receipt, &rule);
        Ok(rule)
    }

    async fn create_many(
        &self,
        user: UserId,
        definitions: &[RuleDefinition],
        now: DateTime<Utc>,
        receipt: Option<&Receipt<[Rule]>>,
    ) -> Result<Vec<Rule>> {
        let mut state = self.lock();
        state.receipts.check(receipt, now)?;
        let rules = definitions.iter().map(|definition| state.new_rule(user, definition, now));
        let rules: Vec<Rule> = rules.collect::<Result<_>>()?;
        for rule in &rules {
            state.rules.insert(rule.id, RuleRow { versions: vec![rule.clone()], deleted: false });
        }
        state.receipts.store(receipt, &rules);
        Ok(rules)
    }

    async fn get(&self, user: UserId, id: RuleId) -> Result<Option<Rule>> {
        Ok(self.lock().rules.get(&id).and_then(|row| row.latest_visible_to(user)).cloned())
    }

    async fn get_version(&self, id: RuleId, version: i32) -> Result<Option<Rule>> {
        Ok(self.lock().rules.get(&id).and_then(|row| row.version(version)).cloned())
    }

    async fn versions(&self, user: UserId, id: RuleId, page: Page<i32>) -> Result<Vec<Rule>> {
        let state = self.lock();
        let row = state.rules.get(&id).filter(|row| row.latest_visible_to(user).is_some());
        let newest_first = row.into_iter().flat_map(|row| row.versions.iter().rev());
        let older = newest_first.filter(|rule| page.before.is_none_or(|before| rule.version < before));
        Ok(older.take(page.limit).cloned().collect())
    }

    async fn list(&self, user: UserId, page: Page<RuleId>) -> Result<Vec<Rule>> {
        let state = self.lock();
        let newest_first = state.rules.values().rev().filter_map(|row| row.latest_visible_to(user));
        let older = newest_first.filter(|rule| page.before.is_none_or(|before| rule.id < before));
        Ok(older.take(page.limit).cloned().collect())
    }

    async fn update(&self, user: UserId, id: RuleId, definition: &RuleDefinition, now: DateTime<Utc>) -> Result<Rule> {
        let mut state = self.lock();
        let (row, latest) = changeable(&mut state, user, id)?;
        let next = Rule { version: latest.version + 1, definition: definition.clone(), updated_at: now, ..latest };
        row.versions.push(next.clone());
        Ok(next)
    }

    async fn delete(&self, user: UserId, id: RuleId, _now: DateTime<Utc>) -> Result<()> {
        let mut state = self.lock();
        changeable(&mut state, user, id)?.0.deleted = true;
        Ok(())
    }
}
