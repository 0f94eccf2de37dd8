//! The event log.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use millrace_domain::event::{Event, NewEvent};
use millrace_domain::{EventId, ProjectId, TableId, TaskId, UserId};
use serde_json::Value;

use super::fixed::fixed_query;
use super::schema::event;
use super::store::PgStore;
use crate::{EventFilter, EventRepository, RepositoryError, Result};

#[derive(Queryable, Selectable)]
#[diesel(table_name = event, check_for_backend(diesel::pg::Pg))]
struct EventRow {
    id: i64,
    user_id: i64,
    project_id: i64,
    task_id: Option<i64>,
    table_id: Option<i64>,
    name: String,
    payload: Value,
    created_at: DateTime<Utc>,
}

impl TryFrom<EventRow> for Event {
    type Error = RepositoryError;

    fn try_from(row: EventRow) -> Result<Self> {
        Ok(Self {
            id: EventId::new(row.id)?,
            content: NewEvent {
                user_id: UserId::new(row.user_id)?,
                project_id: ProjectId::new(row.project_id)?,
                task_id: row.task_id.map(TaskId::new).transpose()?,
                table_id: row.table_id.map(TableId::new).transpose()?,
                name: row.name,
                payload: row.payload,
            },
            created_at: row.created_at,
        })
    }
}

fixed_query! {
    /// Appends events.
    struct AppendEvents {
        users: Array<BigInt> => Vec<i64>,
        projects: Array<BigInt> => Vec<i64>,
        tasks: Array<Nullable<BigInt>> => Vec<Option<i64>>,
        tables: Array<Nullable<BigInt>> => Vec<Option<i64>>,
        names: Array<Text> => Vec<String>,
        payloads: Array<Text> => Vec<String>,
        now: Timestamptz => DateTime<Utc>,
    }
    "insert into event (user_id, project_id, task_id, table_id, name, payload, created_at)
     select i.user_id, i.project_id, i.task_id, i.table_id, i.name, i.payload::jsonb, p.now
     from unnest({}, {}, {}, {}, {}, {}) as i(user_id, project_id, task_id, table_id, name, payload),
          (select {} as now) as p"
}

/// Appends inside somebody's transaction.
pub(super) async fn append(
    connection: &mut AsyncPgConnection,
    events: &[NewEvent],
    now: DateTime<Utc>,
) -> QueryResult<()> {
    if events.is_empty() {
        return Ok(());
    }
    AppendEvents {
        users: events.iter().map(|new| new.user_id.get()).collect(),
        projects: events.iter().map(|new| new.project_id.get()).collect(),
        tasks: events.iter().map(|new| new.task_id.map(TaskId::get)).collect(),
        tables: events.iter().map(|new| new.table_id.map(TableId::get)).collect(),
        names: events.iter().map(|new| new.name.clone()).collect(),
        payloads: events.iter().map(|new| new.payload.to_string()).collect(),
        now,
    }
    .execute(connection)
    .await?;
    Ok(())
}

#[async_trait]
impl EventRepository for PgStore {
    async fn append(&self, events: &[NewEvent], now: DateTime<Utc>) -> Result<()> {
        Ok(append(&mut *self.connection().await?, events, now).await?)
    }

    async fn list(
        &self,
        user: UserId,
        filter: EventFilter,
        after: Option<EventId>,
        limit: usize,
    ) -> Result<Vec<Event>> {
        let mut query = event::table
            .filter(event::user_id.eq(user.get()).and(event::id.gt(after.map_or(0, EventId::get))))
            .order(event::id.asc())
            .limit(i64::try_from(limit).unwrap_or(i64::MAX))
            .select(EventRow::as_select())
            .into_boxed();
        if let Some(project) = filter.project {
            query = query.filter(event::project_id.eq(project.get()));
        }
        if let Some(task) = filter.task {
            query = query.filter(event::task_id.eq(task.get()));
        }
        let rows: Vec<EventRow> = query.load(&mut self.connection().await?).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }
}
