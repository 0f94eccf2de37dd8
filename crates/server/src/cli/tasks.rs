//! `tasks`: a list, or one task with all that is known of it.

use std::process::ExitCode;

use clap::Args;

use super::api_client::{ApiClient, ServerArgs};
use super::wire::{Task, TaskPage};
use super::{Settings, lookup, terminal};

/// Most tasks that one request returns.
const PAGE: usize = 200;

/// What `tasks` takes.
#[derive(Debug, Args)]
pub(super) struct TasksArgs {
    /// Show this task with all that is known of it
    #[arg(value_name = "ID", value_parser = clap::value_parser!(i64).range(1..))]
    id: Option<i64>,
    /// Only with this status: pending, mineru_parsing, llm_processing, completed, failed, cancelling, cancelled
    #[arg(long, value_name = "STATUS", value_delimiter = ',', conflicts_with = "id")]
    status: Vec<String>,
    /// Only of this project: its id, or its name
    #[arg(long, value_name = "ID|NAME", conflicts_with = "id")]
    project: Option<String>,
    /// Most tasks to list, newest first
    #[arg(long, value_name = "N", default_value_t = 50, conflicts_with = "id")]
    limit: usize,
    #[command(flatten)]
    server: ServerArgs,
}

/// Prints them.
///
/// # Errors
/// When the server refuses or does not answer.
pub(super) async fn run(args: TasksArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let api = ApiClient::new(&args.server, settings)?;
    if let Some(id) = args.id {
        let task: Task = api.get(&format!("/api/v1/etl/tasks/{id}"), &[]).await?;
        terminal::print(&details(&task))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut query = Vec::new();
    if !args.status.is_empty() {
        query.push(("status", args.status.join(",")));
    }
    if let Some(project) = &args.project
        && let Some(id) = lookup::project(&api, Some(project)).await?
    {
        query.push(("project_id", id.to_string()));
    }
    let (tasks, more) = list(&api, &query, args.limit).await?;
    if tasks.is_empty() {
        terminal::print("no tasks")?;
        return Ok(ExitCode::SUCCESS);
    }
    terminal::print(&listing(&tasks))?;
    if more {
        terminal::complain(&format!("there are more than these {}; --limit shows them", tasks.len()));
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(api: &ApiClient, filter: &[(&str, String)], limit: usize) -> anyhow::Result<(Vec<Task>, bool)> {
    let mut tasks: Vec<Task> = Vec::new();
    let mut token = None;
    while tasks.len() < limit {
        let mut query = filter.to_vec();
        query.push(("limit", (limit - tasks.len()).min(PAGE).to_string()));
        query.extend(token.map(|token| ("page_token", token)));
        let page: TaskPage = api.get("/api/v1/etl/tasks", &query).await?;
        tasks.extend(page.tasks);
        token = page.next_page_token;
        if token.is_none() {
            break;
        }
    }
    Ok((tasks, token.is_some()))
}

/// Tasks, one a line.
pub(super) fn listing(tasks: &[Task]) -> String {
    let rows: Vec<_> = tasks
        .iter()
        .map(|task| {
            let status = match task.has_ended() || task.progress == 0 {
                true => task.status.clone(),
                false => format!("{} {} %", task.status, task.progress),
            };
            let error = task.error.as_ref().map_or_else(String::new, |error| error.code.clone());
            [task.task_id.to_string(), status, terminal::time(task.created_at), task.label().to_owned(), error]
        })
        .collect();
    terminal::columns(["TASK", "STATUS", "CREATED (UTC)", "FILE", "ERROR"], &rows)
}

/// One task, one fact a line.
fn details(task: &Task) -> String {
    let mut facts = vec![
        ("task", task.task_id.to_string()),
        ("kind", task.kind.clone()),
        ("project", task.project_id.to_string()),
        ("status", format!("{}, {} %", task.status, task.progress)),
        ("file", task.label().to_owned()),
    ];
    let metadata = &task.metadata;
    if let Some(size) = metadata.size {
        let media_type = metadata.media_type.as_deref().unwrap_or("unknown type");
        facts.push(("source", format!("{}, {media_type}", terminal::size(size))));
    }
    facts.push(("attempt", task.attempt.to_string()));
    facts.push(("created", terminal::time(task.created_at)));
    facts.push(("started", terminal::maybe_time(task.started_at)));
    facts.push(("finished", terminal::maybe_time(task.finished_at)));
    if let Some(result) = &task.result {
        let pages = result.pages.map_or_else(String::new, |pages| format!(", {pages} pages"));
        let parser = result.parser.as_deref().unwrap_or("unknown");
        let size = terminal::size(result.output_size);
        facts.push(("result", format!("{size} in {:.3} s, parser {parser}{pages}", result.processing_time)));
        facts.extend(result.warnings.iter().map(|warning| ("warning", warning.clone())));
    }
    if let (Some(path), Some(key)) = (&metadata.mount_json_path, &metadata.mount_key) {
        let table = metadata.mount_table_id.map_or_else(|| "a new table".to_owned(), |id| format!("table {id}"));
        let done = if metadata.mount_processed { "mounted" } else { "to mount" };
        facts.push((done, format!("{table} at {path}/{key}")));
    }
    if let Some(error) = &task.error {
        let again = if error.retryable { "may pass" } else { "will not pass unchanged" };
        facts.push(("error", format!("{} at stage {}: {} ({again})", error.code, error.stage, error.message)));
    }
    let lines = facts.iter().map(|(name, value)| format!("{name:<9} {}", terminal::clean(value)));
    lines.collect::<Vec<_>>().join("\n")
}
