//! Tokens and costs by project, day and model.

use async_trait::async_trait;
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Double, Text};
use diesel_async::RunQueryDsl;
use millrace_domain::usage::{CountedDay, ModelDay, ModelName, Reservation, TokenUse};
use millrace_domain::{ProjectId, UserId};

use super::schema::{model_usage, project, token_usage};
use super::store::PgStore;
use crate::{RepositoryError, Result, UsageRepository};

/// One statement, so that two callers cannot both take the last tokens.
const RESERVE: &str = "insert into token_usage (project_id, day, tokens, cost_usd)
    select $1, $2, $3, 0 where $3 <= $4
    on conflict (project_id, day) do update set tokens = token_usage.tokens + excluded.tokens
    where token_usage.tokens <= $4 - excluded.tokens";

/// The difference, never below nothing; and what was used of the model, where the project is still there.
const SETTLE: &str = "with settled as (
        update token_usage set tokens = greatest(0, tokens + $3) where project_id = $1 and day = $2 returning 1)
    insert into model_usage as known
        (project_id, day, provider, model, requests, input_tokens, output_tokens, cost_usd)
    select $1, $2, $4, $5, $6, $7, $8, $9 from settled where $6 + $7 + $8 > 0
    on conflict (project_id, day, provider, model) do update set
        requests = known.requests + excluded.requests,
        input_tokens = known.input_tokens + excluded.input_tokens,
        output_tokens = known.output_tokens + excluded.output_tokens,
        cost_usd = known.cost_usd + excluded.cost_usd";

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

    async fn settle(&self, reservation: &Reservation, model: &ModelName, used: TokenUse) -> Result<()> {
        diesel::sql_query(SETTLE)
            .bind::<BigInt, _>(reservation.project.get())
            .bind::<Date, _>(reservation.day)
            .bind::<BigInt, _>(signed(used.tokens()) - signed(reservation.tokens))
            .bind::<Text, _>(&model.provider)
            .bind::<Text, _>(&model.model)
            .bind::<BigInt, _>(signed(used.requests))
            .bind::<BigInt, _>(signed(used.input_tokens))
            .bind::<BigInt, _>(signed(used.output_tokens))
            .bind::<Double, _>(used.cost_usd.max(0.0))
            .execute(&mut self.connection().await?)
            .await?;
        Ok(())
    }

    async fn by_model(
        &self,
        user: UserId,
        project: ProjectId,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<ModelDay>> {
        let rows: Vec<ModelUsageRow> = model_usage::table
            .inner_join(project::table)
            .filter(project::user_id.eq(user.get()).and(model_usage::project_id.eq(project.get())))
            .filter(model_usage::day.between(from, to))
            .select(ModelUsageRow::as_select())
            .load(&mut self.connection().await?)
            .await?;
        let mut days = rows.into_iter().map(ModelDay::try_from).collect::<Result<Vec<_>>>()?;
        // Here, so that no collation of the database decides.
        days.sort_by(|one, other| (one.day, &one.model).cmp(&(other.day, &other.model)));
        Ok(days)
    }

    async fn counted(
        &self,
        user: UserId,
        project: ProjectId,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<CountedDay>> {
        let rows: Vec<(NaiveDate, i64)> = token_usage::table
            .inner_join(project::table)
            .filter(project::user_id.eq(user.get()).and(token_usage::project_id.eq(project.get())))
            .filter(token_usage::day.between(from, to))
            .order(token_usage::day)
            .select((token_usage::day, token_usage::tokens))
            .load(&mut self.connection().await?)
            .await?;
        rows.into_iter().map(|(day, tokens)| Ok(CountedDay { day, tokens: unsigned(tokens)? })).collect()
    }
}

/// A row of `model_usage`.
#[derive(Queryable, Selectable)]
#[diesel(table_name = model_usage, check_for_backend(diesel::pg::Pg))]
struct ModelUsageRow {
    day: NaiveDate,
    provider: String,
    model: String,
    requests: i64,
    input_tokens: i64,
    output_tokens: i64,
    cost_usd: f64,
}

impl TryFrom<ModelUsageRow> for ModelDay {
    type Error = RepositoryError;

    fn try_from(row: ModelUsageRow) -> Result<Self> {
        let used = TokenUse {
            requests: unsigned(row.requests)?,
            input_tokens: unsigned(row.input_tokens)?,
            output_tokens: unsigned(row.output_tokens)?,
            cost_usd: row.cost_usd,
        };
        Ok(Self { day: row.day, model: ModelName { provider: row.provider, model: row.model }, used })
    }
}

fn unsigned(count: i64) -> Result<u64> {
    u64::try_from(count).map_err(|error| RepositoryError::Corrupt(Box::new(error)))
}

/// A count as the database holds it; none comes near the end of the range.
fn signed(tokens: u64) -> i64 {
    i64::try_from(tokens).unwrap_or(i64::MAX)
}
