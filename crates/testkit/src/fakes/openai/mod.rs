//! A server of the OpenAI chat completions protocol that answers from what it is sent, in the shapes of the real
//! servers, with traps that tests set.

mod answer;
mod flavour;
mod parameters;
mod reader;

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use anyhow::{Context, Result};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::Semaphore;

pub use flavour::Flavour;

/// What happens to one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trap {
    /// The answer is no JSON.
    InvalidJson,
    /// The answer lacks what the schema requires, with a wrong type for the rest.
    SchemaViolation,
    /// The answer names a member twice.
    DuplicateName,
    /// The answer stands in a Markdown fence, among words.
    Fenced,
    /// The answer stands behind thoughts.
    Thinking,
    /// The content is empty, the answer stands where the thoughts belong.
    OnlyReasoning,
    /// The answer stands in the arguments of a call of a tool.
    ToolCall,
    /// The answer leaves `{"result": …}` out.
    Unwrapped,
    /// The quotes are made up.
    InventedQuotes,
    /// The limit of tokens cuts the answer off.
    Truncated,
    /// The model refuses.
    Refusal,
    /// A filter holds the answer back.
    ContentFilter,
    /// Nothing is counted.
    NoUsage,
    /// 429, with `Retry-After` in seconds.
    RateLimited(u64),
    /// 429 of an account that is used up.
    NoQuota,
    /// 500.
    ServerError,
    /// A proxy's page with status 200.
    Html,
    /// The connection breaks in the middle of the answer.
    Drop,
    /// No answer before [`FakeOpenAi::release`].
    Hold,
}

/// What the server is like.
#[derive(Debug, Clone)]
pub struct FakeModel {
    /// Whose shapes.
    pub flavour: Flavour,
    /// The models it knows.
    pub models: Vec<String>,
    /// The key it asks for.
    pub api_key: Option<String>,
    /// Tokens that prompt and answer may have together.
    pub context_tokens: usize,
    /// Members of requests that it refuses: `temperature`, `seed`, `max_tokens`, `json_schema`, `json_object`.
    pub refuses: Vec<&'static str>,
}

impl FakeModel {
    /// A server that knows the model `test`.
    pub fn new(flavour: Flavour) -> Self {
        Self { flavour, models: vec!["test".to_owned()], api_key: None, context_tokens: 128_000, refuses: Vec::new() }
    }
}

struct State {
    model: FakeModel,
    traps: Mutex<VecDeque<Trap>>,
    requests: Mutex<Vec<Value>>,
    held: Semaphore,
    active: Mutex<(usize, usize)>,
}

/// The server. Stops when it is dropped.
pub struct FakeOpenAi {
    state: Arc<State>,
    handle: ServerHandle,
    base_url: String,
}

impl FakeOpenAi {
    /// Starts it on a free port of this machine.
    ///
    /// # Errors
    /// When there is none.
    pub fn start(model: FakeModel) -> Result<Self> {
        let state = Arc::new(State {
            model,
            traps: Mutex::default(),
            requests: Mutex::default(),
            held: Semaphore::new(0),
            active: Mutex::default(),
        });
        let shared = web::Data::from(Arc::clone(&state));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .app_data(web::PayloadConfig::new(64 << 20))
                .route("/v1/chat/completions", web::post().to(completions))
        })
        .workers(1)
        .disable_signals()
        .shutdown_timeout(0)
        .bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = server.addrs().first().copied().context("the server listens nowhere")?;
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Ok(Self { state, handle, base_url: format!("http://{address}/v1") })
    }

    /// Its address, as a provider's `base_url`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Sets traps, one for each of the next requests.
    pub fn traps(&self, traps: impl IntoIterator<Item = Trap>) {
        self.state.traps.lock().extend(traps);
    }

    /// The bodies of all requests so far.
    pub fn requests(&self) -> Vec<Value> {
        self.state.requests.lock().clone()
    }

    /// The most requests that were answered at the same time.
    pub fn most_at_once(&self) -> usize {
        self.state.active.lock().1
    }

    /// Lets requests that are held go on.
    pub fn release(&self) {
        self.state.held.add_permits(1_000);
    }
}

impl Drop for FakeOpenAi {
    fn drop(&mut self) {
        self.release();
        // The future only waits for the end.
        drop(self.handle.stop(false));
    }
}

async fn completions(state: web::Data<State>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    {
        let mut active = state.active.lock();
        active.0 += 1;
        active.1 = active.1.max(active.0);
    }
    let response = answer::answer(&state, &request, &body).await;
    state.active.lock().0 -= 1;
    response
}
