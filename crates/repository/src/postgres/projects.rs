//! Projects.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};
use millrace_domain::project::{Project, ProjectDefinition};
use millrace_domain::{ProjectId, UserId};

use super::error::TxError;
use super::receipts;
use super::schema::project;
use super::store::PgStore;
use crate::receipt::Receipt;
use crate::{Page, ProjectRepository, RepositoryError, Result};

#[derive(Queryable, Selectable)]
#[diesel(table_name = project, check_for_backend(diesel::pg::Pg))]
struct ProjectRow {
    id: i64,
    user_id: i64,
    name: String,
    description: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<ProjectRow> for Project {
    type Error = RepositoryError;

    fn try_from(row: ProjectRow) -> Result<Self> {
        let ProjectRow { id, user_id, name, description, created_at, updated_at } = row;
        Ok(Self { id: ProjectId::new(id)?, user_id: UserId::new(user_id)?, name, description, created_at, updated_at })
    }
}

#[async_trait]
impl ProjectRepository for PgStore {
    async fn create(
        &self,
        user: UserId,
        definition: &ProjectDefinition,
        now: DateTime<Utc>,
        receipt: Option<&Receipt<Project>>,
    ) -> Result<Project> {
        let mut connection = self.connection().await?;
        let created = connection
            .transaction(async |connection| -> std::result::Result<Project, TxError> {
                let row: ProjectRow = diesel::insert_into(project::table)
                    .values((
                        project::user_id.eq(user.get()),
                        project::name.eq(&definition.name),
                        project::description.eq(&definition.description),
                        project::created_at.eq(now),
                        project::updated_at.eq(now),
                    ))
                    .returning(ProjectRow::as_returning())
                    .get_result(connection)
                    .await?;
                let created = Project::try_from(row)?;
                receipts::record(connection, receipt, &created, now).await?;
                Ok(created)
            })
            .await?;
        Ok(created)
    }

    async fn get(&self, user: UserId, id: ProjectId) -> Result<Option<Project>> {
        let row: Option<ProjectRow> = project::table
            .find(id.get())
            .filter(project::user_id.eq(user.get()))
            .select(ProjectRow::as_select())
            .first(&mut self.connection().await?)
            .await
            .optional()?;
        row.map(TryInto::try_into).transpose()
    }

    async fn list(&self, user: UserId, page: Page<ProjectId>) -> Result<Vec<Project>> {
        let before = page.before.map_or(i64::MAX, ProjectId::get);
        let rows: Vec<ProjectRow> = project::table
            .filter(project::user_id.eq(user.get()).and(project::id.lt(before)))
            .order(project::id.desc())
            .limit(i64::try_from(page.limit).unwrap_or(i64::MAX))
            .select(ProjectRow::as_select())
            .load(&mut self.connection().await?)
            .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    async fn update(
        &self,
        user: UserId,
        id: ProjectId,
        definition: &ProjectDefinition,
        now: DateTime<Utc>,
    ) -> Result<Project> {
        let row: Option<ProjectRow> = diesel::update(project::table.find(id.get()))
            .filter(project::user_id.eq(user.get()))
            .set((
                project::name.eq(&definition.name),
                project::description.eq(&definition.description),
                project::updated_at.eq(now),
            ))
            .returning(ProjectRow::as_returning())
            .get_result(&mut self.connection().await?)
            .await
            .optional()?;
        row.ok_or(RepositoryError::NotFound("project"))?.try_into()
    }

    async fn delete(&self, user: UserId, id: ProjectId) -> Result<()> {
        let removed = diesel::delete(project::table.find(id.get()))
            .filter(project::user_id.eq(user.get()))
            .execute(&mut self.connection().await?)
            .await?;
        if removed == 0 { Err(RepositoryError::NotFound("project")) } else { Ok(()) }
    }
}
