//! API keys.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};
use millrace_domain::api_key::ApiKey;
use millrace_domain::{ApiKeyId, UserId};

use super::error::TxError;
use super::receipts;
use super::schema::api_key;
use super::store::PgStore;
use crate::receipt::Receipt;
use crate::{ApiKeyRepository, NewApiKey, Page, RepositoryError, Result};

#[derive(Queryable, Selectable)]
#[diesel(table_name = api_key, check_for_backend(diesel::pg::Pg))]
struct ApiKeyRow {
    id: i64,
    user_id: i64,
    name: String,
    prefix: String,
    hash: Vec<u8>,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
}

impl TryFrom<ApiKeyRow> for ApiKey {
    type Error = RepositoryError;

    fn try_from(row: ApiKeyRow) -> Result<Self> {
        let ApiKeyRow { id, user_id, name, prefix, hash, created_at, expires_at, last_used_at, revoked_at } = row;
        Ok(Self {
            id: ApiKeyId::new(id)?,
            user_id: UserId::new(user_id)?,
            name,
            prefix,
            hash: hash.try_into().map_err(|_long| RepositoryError::Corrupt("hash length".into()))?,
            created_at,
            expires_at,
            last_used_at,
            revoked_at,
        })
    }
}

#[async_trait]
impl ApiKeyRepository for PgStore {
    async fn create(&self, new: &NewApiKey, now: DateTime<Utc>, receipt: Option<&Receipt<ApiKey>>) -> Result<ApiKey> {
        let mut connection = self.connection().await?;
        let created = connection
            .transaction(async |connection| -> std::result::Result<ApiKey, TxError> {
                let row: ApiKeyRow = diesel::insert_into(api_key::table)
                    .values((
                        api_key::user_id.eq(new.user_id.get()),
                        api_key::name.eq(&new.name),
                        api_key::prefix.eq(&new.prefix),
                        api_key::hash.eq(new.hash.as_slice()),
                        api_key::created_at.eq(now),
                        api_key::expires_at.eq(new.expires_at),
                    ))
                    .returning(ApiKeyRow::as_returning())
                    .get_result(connection)
                    .await?;
                let key = ApiKey::try_from(row)?;
                receipts::record(connection, receipt, &key, now).await?;
                Ok(key)
            })
            .await?;
        Ok(created)
    }

    async fn find_by_hash(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>> {
        let found: Option<ApiKeyRow> = api_key::table
            .filter(api_key::hash.eq(hash.as_slice()))
            .select(ApiKeyRow::as_select())
            .first(&mut self.connection().await?)
            .await
            .optional()?;
        found.map(TryInto::try_into).transpose()
    }

    async fn list(&self, user: UserId, page: Page<ApiKeyId>) -> Result<Vec<ApiKey>> {
        let before = page.before.map_or(i64::MAX, ApiKeyId::get);
        let rows: Vec<ApiKeyRow> = api_key::table
            .filter(api_key::user_id.eq(user.get()).and(api_key::id.lt(before)))
            .order(api_key::id.desc())
            .limit(i64::try_from(page.limit).unwrap_or(i64::MAX))
            .select(ApiKeyRow::as_select())
            .load(&mut self.connection().await?)
            .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    async fn any_valid(&self, now: DateTime<Utc>) -> Result<bool> {
        let valid = api_key::table
            .filter(api_key::revoked_at.is_null())
            .filter(api_key::expires_at.is_null().or(api_key::expires_at.gt(now)));
        Ok(diesel::select(exists(valid)).get_result(&mut self.connection().await?).await?)
    }

    async fn revoke(&self, user: UserId, id: ApiKeyId, now: DateTime<Utc>) -> Result<ApiKey> {
        let mut connection = self.connection().await?;
        diesel::update(api_key::table.find(id.get()))
            .filter(api_key::user_id.eq(user.get()).and(api_key::revoked_at.is_null()))
            .set(api_key::revoked_at.eq(now))
            .execute(&mut connection)
            .await?;
        let row: Option<ApiKeyRow> = api_key::table
            .find(id.get())
            .filter(api_key::user_id.eq(user.get()))
            .select(ApiKeyRow::as_select())
            .first(&mut connection)
            .await
            .optional()?;
        row.ok_or(RepositoryError::NotFound("api key"))?.try_into()
    }

    async fn touch(&self, id: ApiKeyId, now: DateTime<Utc>) -> Result<()> {
        diesel::update(api_key::table.find(id.get()))
            .set(api_key::last_used_at.eq(now))
            .execute(&mut self.connection().await?)
            .await?;
        Ok(())
    }
}
