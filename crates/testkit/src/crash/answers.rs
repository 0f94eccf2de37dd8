//! What the server says of the tasks that it acknowledged.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result, ensure};
use rand::rngs::StdRng;
use rand::seq::IteratorRandom;
use serde_json::Value;

use super::sender::http;
use super::work::{Acknowledged, Work};

/// Acknowledged tasks asked for after each round.
const SOME: usize = 50;
const LIVE: &str = "pending,mineru_parsing,llm_processing,running,cancelling";

struct Reader<'a> {
    http: reqwest::Client,
    base: &'a str,
}

impl Reader<'_> {
    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value> {
        let response = self.http.get(format!("{}{path}", self.base)).query(query).send().await?;
        let status = response.status();
        let body: Value = response.json().await?;
        ensure!(status.is_success(), "GET {path}: {status} {body}");
        Ok(body)
    }

    /// Waits until no task is live, however long that takes as long as something moves.
    async fn rest(&self, project: &str) -> Result<()> {
        let mut still = 0;
        let mut before = Value::Null;
        loop {
            let query = [("project_id", project), ("status", LIVE), ("limit", "1"), ("include_total", "true")];
            let page = self.get("/api/v1/etl/tasks", &query).await?;
            let Some(task) = page["tasks"][0]["task_id"].as_i64() else { return Ok(()) };
            still = if page["total"] == before { still + 1 } else { 0 };
            ensure!(still < 12, "{} tasks are stuck, among them {task}", page["total"]);
            before = page["total"].clone();
            self.get(&format!("/api/v1/etl/tasks/{task}"), &[("wait", "10")]).await?;
        }
    }

    async fn tasks(&self, project: &str) -> Result<BTreeMap<i64, Value>> {
        let mut all = BTreeMap::new();
        let mut token = String::new();
        loop {
            let query = [("project_id", project), ("limit", "200"), ("page_token", &token)];
            let mut page = self.get("/api/v1/etl/tasks", &query).await?;
            for task in page["tasks"].as_array_mut().context("a list without tasks")? {
                let id = task["task_id"].as_i64().context("a task without an id")?;
                ensure!(all.insert(id, task.take()).is_none(), "the list shows task {id} twice");
            }
            match page["next_page_token"].as_str() {
                Some(next) => token = next.to_owned(),
                None => return Ok(all),
            }
        }
    }

    async fn members(&self, table: i64, pointer: &str) -> Result<HashMap<String, Value>> {
        let mut all = HashMap::new();
        let mut token = String::new();
        loop {
            let query = [("pointer", pointer), ("limit", "200"), ("page_token", &token)];
            let mut page = self.get(&format!("/api/v1/tables/{table}/data"), &query).await?;
            for (key, value) in page["value"].as_object_mut().context("no object")? {
                ensure!(all.insert(key.clone(), value.take()).is_none(), "the table shows {key} twice");
            }
            match page["next_page_token"].as_str() {
                Some(next) => token = next.to_owned(),
                None => return Ok(all),
            }
        }
    }
}

/// After a round: some of the acknowledged tasks are there.
pub(super) async fn check_some(base: &str, work: &Work, random: &mut StdRng) -> Result<()> {
    let reader = Reader { http: http()?, base };
    for Acknowledged { task, file, .. } in work.all_acknowledged().into_iter().choose_multiple(random, SOME) {
        match reader.get(&format!("/api/v1/etl/tasks/{task}"), &[]).await {
            Ok(body) if body["filename"] != file.name => work.violation(format!("task {task} is another's: {body}")),
            Ok(body) if matches!(body["status"].as_str(), Some("failed" | "cancelled")) => {
                work.violation(format!("task {task} did not complete: {body}"));
            }
            Ok(_) => {}
            Err(error) => work.violation(format!("acknowledged task {task} is not there: {error}")),
        }
    }
    Ok(())
}

/// In the end: every acknowledged task has completed, there are no others, and each is mounted once with its own value.
pub(super) async fn check_all(base: &str, work: &Work) -> Result<()> {
    let reader = Reader { http: http()?, base };
    let project = work.project.to_string();
    if let Err(error) = reader.rest(&project).await {
        work.violation(error.to_string());
    }
    let tasks = reader.tasks(&project).await?;
    let acknowledged = work.all_acknowledged();
    if tasks.len() != acknowledged.len() {
        work.violation(format!("{} tasks are stored, {} were acknowledged", tasks.len(), acknowledged.len()));
    }
    let mut common = reader.members(work.table, "").await?;
    let mut tables = 1;
    for Acknowledged { task, file, common_table } in &acknowledged {
        let Some(body) = tasks.get(task) else {
            work.violation(format!("acknowledged task {task} is not in the list"));
            continue;
        };
        if body["status"] != "completed" {
            work.violation(format!("task {task} did not complete: {body}"));
            continue;
        }
        let key = body["metadata"]["mount_key"].as_str().unwrap_or_default();
        let value = if *common_table {
            common.remove(key)
        } else {
            tables += 1;
            let table = body["metadata"]["mount_table_id"].as_i64().context("a task without its table")?;
            let mut members = reader.members(table, "/data").await?;
            let value = members.remove(key);
            if !members.is_empty() {
                work.violation(format!("the table of task {task} holds {} values too many", members.len()));
            }
            value
        };
        if !value.as_ref().is_some_and(|value| file.is_right(value)) {
            work.violation(format!("task {task}: {} is mounted as {value:?}", file.name));
        }
    }
    if !common.is_empty() {
        work.violation(format!("{} values are mounted that nobody sent", common.len()));
    }
    let stored = count_tables(&reader, &project).await?;
    if stored != tables {
        work.violation(format!("{stored} tables are stored, {tables} were to be made"));
    }
    Ok(())
}

async fn count_tables(reader: &Reader<'_>, project: &str) -> Result<usize> {
    let mut count = 0;
    let mut token = String::new();
    loop {
        let query = [("project_id", project), ("limit", "200"), ("page_token", &token)];
        let page = reader.get("/api/v1/tables", &query).await?;
        count += page["items"].as_array().map_or(0, Vec::len);
        match page["next_page_token"].as_str() {
            Some(next) => token = next.to_owned(),
            None => return Ok(count),
        }
    }
}
