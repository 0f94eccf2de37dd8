//! What projects use of language models.

use async_trait::async_trait;
use chrono::NaiveDate;
use millrace_domain::usage::{CountedDay, ModelDay, ModelName, Reservation, TokenUse};
use millrace_domain::{ProjectId, UserId};

use crate::Result;

/// Tokens and costs by project, day and model.
#[async_trait]
pub trait UsageRepository: Send + Sync + 'static {
    /// Sets tokens aside if the day then has at most `limit`; `None` when it would have more. Concurrent callers never
    /// exceed the limit together.
    ///
    /// # Errors
    /// `Conflict(Reference)` when there is no such project.
    async fn reserve(
        &self,
        project: ProjectId,
        day: NaiveDate,
        tokens: u64,
        limit: Option<u64>,
    ) -> Result<Option<Reservation>>;
    /// Puts what was used in the place of what was set aside, and adds it to the use of the model on that day. Nothing
    /// happens when the project is gone.
    async fn settle(&self, reservation: &Reservation, model: &ModelName, used: TokenUse) -> Result<()>;
    /// What one of the user's projects used of which model, from one day to another, both included; by day, provider and
    /// model. What was never used is left out.
    async fn by_model(&self, user: UserId, project: ProjectId, from: NaiveDate, to: NaiveDate)
    -> Result<Vec<ModelDay>>;
    /// What counts against the budget of one of the user's projects, from one day to another, both included; days
    /// without use are left out.
    async fn counted(
        &self,
        user: UserId,
        project: ProjectId,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<CountedDay>>;
}
