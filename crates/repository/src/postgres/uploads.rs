//! Uploads.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use millrace_domain::object_key::{KeyOwner, owner_of};
use millrace_domain::upload::Upload;
use millrace_domain::{ProjectId, UploadId, UserId};

use super::error::TxError;
use super::fixed::fixed_query;
use super::receipts;
use super::schema::upload;
use super::store::PgStore;
use crate::receipt::Receipt;
use crate::{RepositoryError, Result, UploadRepository};

#[derive(Queryable, Selectable)]
#[diesel(table_name = upload, check_for_backend(diesel::pg::Pg))]
struct UploadRow {
    id: i64,
    user_id: i64,
    project_id: i64,
    key: String,
    sha256: String,
    size: i64,
    media_type: String,
    filename: String,
    path: Option<String>,
    created_at: DateTime<Utc>,
}

impl TryFrom<UploadRow> for Upload {
    type Error = RepositoryError;

    fn try_from(row: UploadRow) -> Result<Self> {
        Ok(Self {
            id: UploadId::new(row.id)?,
            user_id: UserId::new(row.user_id)?,
            project_id: ProjectId::new(row.project_id)?,
            key: row.key,
            sha256: row.sha256,
            size: u64::try_from(row.size).unwrap_or(0),
            media_type: row.media_type,
            filename: row.filename,
            path: row.path,
            created_at: row.created_at,
        })
    }
}

fixed_query! {
    /// Stores uploads.
    struct InsertUploads {
        ids: Array<BigInt> => Vec<i64>,
        users: Array<BigInt> => Vec<i64>,
        projects: Array<BigInt> => Vec<i64>,
        keys: Array<Text> => Vec<String>,
        hashes: Array<Text> => Vec<String>,
        sizes: Array<BigInt> => Vec<i64>,
        types: Array<Text> => Vec<String>,
        names: Array<Text> => Vec<String>,
        paths: Array<Nullable<Text>> => Vec<Option<String>>,
        times: Array<Timestamptz> => Vec<DateTime<Utc>>,
    }
    "insert into upload (id, user_id, project_id, key, sha256, size, media_type, filename, path, created_at)
     select * from unnest({}, {}, {}, {}, {}, {}, {}, {}, {}, {})"
}

/// Stores uploads inside somebody's transaction.
pub(super) async fn insert(connection: &mut AsyncPgConnection, uploads: &[&Upload]) -> QueryResult<()> {
    if uploads.is_empty() {
        return Ok(());
    }
    let column = |read: fn(&Upload) -> String| uploads.iter().map(|upload| read(upload)).collect::<Vec<_>>();
    InsertUploads {
        ids: uploads.iter().map(|upload| upload.id.get()).collect(),
        users: uploads.iter().map(|upload| upload.user_id.get()).collect(),
        projects: uploads.iter().map(|upload| upload.project_id.get()).collect(),
        keys: column(|upload| upload.key.clone()),
        hashes: column(|upload| upload.sha256.clone()),
        sizes: uploads.iter().map(|upload| i64::try_from(upload.size).unwrap_or(i64::MAX)).collect(),
        types: column(|upload| upload.media_type.clone()),
        names: column(|upload| upload.filename.clone()),
        paths: uploads.iter().map(|upload| upload.path.clone()).collect(),
        times: uploads.iter().map(|upload| upload.created_at).collect(),
    }
    .execute(connection)
    .await?;
    Ok(())
}

#[async_trait]
impl UploadRepository for PgStore {
    async fn next_ids(&self, count: usize) -> Result<Vec<UploadId>> {
        let ids = self.upload_ids.take(&self.pool, count).await?;
        ids.into_iter().map(|id| Ok(UploadId::new(id)?)).collect()
    }

    async fn create_many(&self, uploads: &[Upload], receipt: Option<&Receipt<[Upload]>>) -> Result<()> {
        let Some(first) = uploads.first() else { return Ok(()) };
        let mut connection = self.connection().await?;
        connection
            .transaction(async |connection| -> std::result::Result<(), TxError> {
                insert(connection, &uploads.iter().collect::<Vec<_>>()).await?;
                receipts::record(connection, receipt, uploads, first.created_at).await
            })
            .await?;
        Ok(())
    }

    async fn get(&self, user: UserId, id: UploadId) -> Result<Option<Upload>> {
        let row: Option<UploadRow> = upload::table
            .find(id.get())
            .filter(upload::user_id.eq(user.get()))
            .select(UploadRow::as_select())
            .first(&mut self.connection().await?)
            .await
            .optional()?;
        row.map(TryInto::try_into).transpose()
    }

    async fn find_by_key(&self, user: UserId, key: &str) -> Result<Option<Upload>> {
        // The key holds the id, so that it needs no index of its own.
        let Some(KeyOwner::Upload(id)) = owner_of(key) else { return Ok(None) };
        let found = UploadRepository::get(self, user, id).await?;
        Ok(found.filter(|upload| upload.key == key))
    }

    async fn find_newest(&self, user: UserId, project: ProjectId, filename: &str) -> Result<Option<Upload>> {
        let row: Option<UploadRow> = upload::table
            .filter(upload::project_id.eq(project.get()).and(upload::filename.eq(filename)))
            .filter(upload::user_id.eq(user.get()))
            .order(upload::id.desc())
            .select(UploadRow::as_select())
            .first(&mut self.connection().await?)
            .await
            .optional()?;
        row.map(TryInto::try_into).transpose()
    }
}
