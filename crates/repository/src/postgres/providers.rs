//! Providers of language models.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};
use millrace_domain::provider::ProviderDefinition;
use millrace_domain::stored_provider::{KeyChange, SealedSecret, StoredProvider};
use millrace_domain::{ProviderId, UserId};
use serde_json::Value;

use super::error::TxError;
use super::receipts;
use super::schema::model_provider;
use super::store::PgStore;
use crate::receipt::Receipt;
use crate::{Page, ProviderRepository, RepositoryError, Result};

#[derive(Queryable, Selectable)]
#[diesel(table_name = model_provider, check_for_backend(diesel::pg::Pg))]
struct ProviderRow {
    id: i64,
    user_id: i64,
    definition: Value,
    sealed_with: Option<String>,
    sealed_key: Option<Vec<u8>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<ProviderRow> for StoredProvider {
    type Error = RepositoryError;

    fn try_from(row: ProviderRow) -> Result<Self> {
        let corrupt = |error: serde_json::Error| RepositoryError::Corrupt(error.into());
        let sealed = row.sealed_with.zip(row.sealed_key);
        Ok(Self {
            id: ProviderId::new(row.id)?,
            user_id: UserId::new(row.user_id)?,
            definition: serde_json::from_value(row.definition).map_err(corrupt)?,
            api_key: sealed.map(|(key_id, bytes)| SealedSecret { key_id, bytes }),
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

fn json_of(definition: &ProviderDefinition) -> Result<Value> {
    serde_json::to_value(definition).map_err(|error| RepositoryError::Corrupt(error.into()))
}

#[async_trait]
impl ProviderRepository for PgStore {
    async fn create(
        &self,
        user: UserId,
        definition: &ProviderDefinition,
        api_key: Option<&SealedSecret>,
        now: DateTime<Utc>,
        receipt: Option<&Receipt<StoredProvider>>,
    ) -> Result<StoredProvider> {
        let json = json_of(definition)?;
        let mut connection = self.connection().await?;
        let created = connection
            .transaction(async |connection| -> std::result::Result<StoredProvider, TxError> {
                let row: ProviderRow = diesel::insert_into(model_provider::table)
                    .values((
                        model_provider::user_id.eq(user.get()),
                        model_provider::name.eq(&definition.name),
                        model_provider::definition.eq(json),
                        model_provider::sealed_with.eq(api_key.map(|sealed| sealed.key_id.as_str())),
                        model_provider::sealed_key.eq(api_key.map(|sealed| sealed.bytes.as_slice())),
                        model_provider::created_at.eq(now),
                        model_provider::updated_at.eq(now),
                    ))
                    .returning(ProviderRow::as_returning())
                    .get_result(connection)
                    .await?;
                let provider = StoredProvider::try_from(row)?;
                receipts::record(connection, receipt, &provider, now).await?;
                Ok(provider)
            })
            .await?;
        Ok(created)
    }

    async fn get(&self, user: UserId, id: ProviderId) -> Result<Option<StoredProvider>> {
        let row: Option<ProviderRow> = model_provider::table
            .find(id.get())
            .filter(model_provider::user_id.eq(user.get()))
            .select(ProviderRow::as_select())
            .first(&mut self.connection().await?)
            .await
            .optional()?;
        row.map(TryInto::try_into).transpose()
    }

    async fn find(&self, user: UserId, name: Option<&str>) -> Result<Option<StoredProvider>> {
        let mut query = model_provider::table
            .filter(model_provider::user_id.eq(user.get()))
            .order(model_provider::id.asc())
            .select(ProviderRow::as_select())
            .into_boxed();
        if let Some(name) = name {
            query = query.filter(model_provider::name.eq(name));
        }
        let row: Option<ProviderRow> = query.first(&mut self.connection().await?).await.optional()?;
        row.map(TryInto::try_into).transpose()
    }

    async fn list(&self, user: UserId, page: Page<ProviderId>) -> Result<Vec<StoredProvider>> {
        let before = page.before.map_or(i64::MAX, ProviderId::get);
        let rows: Vec<ProviderRow> = model_provider::table
            .filter(model_provider::user_id.eq(user.get()).and(model_provider::id.lt(before)))
            .order(model_provider::id.desc())
            .limit(i64::try_from(page.limit).unwrap_or(i64::MAX))
            .select(ProviderRow::as_select())
            .load(&mut self.connection().await?)
            .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    async fn update(
        &self,
        user: UserId,
        id: ProviderId,
        definition: &ProviderDefinition,
        api_key: &KeyChange,
        now: DateTime<Utc>,
    ) -> Result<StoredProvider> {
        let json = json_of(definition)?;
        // An absent change sets nothing; an inner `None` sets null.
        let (sealed_with, sealed_key) = match api_key {
            KeyChange::Keep => (None, None),
            KeyChange::Remove => (Some(None), Some(None)),
            KeyChange::Replace(sealed) => (Some(Some(sealed.key_id.as_str())), Some(Some(sealed.bytes.as_slice()))),
        };
        let row: Option<ProviderRow> = diesel::update(model_provider::table.find(id.get()))
            .filter(model_provider::user_id.eq(user.get()))
            .set((
                model_provider::name.eq(&definition.name),
                model_provider::definition.eq(json),
                sealed_with.map(|value| model_provider::sealed_with.eq(value)),
                sealed_key.map(|value| model_provider::sealed_key.eq(value)),
                model_provider::updated_at.eq(now),
            ))
            .returning(ProviderRow::as_returning())
            .get_result(&mut self.connection().await?)
            .await
            .optional()?;
        row.ok_or(RepositoryError::NotFound("provider"))?.try_into()
    }

    async fn delete(&self, user: UserId, id: ProviderId) -> Result<()> {
        let removed = diesel::delete(model_provider::table.find(id.get()))
            .filter(model_provider::user_id.eq(user.get()))
            .execute(&mut self.connection().await?)
            .await?;
        if removed == 0 { Err(RepositoryError::NotFound("provider")) } else { Ok(()) }
    }
}
