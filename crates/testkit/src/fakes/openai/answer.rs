//! One answer: who may ask, what the traps make of it, and what the model says.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::flavour::Said;
use super::parameters::refused;
use super::reader::{Seen, corrected, schema_of, text_of};
use super::{FakeModel, Flavour, State, Trap};

/// Bytes of text for a token, about as real tokenizers have it for English.
const BYTES_PER_TOKEN: usize = 4;

/// Answers one request.
pub(super) async fn answer(state: &State, request: &HttpRequest, body: &[u8]) -> HttpResponse {
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
