//! Rules and their versions.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use millrace_domain::rule::{PostprocessMode, Rule, RuleDefinition};
use millrace_domain::{RuleId, UserId};
use serde_json::Value;

use super::error::TxError;
use super::receipts;
use super::schema::{rule, rule_version};
use super::store::PgStore;
use crate::receipt::Receipt;
use crate::{Page, RepositoryError, Result, RuleRepository};

#[derive(Queryable, Selectable)]
#[diesel(table_name = rule, check_for_backend(diesel::pg::Pg))]
struct RuleRow {
    id: i64,
    user_id: Option<i64>,
    created_at: DateTime<Utc>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = rule_version, check_for_backend(diesel::pg::Pg))]
struct VersionRow {
    version: i32,
    name: String,
    description: String,
    mode: String,
    json_schema: Value,
    system_prompt: Option<String>,
    model: Option<String>,
    options: Value,
    created_at: DateTime<Utc>,
}

fn assemble(rule: RuleRow, version: VersionRow) -> Result<Rule> {
    let mode = PostprocessMode::from_text(&version.mode)
        .ok_or_else(|| RepositoryError::Corrupt(format!("rule mode '{}'", version.mode).into()))?;
    Ok(Rule {
        id: RuleId::new(rule.id)?,
        user_id: rule.user_id.map(UserId::new).transpose()?,
        version: version.version,
        definition: RuleDefinition {
            name: version.name,
            description: version.description,
            mode,
            json_schema: version.json_schema,
            system_prompt: version.system_prompt,
            model: version.model,
            options: version.options,
        },
        created_at: rule.created_at,
        updated_at: version.created_at,
    })
}

async fn insert_version(
    connection: &mut AsyncPgConnection,
    rule: i64,
    version: i32,
    definition: &RuleDefinition,
    now: DateTime<Utc>,
) -> QueryResult<VersionRow> {
    diesel::insert_into(rule_version::table)
        .values((
            rule_version::rule_id.eq(rule),
            rule_version::version.eq(version),
            rule_version::name.eq(&definition.name),
            rule_version::description.eq(&definition.description),
            rule_version::mode.eq(definition.mode.as_str()),
            rule_version::json_schema.eq(&definition.json_schema),
            rule_version::system_prompt.eq(definition.system_prompt.as_deref()),
            rule_version::model.eq(definition.model.as_deref()),
            rule_version::options.eq(&definition.options),
            rule_version::created_at.eq(now),
        ))
        .returning(VersionRow::as_returning())
        .get_result(connection)
        .await
}

/// Stores version 1 of a rule, inside a transaction.
async fn insert_rule(
    connection: &mut AsyncPgConnection,
    user: UserId,
    definition: &RuleDefinition,
    now: DateTime<Utc>,
) -> std::result::Result<Rule, TxError> {
    let row: RuleRow = diesel::insert_into(rule::table)
        .values((rule::user_id.eq(user.get()), rule::latest_version.eq(1), rule::created_at.eq(now)))
        .returning(RuleRow::as_returning())
        .get_result(connection)
        .await?;
    let version = insert_version(connection, row.id, 1, definition, now).await?;
    Ok(assemble(row, version)?)
}

#[async_trait]
impl RuleRepository for PgStore {
    async fn create(
        &self,
        user: UserId,
        definition: &RuleDefinition,
        now: DateTime<Utc>,
        receipt: Option<&Receipt<Rule>>,
    ) -> Result<Rule> {
        let mut connection = self.connection().await?;
        let created = connection
            .transaction(async |connection| -> std::result::Result<Rule, TxError> {
                let created = insert_rule(connection, user, definition, now).await?;
                receipts::record(connection, receipt, &created, now).await?;
                Ok(created)
            })
            .await?;
        Ok(created)
    }

    async fn create_many(
        &self,
        user: UserId,
        definitions: &[RuleDefinition],
        now: DateTime<Utc>,
        receipt: Option<&Receipt<[Rule]>>,
    ) -> Result<Vec<Rule>> {
        let mut connection = self.connection().await?;
        let created = connection
            .transaction(async |connection| -> std::result::Result<Vec<Rule>, TxError> {
                let mut created = Vec::with_capacity(definitions.len());
                for definition in definitions {
                    created.push(insert_rule(connection, user, definition, now).await?);
                }
                receipts::record(connection, receipt, created.as_slice(), now).await?;
                Ok(created)
            })
            .await?;
        Ok(created)
    }

    async fn get(&self, user: UserId, id: RuleId) -> Result<Option<Rule>> {
        let found: Option<(RuleRow, VersionRow)> = rule::table
            .inner_join(
                rule_version::table
                    .on(rule_version::rule_id.eq(rule::id).and(rule_version::version.eq(rule::latest_version))),
            )
            .filter(rule::id.eq(id.get()).and(rule::deleted_at.is_null()))
            .filter(rule::user_id.is_null().or(rule::user_id.eq(user.get())))
            .select((RuleRow::as_select(), VersionRow::as_select()))
            .first(&mut self.connection().await?)
            .await
            .optional()?;
        found.map(|(rule, version)| assemble(rule, version)).transpose()
    }

    async fn get_version(&self, id: RuleId, version: i32) -> Result<Option<Rule>> {
        let found: Option<(RuleRow, VersionRow)> = rule::table
            .inner_join(rule_version::table)
            .filter(rule::id.eq(id.get()).and(rule_version::version.eq(version)))
            .select((RuleRow::as_select(), VersionRow::as_select()))
            .first(&mut self.connection().await?)
            .await
            .optional()?;
        found.map(|(rule, version)| assemble(rule, version)).transpose()
    }

    async fn versions(&self, user: UserId, id: RuleId, page: Page<i32>) -> Result<Vec<Rule>> {
        let rows: Vec<(RuleRow, VersionRow)> = rule::table
            .inner_join(rule_version::table)
            .filter(rule::id.eq(id.get()).and(rule::deleted_at.is_null()))
            .filter(rule::user_id.is_null().or(rule::user_id.eq(user.get())))
            .filter(rule_version::version.lt(page.before.unwrap_or(i32::MAX)))
            .order(rule_version::version.desc())
            .limit(i64::try_from(page.limit).unwrap_or(i64::MAX))
            .select((RuleRow::as_select(), VersionRow::as_select()))
            .load(&mut self.connection().await?)
            .await?;
        rows.into_iter().map(|(rule, version)| assemble(rule, version)).collect()
    }

    async fn list(&self, user: UserId, page: Page<RuleId>) -> Result<Vec<Rule>> {
        let before = page.before.map_or(i64::MAX, RuleId::get);
        let rows: Vec<(RuleRow, VersionRow)> = rule::table
            .inner_join(
                rule_version::table
                    .on(rule_version::rule_id.eq(rule::id).and(rule_version::version.eq(rule::latest_version))),
            )
            .filter(rule::id.lt(before).and(rule::deleted_at.is_null()))
            .filter(rule::user_id.is_null().or(rule::user_id.eq(user.get())))
            .order(rule::id.desc())
            .limit(i64::try_from(page.limit).unwrap_or(i64::MAX))
            .select((RuleRow::as_select(), VersionRow::as_select()))
            .load(&mut self.connection().await?)
            .await?;
        rows.into_iter().map(|(rule, version)| assemble(rule, version)).collect()
    }

    async fn update(&self, user: UserId, id: RuleId, definition: &RuleDefinition, now: DateTime<Utc>) -> Result<Rule> {
        let mut connection = self.connection().await?;
        let updated = connection
            .transaction(async |connection| -> std::result::Result<Rule, TxError> {
                let bumped: Option<(RuleRow, i32)> = diesel::update(rule::table.find(id.get()))
                    .filter(rule::user_id.eq(user.get()).and(rule::deleted_at.is_null()))
                    .set(rule::latest_version.eq(rule::latest_version + 1))
                    .returning((RuleRow::as_returning(), rule::latest_version))
                    .get_result(connection)
                    .await
                    .optional()?;
                let (row, version) = bumped.ok_or(RepositoryError::NotFound("rule"))?;
                let version = insert_version(connection, row.id, version, definition, now).await?;
                Ok(assemble(row, version)?)
            })
            .await?;
        Ok(updated)
    }

    async fn delete(&self, user: UserId, id: RuleId, now: DateTime<Utc>) -> Result<()> {
        let removed = diesel::update(rule::table.find(id.get()))
            .filter(rule::user_id.eq(user.get()).and(rule::deleted_at.is_null()))
            .set(rule::deleted_at.eq(now))
            .execute(&mut self.connection().await?)
            .await?;
        if removed == 0 { Err(RepositoryError::NotFound("rule")) } else { Ok(()) }
    }
}
