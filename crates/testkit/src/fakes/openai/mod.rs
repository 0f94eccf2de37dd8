//! A server of the OpenAI chat completions protocol that answers from what it is sent, in the shapes of the real
//! servers, with traps that tests set.

mod flavour;
mod reader;

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use anyhow::{Context, Result};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

pub use flavour::Flavour;
use flavour::Said;
use reader::{Seen, corrected, schema_of, text_of};

/// Bytes of text for a token, about as real tokenizers have it for English.
const BYTES_PER_TOKEN: usize = 4;

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
    let response = answer(&state, &request, &body).await;
    state.active.lock().0 -= 1;
    response
}

async fn answer(state: &State, request: &HttpRequest, body: &[u8]) -> HttpResponse {
    let FakeModel { flavour, models, api_key, context_tokens, refuses } = &state.model;
    let bearer = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    if let Some(key) = api_key
        && bearer != Some(&format!("Bearer {key}"))
    {
        let shown = bearer.unwrap_or_default();
        let text = format!("Incorrect API key provided: {shown}.");
        return json_error(401, &flavour.error(401, "invalid_request_error", Some("invalid_api_key"), None, &text));
    }
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return json_error(
            400,
            &flavour.error(400, "invalid_request_error", None, None, "could not parse the JSON body"),
        );
    };
    state.requests.lock().push(body.clone());
    let model = body["model"].as_str().unwrap_or_default();
    // llama.cpp serves its one model whatever the request says.
    if *flavour != Flavour::LlamaCpp && !models.iter().any(|known| known == model) {
        return json_error(404, &flavour.no_model(model));
    }
    if let Some(refused) = refused(*flavour, refuses, &body) {
        return json_error(400, &refused);
    }
    let trap = state.traps.lock().pop_front();
    match trap {
        Some(Trap::RateLimited(seconds)) => {
            let text = "Rate limit reached for requests";
            let body = flavour.error(429, "requests", Some("rate_limit_exceeded"), None, text);
            return HttpResponse::TooManyRequests().insert_header(("retry-after", seconds.to_string())).json(body);
        }
        Some(Trap::NoQuota) => {
            let text = "You exceeded your current quota, please check your plan and billing details.";
            let kind = "insufficient_quota";
            return json_error(429, &flavour.error(429, kind, Some(kind), None, text));
        }
        Some(Trap::ServerError) => {
            return json_error(500, &flavour.error(500, "server_error", None, None, "The server had an error"));
        }
        Some(Trap::Html) => return HttpResponse::Ok().content_type("text/html").body("<html>Bad gateway</html>"),
        Some(Trap::Drop) => {
            let pieces = vec![Ok(web::Bytes::from_static(b"{\"choices\"")), Err(std::io::Error::other("dropped"))];
            return HttpResponse::Ok().content_type("application/json").streaming(futures::stream::iter(pieces));
        }
        Some(Trap::Hold) => drop(state.held.acquire().await),
        _ => {}
    }
    let prompt: usize =
        body["messages"].as_array().into_iter().flatten().map(|one| text_of(&one["content"]).len()).sum();
    let prompt_tokens = prompt / BYTES_PER_TOKEN;
    let limit = body["max_completion_tokens"].as_u64().or_else(|| body["max_tokens"].as_u64()).unwrap_or(u64::MAX);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_too_long = prompt_tokens.saturating_add(limit) > *context_tokens;
    if let Some(error) = flavour.too_long(prompt_tokens, *context_tokens).filter(|_| is_too_long) {
        return json_error(400, &error);
    }
    let mut said = say(&body, trap.as_ref());
    // Who has no error for a prompt that is too long reads what is left of it.
    said.prompt_tokens = prompt_tokens.min(context_tokens.saturating_sub(limit)).max(1);
    said.completion_tokens = said.content.as_str().map_or(1, |text| text.len() / BYTES_PER_TOKEN).max(1);
    if said.completion_tokens > limit || trap == Some(Trap::Truncated) {
        let text = said.content.as_str().unwrap_or_default();
        let cut = text.floor_char_boundary((limit.saturating_mul(BYTES_PER_TOKEN)).min(text.len() * 2 / 3));
        said.content = text[..cut].into();
        said.finish = "length";
    }
    HttpResponse::Ok().json(flavour.answer(model, &said))
}

fn json_error(status: u16, body: &Value) -> HttpResponse {
    HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)).json(body)
}

/// The error of a member of the request that the server does not take.
fn refused(flavour: Flavour, refuses: &[&str], body: &Value) -> Option<Value> {
    let error = |param: &str, text: &str| {
        Some(flavour.error(400, "invalid_request_error", Some("unsupported_parameter"), Some(param), text))
    };
    let format = body["response_format"]["type"].as_str().unwrap_or_default();
    let is_strict = body.pointer("/response_format/json_schema/strict") == Some(&json!(true));
    if flavour == Flavour::OpenAi
        && is_strict
        && let Some(problem) = not_strict(&body["response_format"]["json_schema"]["schema"])
    {
        return error("response_format", &format!("Invalid schema for response_format 'answer': {problem}"));
    }
    for name in refuses {
        match *name {
            "max_tokens" if body.get("max_tokens").is_some() => {
                return error(
                    "max_tokens",
                    "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
                );
            }
            "temperature" if body.get("temperature").is_some_and(|value| value != 1) => {
                return error(
                    "temperature",
                    "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.",
                );
            }
            "seed" if body.get("seed").is_some() => return error("seed", "Unsupported parameter: 'seed'"),
            "json_schema" | "json_object" if *name == format => {
                let text = format!(
                    "Invalid parameter: 'response_format' of type '{format}' is not supported with this model."
                );
                return error("response_format", &text);
            }
            _ => {}
        }
    }
    None
}

/// What OpenAI says of a schema that is not of its strict subset.
fn not_strict(schema: &Value) -> Option<String> {
    for word in ["allOf", "oneOf", "not", "if", "minLength", "maxLength", "uniqueItems", "$schema", "default"] {
        if schema.get(word).is_some() {
            return Some(format!("In context=(), '{word}' is not permitted."));
        }
    }
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        if schema.get("additionalProperties") != Some(&json!(false)) {
            return Some(
                "In context=(), 'additionalProperties' is required to be supplied and to be false.".to_owned(),
            );
        }
        let required = schema["required"].as_array();
        if let Some(missing) =
            properties.keys().find(|name| !required.is_some_and(|all| all.iter().any(|one| one == *name)))
        {
            return Some(format!(
                "In context=(), 'required' is required to be supplied and to be an array including every key in properties. Missing '{missing}'."
            ));
        }
    }
    let named =
        ["properties", "$defs"].iter().filter_map(|name| schema.get(*name)?.as_object()).flat_map(|all| all.values());
    let listed = schema.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    named.chain(listed).chain(schema.get("items")).find_map(not_strict)
}

/// What the model says, as the trap makes it.
fn say(body: &Value, trap: Option<&Trap>) -> Said {
    let answer = corrected(body).unwrap_or_else(|| Seen::of(body).answer(&schema_of(body)));
    let text = answer.to_string();
    let mut said = Said {
        content: Value::Null,
        finish: "stop",
        refusal: None,
        reasoning: None,
        arguments: None,
        prompt_tokens: 0,
        completion_tokens: 0,
        usage: true,
    };
    let mut content = text.clone();
    match trap {
        Some(Trap::InvalidJson) => content = "The invoice is from Northwind, I think.".to_owned(),
        Some(Trap::SchemaViolation) => content = spoilt(answer).to_string(),
        Some(Trap::DuplicateName) => content = format!("{{\"result\": 1, {}", &text[1..]),
        Some(Trap::Fenced) => content = format!("Here is the JSON:\n\n```json\n{text}\n```\n\nAnything else?"),
        Some(Trap::Thinking) => content = format!("<think>\nThe schema wants {{\"x\": 1}}.\n</think>\n\n{text}"),
        Some(Trap::OnlyReasoning) => {
            content = String::new();
            said.reasoning = Some(text);
        }
        Some(Trap::ToolCall) => said.arguments = Some(text),
        Some(Trap::Unwrapped) => content = answer.get("result").unwrap_or(&answer).to_string(),
        Some(Trap::InventedQuotes) => content = with_invented_quotes(answer).to_string(),
        Some(Trap::Refusal) => {
            content = String::new();
            said.refusal = Some("I'm sorry, I can't assist with that request.");
        }
        Some(Trap::ContentFilter) => {
            content = String::new();
            said.finish = "content_filter";
        }
        Some(Trap::NoUsage) => said.usage = false,
        _ => {}
    }
    said.content = content.into();
    said
}

/// The answer with every text and number of the result replaced by a list.
fn spoilt(mut answer: Value) -> Value {
    fn spoil(value: &mut Value) {
        match value {
            Value::Object(members) => members.values_mut().for_each(spoil),
            other => *other = json!(["wrong"]),
        }
    }
    match answer.get_mut("result") {
        Some(result) => spoil(result),
        None => spoil(&mut answer),
    }
    answer
}

fn with_invented_quotes(mut answer: Value) -> Value {
    for quote in answer["quotes"].as_array_mut().into_iter().flatten() {
        quote["quote"] = "words that stand nowhere".into();
    }
    answer
}
