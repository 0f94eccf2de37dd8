//! Lists of tasks: filtered in SQL, newest first, by keyset.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use millrace_domain::task::Task;
use millrace_domain::{ProjectId, TaskId, TaskKind, UserId};

use super::store::PgStore;
use super::task_row::{self, TaskRow};
use crate::{Result, TaskFilter, TaskPage};

/// The conditions on a task `t`; parameters `$3` to `$9`.
const CONDITIONS: &str = "($3::text[] is null
        or (t.status = any($3) and not t.id = any($9::bigint[])) or t.id = any($8::bigint[]))
    and ($4::text[] is null or t.kind = any($4))
    and ($5::text is null or t.filename ilike $5)
    and ($6::timestamptz is null or t.created_at >= $6)
    and ($7::timestamptz is null or t.created_at < $7)";

/// The parameters of [`CONDITIONS`], and before them user and project.
struct Parameters {
    user: i64,
    project: Option<i64>,
    statuses: Option<Vec<&'static str>>,
    kinds: Option<Vec<&'static str>>,
    pattern: Option<String>,
    from: Option<DateTime<Utc>>,
    before: Option<DateTime<Utc>>,
    include: Vec<i64>,
    exclude: Vec<i64>,
}

fn parameters(user: UserId, filter: &TaskFilter) -> Parameters {
    let overlay = filter.overlay.clone().unwrap_or_default();
    Parameters {
        user: user.get(),
        project: filter.project.map(ProjectId::get),
        statuses: (!filter.statuses.is_empty()).then(|| filter.statuses.clone()),
        kinds: (!filter.kinds.is_empty()).then(|| filter.kinds.iter().copied().map(TaskKind::as_str).collect()),
        pattern: filter.filename_contains.as_deref().map(like_pattern),
        from: filter.created_from,
        before: filter.created_before,
        include: overlay.include.into_iter().map(TaskId::get).collect(),
        exclude: overlay.exclude.into_iter().map(TaskId::get).collect(),
    }
}

/// A pattern for "contains", with the wildcards of the text escaped.
fn like_pattern(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

macro_rules! bind_parameters {
    ($query:expr, $parameters:expr) => {
        $query
            .bind::<BigInt, _>($parameters.user)
            .bind::<Nullable<BigInt>, _>($parameters.project)
            .bind::<Nullable<Array<Text>>, _>($parameters.statuses)
            .bind::<Nullable<Array<Text>>, _>($parameters.kinds)
            .bind::<Nullable<Text>, _>($parameters.pattern)
            .bind::<Nullable<Timestamptz>, _>($parameters.from)
            .bind::<Nullable<Timestamptz>, _>($parameters.before)
            .bind::<Array<BigInt>, _>($parameters.include)
            .bind::<Array<BigInt>, _>($parameters.exclude)
    };
}

#[derive(QueryableByName)]
struct Total {
    #[diesel(sql_type = BigInt)]
    total: i64,
}

impl PgStore {
    pub(super) async fn list_tasks(&self, user: UserId, filter: &TaskFilter, page: TaskPage) -> Result<Vec<Arc<Task>>> {
        let (before, offset, limit) = match page {
            TaskPage::Keyset { before, limit } => (before.map_or(i64::MAX, TaskId::get), 0, limit),
            TaskPage::Offset { offset, limit } => (i64::MAX, offset, limit),
        };
        let offset = i64::try_from(offset).unwrap_or(i64::MAX / 2);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX / 2);
        // Each project gives its own newest rows by index; a user's list merges those of the user's projects.
        let sql = format!(
            "select t.* from project p cross join lateral (
                select * from task t where t.project_id = p.id and t.id < $10 and {CONDITIONS}
                order by t.id desc limit $11 + $12) t
             where p.user_id = $1 and ($2::bigint is null or p.id = $2)
             order by t.id desc limit $11 offset $12"
        );
        let parameters = parameters(user, filter);
        let rows: Vec<TaskRow> = bind_parameters!(diesel::sql_query(sql), parameters)
            .bind::<BigInt, _>(before)
            .bind::<BigInt, _>(limit)
            .bind::<BigInt, _>(offset)
            .load(&mut self.connection().await?)
            .await?;
        task_row::tasks(rows)
    }

    pub(super) async fn count_tasks(&self, user: UserId, filter: &TaskFilter) -> Result<u64> {
        let sql = format!(
            "select count(*) as total from task t
             where t.project_id in (select id from project where user_id = $1 and ($2::bigint is null or id = $2))
             and {CONDITIONS}"
        );
        let parameters = parameters(user, filter);
        let row: Total =
            bind_parameters!(diesel::sql_query(sql), parameters).get_result(&mut self.connection().await?).await?;
        Ok(u64::try_from(row.total).unwrap_or(0))
    }
}
