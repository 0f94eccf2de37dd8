//! Tokens and costs by project, day and model.

use async_trait::async_trait;
use chrono::NaiveDate;
use millrace_domain::usage::{CountedDay, ModelDay, ModelName, Reservation, TokenUse};
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
        let before = state.usage.get(&(project, day)).copied().unwrap_or_default();
        let after = before.saturating_add(tokens);
        if limit.is_some_and(|limit| after > limit) {
            return Ok(None);
        }
        state.usage.insert((project, day), after);
        Ok(Some(Reservation { project, day, tokens }))
    }

    async fn settle(&self, reservation: &Reservation, model: &ModelName, used: TokenUse) -> Result<()> {
        let mut state = self.lock();
        let (project, day) = (reservation.project, reservation.day);
        let Some(counted) = state.usage.get_mut(&(project, day)) else { return Ok(()) };
        *counted = counted.saturating_add(used.tokens()).saturating_sub(reservation.tokens);
        if used != TokenUse::default() {
            let used = TokenUse { cost_usd: used.cost_usd.max(0.0), ..used };
            state.model_usage.entry((project, day, model.clone())).or_default().add(&used);
        }
        Ok(())
    }

    async fn by_model(
        &self,
        user: UserId,
        project: ProjectId,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<ModelDay>> {
        let state = self.lock();
        if !state.owns_project(user, project) {
            return Ok(Vec::new());
        }
        // The map is in the order of the answer.
        let of_project =
            state.model_usage.iter().filter(|((owner, day, _), _)| *owner == project && (from..=to).contains(day));
        Ok(of_project
            .map(|((_, day, model), used)| ModelDay { day: *day, model: model.clone(), used: *used })
            .collect())
    }

    async fn counted(
        &self,
        user: UserId,
        project: ProjectId,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<CountedDay>> {
        let state = self.lock();
        if !state.owns_project(user, project) || from > to {
            return Ok(Vec::new());
        }
        let days = state.usage.range((project, from)..=(project, to));
        Ok(days.map(|((_, day), tokens)| CountedDay { day: *day, tokens: *tokens }).collect())
    }
}
