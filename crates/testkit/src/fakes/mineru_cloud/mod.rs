//! A fake of mineru.net's API v4, with its upload and download hosts beside it.
//!
//! A file moves on by being asked after: `waiting-file` until its bytes are there, then `pending`, `running` page by page,
//! `converting`, and `done` or `failed`. Errors come in the envelope of the API, a bad token in that of the gateway.

mod api;
mod hosts;
mod task;

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::web::{self, Data};
use anyhow::{Context, Result};
use parking_lot::Mutex;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use self::task::{Task, task_id};
use super::server::Running;

/// Times that a callback is sent at most.
const CALLBACKS: usize = 5;

/// How the service is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MineruCloudConditions {
    /// The only token that it knows.
    pub token: String,
    /// Id of its account.
    pub uid: String,
    /// Next calls of the API that are answered 429 with `Retry-After: 0`.
    pub limited: u32,
    /// Next submissions that are answered `-60009`, the queue is full.
    pub full: u32,
    /// Forget all tasks when so many questions have been answered, once.
    pub forget_after: Option<u32>,
    /// Next downloads that end too early, without saying so.
    pub cut: u32,
    /// The host that results are said to be at, if another than its own.
    pub result_host: Option<String>,
}

impl Default for MineruCloudConditions {
    fn default() -> Self {
        let (token, uid) = ("good".to_owned(), "uid-0815".to_owned());
        Self { token, uid, limited: 0, full: 0, forget_after: None, cut: 0, result_host: None }
    }
}

#[derive(Debug, Default)]
struct State {
    base: String,
    conditions: MineruCloudConditions,
    tasks: HashMap<String, Task>,
    public: HashMap<String, Vec<u8>>,
    submitted: u32,
    asked: u32,
    requests: Vec<Value>,
    /// Public addresses, and where they lead.
    routes: Vec<(String, String)>,
}

/// A running fake.
#[derive(Debug)]
pub struct FakeMineruCloud {
    running: Running,
    state: Arc<Mutex<State>>,
    uploads: watch::Sender<u32>,
}

/// What a callback of the fake is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Callback {
    /// As it should be.
    Genuine,
    /// Of another account: its checksum is wrong.
    Forged,
}

impl FakeMineruCloud {
    /// Starts one.
    ///
    /// # Errors
    /// When the system gives no port.
    pub fn start(conditions: MineruCloudConditions) -> Result<Self> {
        let state = Arc::new(Mutex::new(State { conditions, ..State::default() }));
        let data = Data::from(Arc::clone(&state));
        let uploads = watch::Sender::new(0);
        let uploaded = Data::new(uploads.clone());
        let running = Running::start(|base| {
            state.lock().base = base.to_owned();
            move |config: &mut web::ServiceConfig| {
                config
                    .app_data(data.clone())
                    .app_data(uploaded.clone())
                    .app_data(web::PayloadConfig::new(64 << 20))
                    .route("/api/v4/file-urls/batch", web::post().to(api::upload_addresses))
                    .route("/api/v4/extract/task", web::post().to(api::submit_address))
                    .route("/api/v4/extract/task/{id}", web::get().to(api::task))
                    .route("/api/v4/extract-results/batch/{id}", web::get().to(api::batch))
                    .route("/upload/{id}", web::put().to(hosts::upload))
                    .route("/cdn/{id}.zip", web::get().to(hosts::download));
            }
        })?;
        Ok(Self { running, state, uploads })
    }

    /// The address of its API.
    pub fn base(&self) -> String {
        format!("{}/api/v4", self.running.base)
    }

    /// Puts a file where the service can fetch it; gives its address up to the name.
    pub fn publish(&self, name: &str, bytes: Vec<u8>) -> String {
        self.state.lock().public.insert(name.to_owned(), bytes);
        format!("{}/public/", self.running.base)
    }

    /// Files that were submitted.
    pub fn submitted(&self) -> u32 {
        self.state.lock().submitted
    }

    /// Questions after tasks.
    pub fn questions(&self) -> u32 {
        self.state.lock().asked
    }

    /// Has a public address lead somewhere, as a proxy does.
    pub fn route(&self, public: &str, to: &str) {
        self.state.lock().routes.push((public.to_owned(), to.to_owned()));
    }

    /// Returns when so many files were uploaded.
    pub async fn wait_for_uploads(&self, count: u32) {
        // The sender lives in `self`, so this cannot fail.
        let _ = self.uploads.subscribe().wait_for(|uploads| *uploads >= count).await;
    }

    /// Finishes the last file that was sent, and sends word of that to where its submission says: up to five times, until
    /// the answer is 200. Gives the statuses of the answers. A forger finishes nothing.
    ///
    /// # Errors
    /// When there is no such task, or nobody answers.
    pub async fn call_back(&self, callback: Callback) -> Result<Vec<u16>> {
        let (url, body) = self.callback(callback)?;
        let http = reqwest::Client::builder().no_proxy().build()?;
        let mut statuses = Vec::new();
        while statuses.len() < CALLBACKS && statuses.last() != Some(&200) {
            statuses.push(http.post(&url).json(&body).send().await?.status().as_u16());
        }
        Ok(statuses)
    }

    /// Address and body of the callback for the last file.
    fn callback(&self, callback: Callback) -> Result<(String, Value)> {
        let mut state = self.state.lock();
        let id = task_id(state.submitted);
        let task = state.tasks.get_mut(&id).context("no such task")?;
        task.is_done |= callback == Callback::Genuine;
        let task = task.clone();
        let said = |key: &str| task.options[key].as_str().map(str::to_owned);
        let (url, seed) = said("callback").zip(said("seed")).context("no callback was asked for")?;
        let content = json!({"batch_id": id, "extract_result": [task.told(&state, &id)]}).to_string();
        let uid = if callback == Callback::Genuine { state.conditions.uid.as_str() } else { "uid-of-a-forger" };
        let checksum = format!("{:x}", Sha256::digest(format!("{uid}{seed}{content}")));
        let route = state.routes.iter().find_map(|(public, to)| Some(format!("{to}{}", url.strip_prefix(public)?)));
        Ok((route.unwrap_or(url), json!({"checksum": checksum, "content": content})))
    }

    /// The bodies of submissions.
    pub fn requests(&self) -> Vec<Value> {
        self.state.lock().requests.clone()
    }
}
