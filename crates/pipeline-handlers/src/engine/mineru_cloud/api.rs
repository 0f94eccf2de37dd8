//! The API of mineru.net: its envelope, its states, and what they mean.

use reqwest::RequestBuilder;
use serde::Deserialize;
use serde_json::Value;

use super::codes::{Meaning, meaning};
use crate::engine::remote::{Asked, Http, told, tried};
use crate::engine::{EngineFailure, ParseProgress};
use crate::failure::FailureCode;

/// What every answer is wrapped in: of the API, or of the gateway before it.
#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    code: Value,
    #[serde(default, rename = "msgCode")]
    gateway_code: Option<String>,
    #[serde(default)]
    msg: String,
    #[serde(default)]
    data: Value,
}

/// How far a file is.
#[derive(Deserialize)]
struct State {
    state: String,
    #[serde(default)]
    full_zip_url: Option<String>,
    #[serde(default)]
    err_msg: Option<String>,
    #[serde(default)]
    err_code: Option<Value>,
    #[serde(default)]
    extract_progress: Option<Progress>,
}

#[derive(Deserialize)]
struct Progress {
    #[serde(default)]
    extracted_pages: u32,
    #[serde(default)]
    total_pages: u32,
}

/// A task at the service.
pub(super) enum Ticket {
    Batch(String),
    Task(String),
}

impl Ticket {
    /// Where it is asked after.
    pub(super) fn path(&self) -> String {
        match self {
            Self::Batch(id) => format!("/extract-results/batch/{}", told(id)),
            Self::Task(id) => format!("/extract/task/{}", told(id)),
        }
    }

    /// Its id.
    pub(super) fn into_id(self) -> String {
        match self {
            Self::Batch(id) | Self::Task(id) => id,
        }
    }
}

/// What a request of the API gave.
pub(super) enum Answered {
    Data(Value),
    /// The service does not know the task.
    Lost,
}

/// Sends a request of the API and opens the envelope of its answer.
pub(super) async fn call(http: &Http, request: RequestBuilder) -> Result<Answered, EngineFailure> {
    let response = http.send(request).await?;
    let status = response.status();
    // A busy or broken gateway answers anything; its status and Retry-After say more than its body.
    if status.is_server_error() || matches!(status.as_u16(), 408 | 429) || status.is_redirection() {
        return Err(http.refusal(response).await);
    }
    let envelope: Envelope = match http.json(response).await {
        Ok(envelope) => envelope,
        Err(_no_envelope) if status.as_u16() == 401 || status.as_u16() == 403 => {
            let text = "mineru.net does not accept the configured token";
            return Err(tried(FailureCode::ParserUnauthorized, text));
        }
        Err(failure) => return Err(failure),
    };
    let code = envelope.gateway_code.or(match &envelope.code {
        Value::String(code) => Some(code.clone()),
        Value::Number(code) => Some(code.to_string()),
        _ => None,
    });
    match code.as_deref() {
        Some("0") => Ok(Answered::Data(envelope.data)),
        Some(code) => match meaning(code, &envelope.msg) {
            Meaning::Failure(failure) => Err(failure),
            Meaning::Lost => Ok(Answered::Lost),
        },
        None => Err(not_understood("it has no code")),
    }
}

/// How far the task of an answer is; done, it has the address of its result.
pub(super) fn state(mut data: Value, progress: &dyn ParseProgress) -> Result<Asked<String>, EngineFailure> {
    // Of a batch, the state of its only file.
    let state = match data.get_mut("extract_result") {
        Some(results) => results[0].take(),
        None => data,
    };
    let state: State = serde_json::from_value(state).map_err(not_understood)?;
    if let Some(Progress { extracted_pages, total_pages }) = state.extract_progress {
        progress.pages(extracted_pages, total_pages);
    }
    match state.state.as_str() {
        "waiting-file" | "pending" | "running" | "converting" => Ok(Asked::Waits),
        "done" => {
            let url = state.full_zip_url.filter(|url| !url.is_empty());
            url.map(Asked::Done).ok_or_else(|| not_understood("a result without an address"))
        }
        "failed" => {
            let message = state.err_msg.unwrap_or_default();
            let code = state.err_code.map(|code| code.as_str().map_or_else(|| code.to_string(), str::to_owned));
            match meaning(code.as_deref().unwrap_or("failed"), &message) {
                Meaning::Failure(failure) => Ok(Asked::Failed(failure)),
                Meaning::Lost => Ok(Asked::Lost),
            }
        }
        other => Err(not_understood(format!("its state is {other:?}"))),
    }
}

/// A text of an answer that must be there.
pub(super) fn text(data: &Value, key: &str) -> Result<String, EngineFailure> {
    let found = data.get(key).and_then(Value::as_str);
    found.map(str::to_owned).ok_or_else(|| not_understood(format!("it has no {key}")))
}

/// The failure for an answer that the protocol does not have.
pub(super) fn not_understood(detail: impl std::fmt::Display) -> EngineFailure {
    tried(FailureCode::ParserProtocol, format!("the answer of mineru.net is not understood: {detail}"))
}
