//! Tokens and costs by project and day.

use async_trait::async_trait;
use chrono::NaiveDate;
use millrace_domain::usage::{DailyUse, Reservation, TokenUse};
use millrace_domain::{ProjectId, UserId};

use super::MemoryStore;
use crate::{Clash, RepositoryError, Result, UsageRepository};

#[async_trait]
impl UsageRepository for MemoryStore {
    async fn reserve(
        &self,
        project: ProjectId,
        day: NaiveDate,
        tokens: u64,
        limit: Option<u64>,
    ) -> Result<Option<Reservation>> {
        let mut state = self.lock();
        if !state.projects.contains_key(&project) {
            return Err(RepositoryError::Conflict(Clash::Reference));
        }
        let before = state.usage.get(&(project, day)).map_or(0, |used| used.tokens);
        let after = before.saturating_add(tokens);
        if limit.is_some_and(|limit| after > limit) {
            return Ok(None);
        }
        state.usage.entry((project, day)).or_default().tokens = after;
        Ok(Some(Reservation { project, day, tokens }))
    }

    async fn settle(&self, reservation: &Reservation, used: TokenUse) -> Result<()> {
        let mut state = self.lock();
        if let Some(usage) = state.usage.get_mut(&(reservation.project, reservation.day)) {
            usage.tokens = usage.tokens.saturating_add(used.tokens).saturating_sub(reservation.tokens);
            usage.cost_usd += used.cost_usd.max(0.0);
        }
        Ok(())
    }

    async fn daily(&self, user: UserId, project: ProjectId, from: NaiveDate, to: NaiveDate) -> Result<Vec<DailyUse>> {
        let state = self.lock();
        if !state.owns_project(user, project) || from > to {
            return Ok(Vec::new());
        }
        let days = state.usage.range((project, from)..=(project, to));
        Ok(days.map(|((_, day), used)| DailyUse { day: *day, used: *used }).collect())
    }
}
