//! The budget of model tokens that every project has for a day (UTC), counted in the store.

use std::sync::Arc;

use async_trait::async_trait;
use millrace_domain::ports::{Clock, TokenBudget};
use millrace_domain::usage::{ModelName, Reservation, TokenUse};
use millrace_domain::{ErrorKind, Fault, ProjectId};

use crate::UsageRepository;

/// So many tokens a day for each project. All nodes on one store share the count.
pub struct DailyTokenBudget {
    usage: Arc<dyn UsageRepository>,
    clock: Arc<dyn Clock>,
    limit: Option<u64>,
}

impl DailyTokenBudget {
    /// A budget of `limit` tokens a day; `None` only counts.
    pub fn new(usage: Arc<dyn UsageRepository>, clock: Arc<dyn Clock>, limit: Option<u64>) -> Self {
        Self { usage, clock, limit }
    }
}

#[async_trait]
impl TokenBudget for DailyTokenBudget {
    async fn reserve(&self, project: ProjectId, tokens: u64) -> Result<Reservation, Fault> {
        let day = self.clock.now().date_naive();
        match self.usage.reserve(project, day, tokens, self.limit).await? {
            Some(reservation) => Ok(reservation),
            None => {
                let limit = self.limit.unwrap_or_default();
                Err(Fault::new(
                    ErrorKind::TooMany,
                    "token_budget_exceeded",
                    format!("the project may use {limit} model tokens a day; another {tokens} would be more"),
                ))
            }
        }
    }

    async fn settle(&self, reservation: Reservation, model: &ModelName, used: TokenUse) -> Result<(), Fault> {
        Ok(self.usage.settle(&reservation, model, used).await?)
    }
}
