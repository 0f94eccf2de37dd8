//! Many tasks.

use actix_web::{HttpResponse, get, web};
use millrace_domain::state_machine::STATUSES;
use millrace_domain::{TaskId, TaskKind};
use millrace_repository::{TaskFilter, TaskPage};

use crate::auth::Principal;
use crate::http::query::{QueryOf, parts};
use crate::http::{page, respond};
use crate::problem::{Problem, all};
use crate::state::Api;
use crate::wire::task::TaskBody;
use crate::wire::task_parts::{BatchQuery, TaskBatch, TaskList, TasksQuery};

/// Most ids in one batch.
const MAX_BATCH: usize = 100;
/// Longest text to look for in file names, in characters.
const MAX_FILENAME_FILTER: usize = 200;

/// List tasks
///
/// The caller's tasks, newest first. Filters are joined by "and".
#[utoipa::path(
    tag = "etl",
    params(TasksQuery),
    responses((status = 200, description = "A page of tasks.", body = TaskList,
        example = json!({"tasks": [], "next_page_token": null, "limit": 50}))),
    extensions(("x-error-codes" = json!(["invalid_page_token", "project_not_found"]))),
)]
#[get("/api/v1/etl/tasks")]
pub async fn list_tasks(
    principal: Principal,
    query: QueryOf<TasksQuery>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let query = query.0;
    let (filter, limit) = all((filter(&query), page::limit(query.limit, api.limits())))?;
    if let Some(project) = query.project_id {
        api.lookups().project(principal.user, project).await?;
    }
    let hash = filter_hash(&filter);
    let token = query.page_token.as_deref().filter(|token| !token.is_empty());
    let page = match (query.offset, token) {
        (Some(_), Some(_)) => {
            return Err(Problem::new("invalid_value", "offset and page_token exclude each other").at("/offset"));
        }
        (Some(offset), None) => TaskPage::Offset { offset: offset as usize, limit: limit + 1 },
        (None, token) => TaskPage::Keyset { before: page::read_id_token(token, hash)?, limit: limit + 1 },
    };
    let tasks = &api.stores().tasks;
    let mut rows = tasks.list(principal.user, &filter, page).await?;
    let total = match query.include_total.unwrap_or(query.offset.is_some()) {
        true => Some(tasks.count(principal.user, &filter).await?),
        false => None,
    };
    let more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| more);
    respond::ok(&TaskList {
        next_page_token: last.map(|task| page::token(&task.id.to_string(), hash)),
        tasks: rows.iter().map(|task| TaskBody::from(&**task)).collect(),
        limit,
        offset: query.offset,
        total,
    })
}

fn filter(query: &TasksQuery) -> Result<TaskFilter, Problem> {
    let status = |text: &str| {
        let known = STATUSES.into_iter().find(|status| *status == text);
        known.ok_or_else(|| one_of("a status", &STATUSES, "/status"))
    };
    let kind = |text: &str| {
        TaskKind::from_text(text).ok_or_else(|| one_of("a kind", &TaskKind::ALL.map(TaskKind::as_str), "/kind"))
    };
    let (statuses, kinds, filename) = all((
        chosen(query.status.as_deref(), status),
        chosen(query.kind.as_deref(), kind),
        checked_filename(query.filename.as_deref().unwrap_or_default()),
    ))?;
    Ok(TaskFilter {
        statuses,
        project: query.project_id,
        kinds,
        filename_contains: filename,
        created_from: query.created_after,
        created_before: query.created_before,
        overlay: None,
    })
}

/// The values of a list parameter, each once.
fn chosen<T: Ord>(list: Option<&str>, read: impl Fn(&str) -> Result<T, Problem>) -> Result<Vec<T>, Problem> {
    let mut values = parts(list).map(read).collect::<Result<Vec<T>, Problem>>()?;
    values.sort_unstable();
    values.dedup();
    Ok(values)
}

fn checked_filename(text: &str) -> Result<Option<String>, Problem> {
    if text.chars().count() > MAX_FILENAME_FILTER || text.contains('\0') {
        let detail = format!("the text has at most {MAX_FILENAME_FILTER} characters and no U+0000");
        return Err(Problem::new("invalid_value", detail).at("/filename"));
    }
    Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
}

fn one_of(what: &str, names: &[&str], pointer: &str) -> Problem {
    Problem::new("invalid_value", format!("{what} is one of {}", names.join(", "))).at(pointer)
}

fn filter_hash(filter: &TaskFilter) -> u32 {
    let TaskFilter { statuses, project, kinds, filename_contains, created_from, created_before, overlay: _ } = filter;
    page::filter_hash(&(statuses, project, kinds, filename_contains, created_from, created_before))
}

/// Get tasks by id
///
/// At most 100 at once. Ids of tasks that do not exist, or belong to somebody else, are left out.
#[utoipa::path(
    tag = "etl",
    params(BatchQuery),
    responses((status = 200, description = "The tasks, in the order of the request.", body = TaskBatch,
        example = json!({"tasks": [], "total": 0}))),
)]
#[get("/api/v1/etl/tasks/batch")]
pub async fn batch_get_tasks(
    principal: Principal,
    query: QueryOf<BatchQuery>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    let mut ids: Vec<TaskId> = Vec::new();
    for text in parts(Some(&query.0.task_ids)) {
        let id = text.parse().map_err(|error: millrace_domain::InvalidId| {
            Problem::new("invalid_id", error.to_string()).at("/task_ids")
        })?;
        if !ids.contains(&id) {
            ids.push(id);
        }
        if ids.len() > MAX_BATCH {
            return Err(Problem::new("invalid_value", format!("at most {MAX_BATCH} ids at once")).at("/task_ids"));
        }
    }
    let mut rows = api.stores().tasks.get_many(principal.user, &ids).await?;
    rows.sort_by_key(|task| ids.iter().position(|id| *id == task.id));
    let tasks: Vec<_> = rows.iter().map(|task| TaskBody::from(&**task)).collect();
    respond::ok(&TaskBatch { total: tasks.len(), tasks })
}
