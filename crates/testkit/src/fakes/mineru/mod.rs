//! A fake of MinerU's own server (`mineru-api` 3.4.4): the same paths, forms, statuses and traps.
//!
//! Tasks move on by being asked after: so many questions are answered `pending`, then so many `processing`. They live in
//! memory and are gone after [`restart`](FakeMineru::restart). Unknown fields of forms are ignored without a word.

mod routes;
mod task;

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::web::{self, Data};
use anyhow::Result;
use parking_lot::Mutex;
use tokio::sync::watch;

use self::task::{Task, task_id};
use super::server::Running;

/// How the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MineruConditions {
    /// Whether it is older than 3.0.0: no tasks, no protocol version.
    pub is_old: bool,
    /// Questions answered `pending`, then `processing`, before a task is done.
    pub pending: u32,
    /// The latter.
    pub processing: u32,
    /// Next requests that are answered 503 with `Retry-After: 0`, health aside.
    pub busy: u32,
    /// Restart when so many questions have been answered, once.
    pub restart_after: Option<u32>,
    /// Restart whenever it is asked after a task.
    pub always_restarts: bool,
}

impl Default for MineruConditions {
    fn default() -> Self {
        Self { is_old: false, pending: 1, processing: 1, busy: 0, restart_after: None, always_restarts: false }
    }
}

#[derive(Debug, Default)]
struct State {
    conditions: MineruConditions,
    tasks: HashMap<String, Task>,
    submitted: u32,
    asked: u32,
    languages: Vec<String>,
}

/// A running fake.
#[derive(Debug)]
pub struct FakeMineru {
    running: Running,
    state: Arc<Mutex<State>>,
    news: watch::Sender<()>,
}

impl FakeMineru {
    /// Starts one.
    ///
    /// # Errors
    /// When the system gives no port.
    pub fn start(conditions: MineruConditions) -> Result<Self> {
        let state = Arc::new(Mutex::new(State { conditions, ..State::default() }));
        let data = Data::from(Arc::clone(&state));
        let news = watch::Sender::new(());
        let told = Data::new(news.clone());
        let running = Running::start(|_base| {
            move |config: &mut web::ServiceConfig| {
                config
                    .app_data(data.clone())
                    .app_data(told.clone())
                    .route("/health", web::get().to(routes::health))
                    .route("/tasks", web::post().to(routes::submit))
                    .route("/tasks/{id}", web::get().to(routes::status))
                    .route("/tasks/{id}/result", web::get().to(routes::result))
                    .route("/file_parse", web::post().to(routes::file_parse));
            }
        })?;
        Ok(Self { running, state, news })
    }

    /// Its address.
    pub fn base(&self) -> &str {
        &self.running.base
    }

    /// Forgets all tasks, as a restart does.
    pub fn restart(&self) {
        self.state.lock().tasks.clear();
    }

    /// Files that were sent to it.
    pub fn submitted(&self) -> u32 {
        self.state.lock().submitted
    }

    /// How often it was asked after a file, counted from 0 in the order of their coming.
    pub fn questions(&self, file: u32) -> u32 {
        self.state.lock().tasks.get(&task_id(file + 1)).map_or(0, |task| task.asked)
    }

    /// Returns when it was asked after a file so many times.
    pub async fn wait_for_questions(&self, file: u32, count: u32) {
        let mut asked = self.news.subscribe();
        // The sender lives in `self`, so this cannot fail.
        let _ = asked.wait_for(|_| self.questions(file) >= count).await;
    }

    /// Languages of the files that were sent to it.
    pub fn languages(&self) -> Vec<String> {
        self.state.lock().languages.clone()
    }
}
