//! Users.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use millrace_domain::UserId;
use millrace_domain::user::User;

use super::schema::app_user;
use super::store::PgStore;
use crate::{RepositoryError, Result, UserRepository};

#[derive(Queryable, Selectable)]
#[diesel(table_name = app_user, check_for_backend(diesel::pg::Pg))]
struct UserRow {
    id: i64,
    issuer: String,
    subject: String,
    created_at: DateTime<Utc>,
}

impl TryFrom<UserRow> for User {
    type Error = RepositoryError;

    fn try_from(row: UserRow) -> Result<Self> {
        let UserRow { id, issuer, subject, created_at } = row;
        Ok(Self { id: UserId::new(id)?, issuer, subject, created_at })
    }
}

#[async_trait]
impl UserRepository for PgStore {
    async fn ensure(&self, issuer: &str, subject: &str, now: DateTime<Utc>) -> Result<User> {
        let mut connection = self.connection().await?;
        loop {
            let found: Option<UserRow> = app_user::table
                .filter(app_user::issuer.eq(issuer).and(app_user::subject.eq(subject)))
                .select(UserRow::as_select())
                .first(&mut connection)
                .await
                .optional()?;
            if let Some(row) = found {
                return row.try_into();
            }
            // Somebody else may be doing the same; the unique key decides, and the next look finds the winner.
            diesel::insert_into(app_user::table)
                .values((app_user::issuer.eq(issuer), app_user::subject.eq(subject), app_user::created_at.eq(now)))
                .on_conflict_do_nothing()
                .execute(&mut connection)
                .await?;
        }
    }

    async fn get(&self, id: UserId) -> Result<Option<User>> {
        let found: Option<UserRow> = app_user::table
            .find(id.get())
            .select(UserRow::as_select())
            .first(&mut self.connection().await?)
            .await
            .optional()?;
        found.map(TryInto::try_into).transpose()
    }
}
