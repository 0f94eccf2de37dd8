//! The OpenAI chat completions protocol: what is sent, and what servers that speak it answer.
//!
//! Sources: OpenAI API reference ("Create chat completion", "Error codes"), vLLM `protocol.py`, llama.cpp
//! `tools/server/README.md`, Ollama `openai/openai.go`. Answers are read leniently: every server leaves something out.

use millrace_domain::provider::ProviderProfile;
use serde::Deserialize;
use serde_json::{Value, json};

/// Name of the schema in a request (at most 64 of `A-Za-z0-9_-`).
const SCHEMA_NAME: &str = "answer";

/// Members of a request that some servers or models refuse, and that can be done without or said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Feature {
    /// `response_format` at its present strength.
    ResponseFormat,
    /// `temperature`: reasoning models of OpenAI allow only 1.
    Temperature,
    /// `seed`.
    Seed,
    /// The name of the limit of tokens: `max_tokens` or `max_completion_tokens`.
    TokenLimit,
}

/// How requests are written for one server; changes when it refuses something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    /// How the schema is sent.
    pub(super) profile: ProviderProfile,
    temperature: bool,
    seed: bool,
    /// Whether the limit is called `max_completion_tokens`.
    completion_limit: bool,
}

impl Dialect {
    /// What a server of this profile is expected to take. Only OpenAI itself is strict, and there `max_tokens` is gone for
    /// new models.
    pub(super) fn of(profile: ProviderProfile) -> Self {
        Self { profile, temperature: true, seed: true, completion_limit: profile == ProviderProfile::JsonSchema }
    }

    /// Does without what was refused; `None` when there is nothing left to do without.
    pub(super) fn without(mut self, feature: Feature) -> Option<Self> {
        let before = self;
        match feature {
            Feature::Temperature => self.temperature = false,
            Feature::Seed => self.seed = false,
            Feature::TokenLimit => self.completion_limit = !self.completion_limit,
            Feature::ResponseFormat => {
                let weaker = ProviderProfile::ALL.into_iter().skip_while(|profile| *profile != self.profile).nth(1);
                self.profile = weaker.unwrap_or(self.profile);
            }
        }
        (self != before).then_some(self)
    }
}

/// What one request asks for.
#[derive(Debug, Clone)]
pub(super) struct Asked<'a> {
    /// The model's name at the server.
    pub(super) model: &'a str,
    /// `{role, content}` in order.
    pub(super) messages: &'a [Value],
    /// The schema as it is sent.
    pub(super) schema: &'a Value,
    /// Whether the schema is of the strict subset.
    pub(super) strict: bool,
    /// Most tokens of the answer.
    pub(super) max_tokens: u32,
    /// 0 to 2.
    pub(super) temperature: f64,
    /// Makes answers repeatable.
    pub(super) seed: i64,
}

/// The body of a request.
pub(super) fn body(asked: &Asked<'_>, dialect: Dialect) -> Value {
    let mut body = json!({ "model": asked.model, "messages": asked.messages, "stream": false });
    let limit = if dialect.completion_limit { "max_completion_tokens" } else { "max_tokens" };
    body[limit] = asked.max_tokens.into();
    if dialect.temperature {
        body["temperature"] = asked.temperature.into();
    }
    if dialect.seed {
        body["seed"] = asked.seed.into();
    }
    match dialect.profile {
        ProviderProfile::JsonSchema | ProviderProfile::Relaxed => {
            body["response_format"] = json!({
                "type": "json_schema",
                "json_schema": {"name": SCHEMA_NAME, "strict": asked.strict, "schema": asked.schema}
            });
        }
        ProviderProfile::JsonObject => body["response_format"] = json!({"type": "json_object"}),
        ProviderProfile::Prompt => {}
    }
    body
}

/// Why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finish {
    /// It was done, or the server does not say.
    Stop,
    /// The limit of tokens cut it off.
    Length,
    /// A filter of the provider held it back.
    ContentFilter,
}

/// Tokens as the server counted them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub(super) struct Usage {
    /// Sent.
    #[serde(default)]
    pub(super) prompt_tokens: u64,
    /// Received, those of hidden reasoning included.
    #[serde(default)]
    pub(super) completion_tokens: u64,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    /// The text of the answer; empty when there is none.
    pub(super) content: String,
    /// Why it ends.
    pub(super) finish: Finish,
    /// Why the model refuses, in its words.
    pub(super) refusal: Option<String>,
    /// What it cost; some servers do not say.
    pub(super) usage: Option<Usage>,
}

/// Reads a successful answer.
///
/// # Errors
/// What is wrong with it, for people.
pub(super) fn reply(body: &[u8]) -> Result<Reply, String> {
    let body: Value = serde_json::from_slice(body).map_err(|_error| "the answer is no JSON".to_owned())?;
    let choice = body.pointer("/choices/0").ok_or("the answer has no choices")?;
    let message = choice.get("message").filter(|message| message.is_object()).ok_or("the answer has no message")?;
    let finish = match choice.get("finish_reason").and_then(Value::as_str) {
        Some("length" | "max_tokens") => Finish::Length,
        Some("content_filter") => Finish::ContentFilter,
        _ => Finish::Stop,
    };
    let refusal = message.get("refusal").and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let usage = body.get("usage").filter(|usage| usage.is_object()).cloned();
    let usage: Option<Usage> = usage.and_then(|usage| serde_json::from_value(usage).ok());
    // A server that counts nothing says 0.
    let usage = usage.filter(|usage| usage.prompt_tokens + usage.completion_tokens > 0);
    Ok(Reply { content: content(message), finish, refusal, usage })
}

/// The text of a message: a text, a list of parts, the arguments of a call that the model made up, or, where a server
/// mistook the whole answer for thoughts, those.
fn content(message: &Value) -> String {
    let text = match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts.iter().filter_map(|part| part.get("text")?.as_str()).collect(),
        _ => String::new(),
    };
    if !text.trim().is_empty() {
        return text;
    }
    let call =
        message.pointer("/tool_calls/0/function/arguments").or_else(|| message.pointer("/function_call/arguments"));
    let thoughts = ["reasoning_content", "reasoning"].iter().find_map(|name| message.get(*name));
    call.or(thoughts).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// What a server says of an error.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ServerError {
    /// Its words.
    pub(super) message: String,
    /// The member of the request that it names.
    pub(super) param: Option<String>,
    /// Its code and type, as one text.
    pub(super) code: String,
}

/// Reads an error in any of its envelopes: `{"error": {…}}` (OpenAI, llama.cpp, Ollama, vLLM), `{"object": "error", …}`
/// (older vLLM), `{"error": "…"}` (Ollama), `{"detail": …}` (servers on FastAPI), or plain text (proxies).
pub(super) fn server_error(body: &[u8]) -> ServerError {
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return ServerError { message: excerpt(&String::from_utf8_lossy(body)), ..ServerError::default() };
    };
    let inner = body.get("error").or_else(|| body.get("detail")).unwrap_or(&body);
    let text = |name: &str| inner.get(name).and_then(Value::as_str);
    let message = text("message").or_else(|| inner.as_str()).map_or_else(|| inner.to_string(), str::to_owned);
    let code = [text("code"), text("type")].into_iter().flatten().collect::<Vec<_>>().join(" ");
    ServerError { message: excerpt(&message), param: text("param").map(str::to_owned), code }
}

impl ServerError {
    fn says(&self, words: &[&str]) -> bool {
        let message = self.message.to_lowercase();
        words.iter().any(|word| message.contains(word))
    }

    /// Whether prompt and answer do not fit into the model's context.
    pub(super) fn is_too_long(&self) -> bool {
        self.code.contains("context_length_exceeded")
            || self.code.contains("exceed_context_size")
            || self.says(&[
                "maximum context length",
                "context size",
                "context window",
                "max_model_len",
                "input is too long",
            ])
    }

    /// The member of the request that can be done without and is refused.
    pub(super) fn refused(&self) -> Option<Feature> {
        let names = |param: &str| self.param.as_deref().is_some_and(|named| named.starts_with(param));
        if names("response_format")
            || self.says(&["response_format", "json_schema", "json schema", "structured output", "grammar", "guided"])
        {
            return Some(Feature::ResponseFormat);
        }
        if names("max_tokens") || names("max_completion_tokens") || self.says(&["max_completion_tokens"]) {
            return Some(Feature::TokenLimit);
        }
        if names("temperature") || self.says(&["'temperature'"]) {
            return Some(Feature::Temperature);
        }
        (names("seed") || self.says(&["'seed'"])).then_some(Feature::Seed)
    }
}

/// The beginning of a text, on one line.
fn excerpt(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(300) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
