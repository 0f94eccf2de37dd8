//! Tokens and costs by project and day.

use async_trait::async_trait;
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Double};
use diesel_async::RunQueryDsl;
use millrace_domain::usage::{DailyUse, Reservation, TokenUse};
use millrace_domain::{ProjectId, UserId};

use super::schema::{project, token_usage};
use super::store::PgStore;
use crate::{RepositoryError, Result, UsageRepository};

/// One statement, so that two callers cannot both take the last tokens.
const RESERVE: &str = "insert into token_usage (project_id, day, tokens, cost_usd)
    select $1, $2, $3, 0 where $3 <= $4
    on conflict (project_id, day) do update set tokens = token_usage.tokens + excluded.tokens
    where token_usage.tokens <= $4 - excluded.tokens";

/// The difference, never below nothing.
const SETTLE: &str = "update token_usage set tokens = greatest(0, tokens + $3), cost_usd = cost_usd + $4
    where project_id = $1 and day = $2";

#[async_trait]
impl UsageRepository for PgStore {
    async fn reserve(
        &self,
        project: ProjectId,
        day: NaiveDate,
        tokens: u64,
        limit: Option<u64>,
    ) -> Result<Option<Reservation>> {
        let changed = diesel::sql_query(RESERVE)
            .bind::<BigInt, _>(project.get())
            .bind::<Date, _>(day)
            .bind::<BigInt, _>(signed(tokens))
            .bind::<BigInt, _>(limit.map_or(i64::MAX, signed))
            .execute(&mut self.connection().await?)
            .await?;
        Ok((changed > 0).then_some(Reservation { project, day, tokens }))
    }

    async fn settle(&self, reservation: &Reservation, used: TokenUse) -> Result<()> {
        diesel::sql_query(SETTLE)
            .bind::<BigInt, _>(reservation.project.get())
            .bind::<Date, _>(reservation.day)
            .bind::<BigInt, _>(signed(used.tokens) - signed(reservation.tokens))
            .bind::<Double, _>(used.cost_usd.max(0.0))
            .execute(&mut self.connection().await?)
            .await?;
        Ok(())
    }

    async fn daily(&self, user: UserId, project: ProjectId, from: NaiveDate, to: NaiveDate) -> Result<Vec<DailyUse>> {
        let rows: Vec<(NaiveDate, i64, f64)> = token_usage::table
            .inner_join(project::table)
            .filter(project::user_id.eq(user.get()).and(token_usage::project_id.eq(project.get())))
            .filter(token_usage::day.between(from, to))
            .order(token_usage::day)
            .select((token_usage::day, token_usage::tokens, token_usage::cost_usd))
            .load(&mut self.connection().await?)
            .await?;
        let read = |(day, tokens, cost_usd)| {
            let tokens = u64::try_from(tokens).map_err(|error| RepositoryError::Corrupt(Box::new(error)))?;
            Ok(DailyUse { day, used: TokenUse { tokens, cost_usd } })
        };
        rows.into_iter().map(read).collect()
    }
}

/// A count as the database holds it; none comes near the end of the range.
fn signed(tokens: u64) -> i64 {
    i64::try_from(tokens).unwrap_or(i64::MAX)
}
