//! One request to a model: within the budget, repeated while that may help, counted, and kept.

use std::time::Duration;

use millrace_domain::TaskFailure;
use millrace_domain::usage::{ModelName, Spent, TokenUse};
use serde_json::Value;

use super::client::NoAnswer;
use super::exchange::Turn;
use super::failures::{self, CallError};
use super::protocol::{self, Asked, Feature, Reply, Usage};
use super::run::Run;
use super::tokens;

/// Longest wait between two requests, in seconds. Who is asked to wait longer leaves that to the queue.
const MAX_WAIT_SECONDS: u64 = 15;
/// More bytes of text than any tokenizer puts into one token on average.
const MAX_BYTES_PER_TOKEN: u64 = 9;
/// Tokens that a picture is taken to cost.
pub(super) const IMAGE_TOKENS: u32 = 2_000;

/// Which request of which part.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) part: &'a str,
    pub(super) turn: u32,
}

impl Run<'_> {
    /// Asks the model. What the server refuses and can be said otherwise is said otherwise; what may pass is tried again.
    pub(super) async fn call(
        &self,
        place: Place<'_>,
        messages: &[Value],
        schemas: &super::contract::Contract,
    ) -> Result<Reply, CallError> {
        let mut attempt = 1;
        loop {
            let error = match self.call_once(place, messages, schemas).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            match error {
                CallError::Refused(feature, says) => self.do_without(feature, &says)?,
                CallError::Failed(failure) if failure.retryable && attempt < self.parts.settings.request_attempts => {
                    let wait = failure.retry_after_seconds.unwrap_or(1 << attempt.min(4));
                    if wait > MAX_WAIT_SECONDS {
                        return Err(CallError::Failed(failure));
                    }
                    self.parts.clock.sleep(Duration::from_secs(wait)).await;
                    attempt += 1;
                }
                other => return Err(other),
            }
        }
    }

    async fn call_once(
        &self,
        place: Place<'_>,
        messages: &[Value],
        schemas: &super::contract::Contract,
    ) -> Result<Reply, CallError> {
        let definition = &self.provider.definition;
        let dialect = *self.dialect.lock();
        let (schema, strict) = schemas.wire(dialect.profile);
        let asked = Asked {
            model: &self.model,
            messages,
            schema,
            strict,
            max_tokens: self.max_output,
            temperature: self.options.temperature,
            seed: self.options.seed,
        };
        let body = protocol::body(&asked, dialect);
        let prompt = prompt_tokens(messages);
        let expected = u64::from(prompt) + u64::from(self.max_output);
        let reserved = self.parts.budget.reserve(self.input.project_id, expected).await;
        let reserved = reserved.map_err(|fault| failures::of_fault(&fault))?;
        let sent = self.parts.client.send(&self.provider, &body).await;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (status, response) = match &sent {
            Ok(answer) => (Some(answer.status), text(&answer.body)),
            Err(NoAnswer::Timeout) => (None, "no answer in time".to_owned()),
            Err(NoAnswer::TooLarge) => (None, "an answer larger than is read".to_owned()),
            Err(NoAnswer::Forbidden) => (None, "not sent".to_owned()),
            Err(NoAnswer::Broken(error)) => (None, error.to_string()),
        };
        self.exchange.lock().keep(&Turn {
            part: place.part,
            turn: place.turn,
            request: &body,
            status,
            response: &response,
        });
        self.input.trace.note(
            "request",
            place.part,
            || serde_json::json!({"turn": place.turn, "profile": dialect.profile.as_str(), "status": status}),
        );
        let outcome = match sent {
            Ok(answer) if answer.status == 200 => {
                protocol::reply(&answer.body).map_err(|what| failures::bad_answer(&definition.name, &what).into())
            }
            Ok(answer) => Err(failures::of_status(&definition.name, &self.model, &answer)),
            // The server may be working on it: what was set aside counts.
            Err(error @ (NoAnswer::Timeout | NoAnswer::TooLarge)) => {
                return Err(failures::of_no_answer(&definition.name, error).into());
            }
            Err(error) => Err(failures::of_no_answer(&definition.name, error).into()),
        };
        if let Ok(Reply { usage: Some(usage), .. }) = &outcome {
            self.notice_cut(messages, *usage);
        }
        let counted = outcome.as_ref().ok().map(|reply| reply.usage.unwrap_or_else(|| guess(prompt, &reply.content)));
        let used = self.spend(status.is_some(), counted);
        let model = ModelName { provider: definition.name.clone(), model: self.model.clone() };
        // The work is done and paid for; a budget that cannot be written keeps what was set aside.
        if let Err(fault) = self.parts.budget.settle(reserved, &model, used).await {
            tracing::warn!(error = &fault as &dyn std::error::Error, "used tokens cannot be recorded");
        }
        outcome
    }

    /// Some servers drop the beginning of a prompt that is too long, without a word; only their count tells.
    fn notice_cut(&self, messages: &[Value], usage: Usage) {
        let texts = messages.iter().map(|message| message.get("content").and_then(Value::as_str).map(str::len));
        // Pictures count as nobody knows.
        let Some(bytes) = texts.sum::<Option<usize>>() else { return };
        let counted = usage.prompt_tokens;
        if counted > 0 && (bytes as u64) / counted > MAX_BYTES_PER_TOKEN {
            self.warn(format!(
                "the server counted only {counted} tokens in {bytes} bytes of prompt; it may have dropped a part, which is \
                 what Ollama does when context_tokens is more than its own"
            ));
        }
    }

    /// Says it otherwise from now on.
    fn do_without(&self, feature: Feature, says: &str) -> Result<(), TaskFailure> {
        let mut dialect = self.dialect.lock();
        let name = &self.provider.definition.name;
        let tried = self.refusals.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let Some(changed) = dialect.without(feature).filter(|_| tried < self.max_refusals()) else {
            return Err(failures::rejected(name, 400, says));
        };
        if feature == Feature::ResponseFormat {
            let text = format!(
                "provider '{name}' did not take profile {}; {} was used: {says}",
                dialect.profile.as_str(),
                changed.profile.as_str()
            );
            self.warn(text);
        }
        *dialect = changed;
        Ok(())
    }

    /// Counts one request, and what it took.
    fn spend(&self, is_answered: bool, usage: Option<Usage>) -> TokenUse {
        let Usage { prompt_tokens, completion_tokens } = usage.unwrap_or_default();
        let dollars = |tokens: u64, per_million: f64| {
            // Far below 2^52, where an f64 still holds every integer.
            #[expect(clippy::cast_precision_loss, reason = "counts of tokens are small")]
            let tokens = tokens as f64;
            tokens * per_million / 1e6
        };
        let price = self.provider.definition.price(&self.model);
        let cost = price.map(|price| dollars(prompt_tokens, price.input) + dollars(completion_tokens, price.output));
        let used = TokenUse {
            requests: is_answered.into(),
            input_tokens: prompt_tokens,
            output_tokens: completion_tokens,
            cost_usd: cost.unwrap_or_default(),
        };
        self.spent.lock().add(&used);
        if let Some(spent) = self.spent() {
            (self.input.spending)(spent);
        }
        used
    }

    /// What was spent so far; `None` while no server has answered.
    pub(super) fn spent(&self) -> Option<Spent> {
        let spent = *self.spent.lock();
        let is_priced = self.provider.definition.price(&self.model).is_some();
        (spent.requests > 0).then(|| Spent { tokens: spent.tokens(), cost_usd: is_priced.then_some(spent.cost_usd) })
    }
}

/// Tokens of messages, estimated.
pub(super) fn prompt_tokens(messages: &[Value]) -> u32 {
    let of_message = |message: &Value| match message.get("content") {
        Some(Value::String(text)) => tokens::estimate(text),
        Some(Value::Array(parts)) => parts.iter().fold(0, |sum, part| {
            let text = part.get("text").and_then(Value::as_str);
            text.map_or(IMAGE_TOKENS, tokens::estimate).saturating_add(sum)
        }),
        _ => 0,
    };
    // A few for the role and the borders of each message.
    messages.iter().fold(0, |sum, message| of_message(message).saturating_add(8).saturating_add(sum))
}

/// What a request took, where the server does not say.
fn guess(prompt: u32, answer: &str) -> Usage {
    Usage { prompt_tokens: prompt.into(), completion_tokens: tokens::estimate(answer).into() }
}
