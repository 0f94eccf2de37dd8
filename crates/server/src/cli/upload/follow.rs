//! Waits for tasks to end, without asking again and again: the server holds the answer back until there is news.

use std::collections::HashSet;
use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use reqwest::StatusCode;

use super::super::api_client::ApiClient;
use super::super::api_error::ApiError;
use super::super::patience::patiently;
use super::super::wire::{Task, TaskBatch};
use super::outcome::{Failure, Outcome};

/// Tasks asked for at a time.
const WINDOW: usize = 100;
/// How long the server may hold an answer back, in seconds, at first.
const WAIT: u64 = 20;
/// Between two questions when the server holds nothing back.
const PAUSE: Duration = Duration::from_millis(200);

/// Waits until every task has ended; notes the tasks as they ended, and those that failed.
///
/// # Errors
/// When the server does not answer.
pub(super) async fn until_ended(api: &ApiClient, outcome: &mut Outcome) -> anyhow::Result<()> {
    let ids: Vec<i64> = outcome.sent.iter().map(|sent| sent.task_id).collect();
    let open: HashSet<i64> = outcome.sent.iter().filter(|sent| sent.open).map(|sent| sent.task_id).collect();
    let bar = std::io::stderr().is_terminal().then(|| {
        let style = ProgressStyle::with_template("waiting   {bar:30} {pos}/{len} tasks ended");
        ProgressBar::new(ids.len() as u64).with_style(style.unwrap_or_else(|_bad| ProgressStyle::default_bar()))
    });
    let mut waiting = Waiting { api, seconds: WAIT };
    for window in ids.chunks(WINDOW) {
        let tasks = waiting.window(window).await?;
        if let Some(bar) = &bar {
            bar.inc(window.len() as u64);
        }
        // Files that could not be stored were noted when they were sent.
        outcome.failures.extend(tasks.iter().filter(|task| open.contains(&task.task_id)).filter_map(failure));
        outcome.ended.extend(tasks);
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    Ok(())
}

fn failure(task: &Task) -> Option<Failure> {
    if task.status == "completed" {
        return None;
    }
    let (code, message) = match &task.error {
        Some(error) => (error.code.clone(), error.message.clone()),
        None => (String::new(), format!("the task is {}", task.status)),
    };
    Some(Failure { file: task.label().to_owned(), code, message })
}

struct Waiting<'a> {
    api: &'a ApiClient,
    seconds: u64,
}

impl Waiting<'_> {
    /// The tasks, once all have ended.
    async fn window(&mut self, ids: &[i64]) -> Result<Vec<Task>, ApiError> {
        let list = ids.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
        loop {
            let batch: TaskBatch =
                quietly(async || self.api.get("/api/v1/etl/tasks/batch", &[("task_ids", list.clone())]).await).await?;
            match batch.tasks.iter().find(|task| !task.has_ended()) {
                None => return Ok(batch.tasks),
                Some(task) => self.one(task.task_id).await?,
            }
        }
    }

    /// Waits for one task to end, or for the time to be over.
    async fn one(&mut self, id: i64) -> Result<(), ApiError> {
        let path = format!("/api/v1/etl/tasks/{id}");
        let seconds = self.seconds;
        if seconds == 0 {
            // A server that holds nothing back.
            tokio::time::sleep(PAUSE).await;
            return Ok(());
        }
        match quietly(async || self.api.get::<Task>(&path, &[("wait", seconds.to_string())]).await).await {
            // It is configured to hold answers back for a shorter time.
            Err(ApiError::Refused(refusal)) if refusal.status == StatusCode::BAD_REQUEST => self.seconds /= 2,
            // A server that stops lets go at once; one that goes on was asked long ago.
            Ok(task) if !task.has_ended() => tokio::time::sleep(PAUSE).await,
            other => drop(other?),
        }
        Ok(())
    }
}

async fn quietly<T>(request: impl AsyncFnMut() -> Result<T, ApiError>) -> Result<T, ApiError> {
    patiently(request, |_error, _pause| {}).await
}
