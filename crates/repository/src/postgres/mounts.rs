//! Mounts: their records, and the mounts that are asked for by hand.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use millrace_domain::event::NewEvent;
use millrace_domain::mount::{ConflictPolicy, Mount, MountIntent, MountState, Unmounted};
use millrace_domain::task::MountedAt;
use millrace_domain::{JsonPointer, MountId, ProjectId, TableId, TaskId, UserId};
use serde_json::{Value, json};

use super::error::TxError;
use super::fixed::fixed_query;
use super::schema::{mount, task};
use super::store::PgStore;
use super::{events, mount_batch, path, receipts};
use crate::receipt::Receipt;
use crate::{MountFilter, MountRepository, Page, RepositoryError, Result};

#[derive(Queryable, Selectable, QueryableByName, Debug, Clone)]
#[diesel(table_name = mount, check_for_backend(diesel::pg::Pg))]
pub(super) struct MountRow {
    pub(super) id: i64,
    pub(super) task_id: i64,
    pub(super) user_id: i64,
    pub(super) table_id: i64,
    pub(super) json_path: String,
    pub(super) key: String,
    pub(super) path: String,
    pub(super) conflict: String,
    pub(super) state: String,
    pub(super) automatic: bool,
    pub(super) element: Option<Value>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
}

impl TryFrom<MountRow> for Mount {
    type Error = RepositoryError;

    fn try_from(row: MountRow) -> Result<Self> {
        let corrupt = |what: &str| RepositoryError::Corrupt(format!("mount {}: {what}", row.id).into());
        Ok(Self {
            id: MountId::new(row.id)?,
            task_id: TaskId::new(row.task_id)?,
            user_id: UserId::new(row.user_id)?,
            table_id: TableId::new(row.table_id)?,
            json_path: JsonPointer::parse(&row.json_path).map_err(|_invalid| corrupt("json_path"))?,
            pointer: path::decode(&row.path).ok_or_else(|| corrupt("path"))?,
            conflict: ConflictPolicy::from_text(&row.conflict).ok_or_else(|| corrupt("conflict"))?,
            state: MountState::from_text(&row.state).ok_or_else(|| corrupt("state"))?,
            key: row.key,
            automatic: row.automatic,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// Where a mount was placed.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) table: TableId,
    pub(super) pointer: JsonPointer,
    pub(super) key: String,
    pub(super) state: MountState,
    /// The JSON text of the value, when it was appended to an array.
    pub(super) element: Option<String>,
}

/// A recorded mount and where it was placed.
#[derive(Debug, Clone)]
pub(super) struct MountRecord {
    pub(super) id: i64,
    pub(super) task: TaskId,
    pub(super) placed: Placed,
}

fixed_query! {
    /// Records mounts; the same task at the same place again is the same mount.
    struct RecordMounts {
        tasks: Array<BigInt> => Vec<i64>,
        users: Array<BigInt> => Vec<i64>,
        tables: Array<BigInt> => Vec<i64>,
        containers: Array<Text> => Vec<String>,
        keys: Array<Text> => Vec<String>,
        paths: Array<Text> => Vec<String>,
        conflicts: Array<Text> => Vec<String>,
        states: Array<Text> => Vec<String>,
        automatic: Array<Bool> => Vec<bool>,
        elements: Array<Nullable<Text>> => Vec<Option<String>>,
        now: Timestamptz => DateTime<Utc>,
    }
    "insert into mount
     (task_id, user_id, table_id, json_path, key, path, conflict, state, automatic, element, created_at, updated_at)
     select i.task_id, i.user_id, i.table_id, i.json_path, i.key, i.path, i.conflict, i.state, i.automatic,
            i.element::jsonb, p.now, p.now
     from unnest({}, {}, {}, {}, {}, {}, {}, {}, {}, {})
          as i(task_id, user_id, table_id, json_path, key, path, conflict, state, automatic, element),
          (select {} as now) as p
     on conflict (task_id, table_id, json_path) do update
     set key = excluded.key, path = excluded.path, conflict = excluded.conflict, state = excluded.state,
         automatic = mount.automatic or excluded.automatic, element = excluded.element, updated_at = excluded.updated_at
     returning id, task_id, table_id, json_path"
}

#[derive(QueryableByName)]
struct RecordedRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    task_id: i64,
    #[diesel(sql_type = BigInt)]
    table_id: i64,
    #[diesel(sql_type = Text)]
    json_path: String,
}

/// Records mounts with their events. The targets `(task, table, container)` are distinct.
pub(super) async fn record(
    connection: &mut AsyncPgConnection,
    placed: &[(&MountIntent, Placed)],
    now: DateTime<Utc>,
) -> std::result::Result<Vec<MountRecord>, TxError> {
    if placed.is_empty() {
        return Ok(Vec::new());
    }
    let texts = |read: &dyn Fn(&MountIntent, &Placed) -> String| {
        placed.iter().map(|(intent, placed)| read(intent, placed)).collect::<Vec<_>>()
    };
    let statement = RecordMounts {
        tasks: placed.iter().map(|(intent, _)| intent.task_id.get()).collect(),
        users: placed.iter().map(|(intent, _)| intent.user_id.get()).collect(),
        tables: placed.iter().map(|(_, placed)| placed.table.get()).collect(),
        containers: texts(&|intent, _| intent.json_path.as_str().to_owned()),
        keys: texts(&|_, placed| placed.key.clone()),
        paths: texts(&|_, placed| path::encode(&placed.pointer)),
        conflicts: texts(&|intent, _| intent.conflict.as_str().to_owned()),
        states: texts(&|_, placed| placed.state.as_str().to_owned()),
        automatic: placed.iter().map(|(intent, _)| intent.automatic).collect(),
        elements: placed.iter().map(|(_, placed)| placed.element.clone()).collect(),
        now,
    };
    let rows: Vec<RecordedRow> = statement.load(connection).await?;
    let ids: std::collections::HashMap<(i64, i64, String), i64> =
        rows.into_iter().map(|row| ((row.task_id, row.table_id, row.json_path), row.id)).collect();
    let mounted: Vec<NewEvent> = placed
        .iter()
        .filter(|(_, placed)| placed.state == MountState::Mounted)
        .map(|(intent, placed)| event(intent.user_id, intent.project_id, intent.task_id, placed, "table.mounted"))
        .collect();
    events::append(connection, &mounted, now).await?;
    placed
        .iter()
        .map(|(intent, placed)| {
            let key = (intent.task_id.get(), placed.table.get(), intent.json_path.as_str().to_owned());
            let id = ids.get(&key).copied();
            let id = id.ok_or_else(|| RepositoryError::Corrupt("a mount was not recorded".into()))?;
            Ok(MountRecord { id, task: intent.task_id, placed: placed.clone() })
        })
        .collect()
}

/// The event of a mount that was placed or taken out.
pub(super) fn event(user: UserId, project: ProjectId, task: TaskId, placed: &Placed, name: &str) -> NewEvent {
    NewEvent {
        user_id: user,
        project_id: project,
        task_id: Some(task),
        table_id: Some(placed.table),
        name: name.to_owned(),
        payload: json!({"table_id": placed.table, "pointer": placed.pointer.as_str()}),
    }
}

/// Clears `task.mounted` of the tasks whose automatic mount is among these `(mount, task)` pairs.
pub(super) async fn clear_mounted(
    connection: &mut AsyncPgConnection,
    ended: &[(i64, i64)],
    now: DateTime<Utc>,
) -> QueryResult<()> {
    if ended.is_empty() {
        return Ok(());
    }
    diesel::sql_query(
        "update task t set mounted = null, updated_at = $3 from unnest($1, $2) as i(mount_id, task_id)
         where t.id = i.task_id and (t.mounted ->> 'mount_id')::bigint = i.mount_id",
    )
    .bind::<Array<BigInt>, _>(ended.iter().map(|(mount, _)| *mount).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(ended.iter().map(|(_, task)| *task).collect::<Vec<_>>())
    .bind::<Timestamptz, _>(now)
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes the automatic mount on its task.
async fn note_mounted(
    connection: &mut AsyncPgConnection,
    mount: &Mount,
    now: DateTime<Utc>,
) -> std::result::Result<(), TxError> {
    let mounted = MountedAt {
        mount_id: mount.id,
        table_id: mount.table_id,
        json_path: mount.json_path.clone(),
        key: mount.key.clone(),
    };
    diesel::update(task::table.find(mount.task_id.get()))
        .set((task::mounted.eq(serde_json::to_value(mounted)?), task::updated_at.eq(now)))
        .execute(connection)
        .await?;
    Ok(())
}

#[async_trait]
impl MountRepository for PgStore {
    async fn apply(&self, intent: &MountIntent, now: DateTime<Utc>, receipt: Option<&Receipt<Mount>>) -> Result<Mount> {
        let mut connection = self.connection().await?;
        let mounted = connection
            .transaction(async |connection| -> std::result::Result<Mount, TxError> {
                receipts::refuse_repeat(connection, receipt, now).await?;
                let mut outcomes = mount_batch::apply(connection, &[intent], now).await?;
                let outcome = outcomes.pop().ok_or_else(|| RepositoryError::Corrupt("no outcome".into()))?;
                let record = outcome?;
                let row: MountRow =
                    mount::table.find(record.id).select(MountRow::as_select()).first(connection).await?;
                let mounted = Mount::try_from(row)?;
                if mounted.automatic && mounted.state == MountState::Mounted {
                    note_mounted(connection, &mounted, now).await?;
                }
                receipts::record(connection, receipt, &mounted, now).await?;
                Ok(mounted)
            })
            .await?;
        Ok(mounted)
    }

    async fn list(&self, user: UserId, filter: MountFilter, page: Page<MountId>) -> Result<Vec<Mount>> {
        let mut query = mount::table
            .filter(mount::user_id.eq(user.get()))
            .filter(mount::id.lt(page.before.map_or(i64::MAX, MountId::get)))
            .order(mount::id.desc())
            .limit(i64::try_from(page.limit).unwrap_or(i64::MAX))
            .select(MountRow::as_select())
            .into_boxed();
        query = match filter {
            MountFilter::Task(task) => query.filter(mount::task_id.eq(task.get())),
            MountFilter::Table(table) => query.filter(mount::table_id.eq(table.get())),
        };
        let rows: Vec<MountRow> = query.load(&mut self.connection().await?).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    async fn unmount(&self, user: UserId, id: MountId, now: DateTime<Utc>) -> Result<Unmounted> {
        let mut connection = self.connection().await?;
        let unmounted =
            connection.transaction(async |connection| super::unmount::unmount(connection, user, id, now).await).await?;
        Ok(unmounted)
    }
}
