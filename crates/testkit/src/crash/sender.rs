//! Clients that send at the same time, until the server dies or everything is acknowledged.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use parking_lot::Mutex;
use rand::SeedableRng;
use rand::rngs::StdRng;
use reqwest::multipart;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::work::{Request, Rule, Rules, Work};

/// Clients.
const CLIENTS: usize = 6;
/// Before a request that was put off is sent again.
const PAUSE: Duration = Duration::from_millis(50);
/// Longer than any request takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// An HTTP client without a proxy.
pub(super) fn http() -> Result<reqwest::Client> {
    reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().context("no HTTP client")
}

/// Makes the project, the common table and the rules.
pub(super) async fn prepare(base: &str) -> Result<Work> {
    let http = http()?;
    let made = async |path: &str, body: Value, id: &str| {
        let response = http.post(format!("{base}{path}")).json(&body).send().await?.error_for_status()?;
        response.json::<Value>().await?[id].as_i64().context("an answer without an id")
    };
    let project = made("/api/v1/projects", json!({"name": "crash"}), "project_id").await?;
    let table = made("/api/v1/tables", json!({"project_id": project, "name": "common"}), "table_id").await?;
    let rules = "/api/v1/etl/rules";
    let another = made(rules, json!({"name": "another", "postprocess_mode": "skip"}), "rule_id").await?;
    let fields = json!({"number": {"from": {"key": "Invoice number"}, "required": true}});
    let extract = json!({"name": "extract", "postprocess_mode": "extract", "options": {"fields": fields}});
    let extract = made(rules, extract, "rule_id").await?;
    Ok(Work::new(project, table, Rules { another, extract }))
}

/// Clients at work.
pub(super) struct Sender {
    clients: Arc<tokio::sync::Mutex<JoinSet<()>>>,
    stop: CancellationToken,
}

/// What became of a request.
enum Answer {
    Acknowledged(Value),
    /// Not accepted for a reason that passes.
    Later,
    /// The server is gone.
    Gone,
    Wrong(String),
}

impl Sender {
    /// Begins to send what is outstanding, and some of the rest again.
    pub(super) fn start(base: &str, work: Arc<Work>, seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let queue: Arc<Mutex<VecDeque<usize>>> = Arc::new(Mutex::new(work.to_send(&mut random).into()));
        let stop = CancellationToken::new();
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            let client = client(base.to_owned(), Arc::clone(&work), Arc::clone(&queue));
            let stop = stop.clone();
            clients.spawn(async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = client => {}
                }
            });
        }
        Self { clients: Arc::new(tokio::sync::Mutex::new(clients)), stop }
    }

    /// Returns when everything was answered or the server is gone.
    pub(super) async fn finished(&self) {
        let mut clients = self.clients.lock().await;
        while clients.join_next().await.is_some() {}
    }

    /// Ends what is still waiting for an answer.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        self.finished().await;
    }
}

async fn client(base: String, work: Arc<Work>, queue: Arc<Mutex<VecDeque<usize>>>) {
    let http = match http() {
        Ok(http) => http,
        Err(error) => return work.violation(error.to_string()),
    };
    loop {
        // Taken in a statement of its own: the lock must not be held while sending.
        let next = queue.lock().pop_front();
        let Some(index) = next else { return };
        match send(&http, &base, &work, &work.request(index)).await {
            Answer::Acknowledged(body) => work.acknowledge(index, &body),
            Answer::Later => {
                queue.lock().push_back(index);
                tokio::time::sleep(PAUSE).await;
            }
            Answer::Gone => return,
            Answer::Wrong(text) => work.violation(text),
        }
    }
}

async fn send(http: &reqwest::Client, base: &str, work: &Work, request: &Request) -> Answer {
    let mut form = multipart::Form::new().text("project_id", work.project.to_string());
    if request.common_table {
        form = form.text("table_id", work.table.to_string());
    }
    match request.rule {
        Rule::Builtin => {}
        Rule::Another => form = form.text("rule_id", work.rules.another.to_string()),
        Rule::Extract => form = form.text("rule_id", work.rules.extract.to_string()),
    }
    for file in &request.files {
        let bytes = match file.bytes() {
            Ok(bytes) => bytes,
            Err(error) => return Answer::Wrong(format!("{}: {error}", file.name)),
        };
        form = form.part("files", multipart::Part::bytes(bytes).file_name(file.name.clone()));
    }
    let sent = http
        .post(format!("{base}/api/v1/etl/upload_and_submit"))
        .header("idempotency-key", &request.key)
        .multipart(form)
        .send()
        .await;
    let Ok(response) = sent else { return Answer::Gone };
    let status = response.status().as_u16();
    let Ok(body) = response.bytes().await else { return Answer::Gone };
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    match status {
        202 => Answer::Acknowledged(body),
        409 if body["code"] == "idempotency_key_in_use" => Answer::Later,
        429 | 503 => Answer::Later,
        _ => Answer::Wrong(format!("{}: {status} {body}", request.key)),
    }
}
