//! Rules and their versions.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use millrace_domain::rule::{Rule, RuleDefinition};
use millrace_domain::{RuleId, UserId};

use crate::receipt::Receipt;
use crate::{Page, Result};

/// Rules. The built-in rule belongs to nobody, is visible to everybody and cannot be changed.
#[async_trait]
pub trait RuleRepository: Send + Sync + 'static {
    /// Stores version 1 of a rule.
    async fn create(
        &self,
        user: UserId,
        definition: &RuleDefinition,
        now: DateTime<Utc>,
        receipt: Option<&Receipt<Rule>>,
    ) -> Result<Rule>;
    /// Stores version 1 of several rules, all or none; they come back in order.
    async fn create_many(
        &self,
        user: UserId,
        definitions: &[RuleDefinition],
        now: DateTime<Utc>,
        receipt: Option<&Receipt<[Rule]>>,
    ) -> Result<Vec<Rule>>;
    /// The latest version of a rule that the user sees.
    async fn get(&self, user: UserId, id: RuleId) -> Result<Option<Rule>>;
    /// One version of a rule, whoever owns it and even if deleted: tasks keep the version they ran with.
    async fn get_version(&self, id: RuleId, version: i32) -> Result<Option<Rule>>;
    /// The versions of a rule that the user sees, newest first; none when there is no such rule.
    async fn versions(&self, user: UserId, id: RuleId, page: Page<i32>) -> Result<Vec<Rule>>;
    /// The latest versions of the rules that the user sees, the built-in one included.
    async fn list(&self, user: UserId, page: Page<RuleId>) -> Result<Vec<Rule>>;
    /// Stores the next version.
    ///
    /// # Errors
    /// `NotFound("rule")`, also for the built-in rule.
    async fn update(&self, user: UserId, id: RuleId, definition: &RuleDefinition, now: DateTime<Utc>) -> Result<Rule>;
    /// Hides a rule from `get` and `list`; its versions stay for the tasks that ran with them.
    ///
    /// # Errors
    /// `NotFound("rule")`, also for the built-in rule.
    async fn delete(&self, user: UserId, id: RuleId, now: DateTime<Utc>) -> Result<()>;
}
