//! JSON tables.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use millrace_domain::event::NewEvent;
use millrace_domain::json_table::{DataPage, DataQuery, JsonTable, JsonTableDefinition, RemovedData};
use millrace_domain::{JsonPointer, ProjectId, TableId, UserId};
use serde_json::{Value, json};

use super::error::TxError;
use super::schema::json_table;
use super::store::PgStore;
use super::{events, receipts, segments, table_data};
use crate::receipt::Receipt;
use crate::{Clash, JsonTableRepository, Page, RepositoryError, Result};

#[derive(Queryable, Selectable)]
#[diesel(table_name = json_table, check_for_backend(diesel::pg::Pg))]
struct TableRow {
    id: i64,
    user_id: i64,
    project_id: i64,
    name: String,
    description: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<TableRow> for JsonTable {
    type Error = RepositoryError;

    fn try_from(row: TableRow) -> Result<Self> {
        Ok(Self {
            id: TableId::new(row.id)?,
            user_id: UserId::new(row.user_id)?,
            project_id: ProjectId::new(row.project_id)?,
            name: row.name,
            description: row.description,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// Locks a table for a change of its document, against every mount and every other change. Its project.
pub(super) async fn lock(
    connection: &mut AsyncPgConnection,
    user: UserId,
    id: TableId,
) -> std::result::Result<ProjectId, TxError> {
    let project: Option<i64> = json_table::table
        .find(id.get())
        .filter(json_table::user_id.eq(user.get()))
        .select(json_table::project_id)
        .for_update()
        .first(connection)
        .await
        .optional()?;
    let project = project.ok_or(RepositoryError::NotFound("table"))?;
    Ok(ProjectId::new(project).map_err(RepositoryError::from)?)
}

fn event(user: UserId, project: ProjectId, table: TableId, name: &str, pointer: &JsonPointer) -> NewEvent {
    NewEvent {
        user_id: user,
        project_id: project,
        task_id: None,
        table_id: Some(table),
        name: name.to_owned(),
        payload: json!({"pointer": pointer.as_str()}),
    }
}

#[async_trait]
impl JsonTableRepository for PgStore {
    async fn create(
        &self,
        user: UserId,
        project: ProjectId,
        definition: &JsonTableDefinition,
        data: Option<&Value>,
        now: DateTime<Utc>,
        receipt: Option<&Receipt<JsonTable>>,
    ) -> Result<JsonTable> {
        let mut connection = self.connection().await?;
        let created = connection
            .transaction(async |connection| -> std::result::Result<JsonTable, TxError> {
                let row: TableRow = diesel::insert_into(json_table::table)
                    .values((
                        json_table::user_id.eq(user.get()),
                        json_table::project_id.eq(project.get()),
                        json_table::name.eq(&definition.name),
                        json_table::description.eq(&definition.description),
                        json_table::created_at.eq(now),
                        json_table::updated_at.eq(now),
                    ))
                    .returning(TableRow::as_returning())
                    .get_result(connection)
                    .await?;
                let table = JsonTable::try_from(row)?;
                if let Some(data) = data {
                    segments::put(connection, table.id, "", data, None, now).await?;
                }
                receipts::record(connection, receipt, &table, now).await?;
                Ok(table)
            })
            .await;
        match created.map_err(RepositoryError::from) {
            // The only reference of a table is its project (and owner).
            Err(RepositoryError::Conflict(Clash::Reference)) => Err(RepositoryError::NotFound("project")),
            other => other,
        }
    }

    async fn get(&self, user: UserId, id: TableId) -> Result<Option<JsonTable>> {
        let row: Option<TableRow> = json_table::table
            .find(id.get())
            .filter(json_table::user_id.eq(user.get()))
            .select(TableRow::as_select())
            .first(&mut self.connection().await?)
            .await
            .optional()?;
        row.map(TryInto::try_into).transpose()
    }

    async fn list(&self, user: UserId, project: Option<ProjectId>, page: Page<TableId>) -> Result<Vec<JsonTable>> {
        let mut query = json_table::table
            .filter(json_table::user_id.eq(user.get()))
            .filter(json_table::id.lt(page.before.map_or(i64::MAX, TableId::get)))
            .order(json_table::id.desc())
            .limit(i64::try_from(page.limit).unwrap_or(i64::MAX))
            .select(TableRow::as_select())
            .into_boxed();
        if let Some(project) = project {
            query = query.filter(json_table::project_id.eq(project.get()));
        }
        let rows: Vec<TableRow> = query.load(&mut self.connection().await?).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    async fn update(
        &self,
        user: UserId,
        id: TableId,
        definition: &JsonTableDefinition,
        now: DateTime<Utc>,
    ) -> Result<JsonTable> {
        let row: Option<TableRow> = diesel::update(json_table::table.find(id.get()))
            .filter(json_table::user_id.eq(user.get()))
            .set((
                json_table::name.eq(&definition.name),
                json_table::description.eq(&definition.description),
                json_table::updated_at.eq(now),
            ))
            .returning(TableRow::as_returning())
            .get_result(&mut self.connection().await?)
            .await
            .optional()?;
        row.ok_or(RepositoryError::NotFound("table"))?.try_into()
    }

    async fn delete(&self, user: UserId, id: TableId) -> Result<()> {
        let mut connection = self.connection().await?;
        connection
            .transaction(async |connection| -> std::result::Result<(), TxError> {
                lock(connection, user, id).await?;
                // The records of its mounts go with it; the tasks must not point to them any more.
                diesel::sql_query(
                    "update task t set mounted = null from mount m
                     where m.table_id = $1 and t.id = m.task_id and (t.mounted ->> 'mount_id')::bigint = m.id",
                )
                .bind::<diesel::sql_types::BigInt, _>(id.get())
                .execute(connection)
                .await?;
                diesel::delete(json_table::table.find(id.get())).execute(connection).await?;
                Ok(())
            })
            .await?;
        Ok(())
    }

    async fn read(&self, user: UserId, id: TableId, query: &DataQuery) -> Result<Option<DataPage>> {
        JsonTableRepository::get(self, user, id).await?.ok_or(RepositoryError::NotFound("table"))?;
        Ok(table_data::read(&mut *self.connection().await?, id, query).await?)
    }

    async fn write(
        &self,
        user: UserId,
        id: TableId,
        pointer: &JsonPointer,
        value: &Value,
        now: DateTime<Utc>,
    ) -> Result<RemovedData> {
        let mut connection = self.connection().await?;
        let removed = connection
            .transaction(async |connection| -> std::result::Result<RemovedData, TxError> {
                let project = lock(connection, user, id).await?;
                let removed = table_data::write(connection, id, pointer, value, now).await?;
                events::append(connection, &[event(user, project, id, "table.written", pointer)], now).await?;
                Ok(removed)
            })
            .await?;
        Ok(removed)
    }

    async fn remove(
        &self,
        user: UserId,
        id: TableId,
        pointer: &JsonPointer,
        now: DateTime<Utc>,
    ) -> Result<Option<RemovedData>> {
        let mut connection = self.connection().await?;
        let removed = connection
            .transaction(async |connection| -> std::result::Result<Option<RemovedData>, TxError> {
                let project = lock(connection, user, id).await?;
                let removed = table_data::remove(connection, id, pointer, now).await?;
                if removed.is_some() {
                    events::append(connection, &[event(user, project, id, "table.removed", pointer)], now).await?;
                }
                Ok(removed)
            })
            .await?;
        Ok(removed)
    }
}
