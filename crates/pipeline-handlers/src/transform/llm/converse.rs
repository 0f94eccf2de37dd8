//! One conversation with a model: a question, and repairs until the answer is what its contract says.

use millrace_domain::TaskFailure;
use serde_json::{Value, json};

use super::answer;
use super::call::{Place, prompt_tokens};
use super::contract::{Contract, Given};
use super::failures::{self, CallError, permanent};
use super::protocol::Finish;
use super::run::Run;
use super::{prompt, tokens};
use crate::transform::schema::SchemaViolation;

/// Violations that a failure names.
const MAX_TOLD: usize = 5;

/// How a conversation ended.
pub(super) enum Conversation {
    /// With an answer that holds.
    Answer(Given),
    /// With this, if what was asked about cannot be cut.
    TooLong(TaskFailure),
}

impl Run<'_> {
    /// Asks, and tells the model what is wrong with its answers. `turn` is the number of the first request; all but the
    /// request 0 are repairs.
    ///
    /// # Errors
    /// `invalid_answer` after the last repair, `model_refused`, `content_filtered`, and those of requests.
    pub(super) async fn converse(
        &self,
        first: Vec<Value>,
        contract: &Contract,
        name: &str,
        mut turn: u32,
    ) -> Result<Conversation, TaskFailure> {
        let mut messages = first.clone();
        loop {
            let reply = match self.call(Place { part: name, turn }, &messages, contract).await {
                Ok(reply) => reply,
                Err(CallError::TooLong) => return Ok(Conversation::TooLong(self.context_exceeded())),
                Err(CallError::Refused(_, says)) => {
                    return Err(failures::rejected(&self.provider.definition.name, 400, &says));
                }
                Err(CallError::Failed(failure)) => return Err(failure),
            };
            if let Some(refusal) = reply.refusal {
                let words: String = refusal.chars().take(300).collect();
                return Err(permanent("model_refused", format!("the model refuses to answer: {words}")));
            }
            match reply.finish {
                Finish::Stop => {}
                Finish::Length => return Ok(Conversation::TooLong(self.answer_truncated())),
                Finish::ContentFilter => {
                    return Err(permanent("content_filtered", "a filter of the provider held the answer back"));
                }
            }
            let (problems, told) = match answer::read(&reply.content) {
                Ok(value) => match contract.take(value) {
                    Ok(given) => {
                        self.input.trace.note("validate", name, || json!({"turn": turn, "valid": true}));
                        return Ok(Conversation::Answer(given));
                    }
                    Err(violations) => (
                        prompt::told(&violations),
                        violations.iter().map(SchemaViolation::without_value).collect::<Vec<_>>(),
                    ),
                },
                Err(problem) => (vec![problem.clone()], vec![problem]),
            };
            self.input.trace.note("validate", name, || json!({"turn": turn, "valid": false, "problems": problems}));
            if turn >= self.options.repairs() {
                return Err(invalid_answer(&format!("after {turn} repairs the model's answer is not valid"), told));
            }
            turn += 1;
            // Only the last answer is shown: earlier ones cost tokens and mislead.
            messages = self.repair(&first, &reply.content, &problems);
        }
    }

    fn repair(&self, first: &[Value], answer: &str, problems: &[String]) -> Vec<Value> {
        let room = self.provider.definition.context_tokens.saturating_sub(self.max_output);
        let problem_tokens = problems.iter().fold(100, |sum, problem| tokens::estimate(problem).saturating_add(sum));
        let needed = prompt_tokens(first).saturating_add(tokens::estimate(answer)).saturating_add(problem_tokens);
        let shown = (needed <= room && !answer.trim().is_empty()).then_some(answer);
        first.iter().cloned().chain(prompt::repair(shown, problems)).collect()
    }

    fn context_exceeded(&self) -> TaskFailure {
        let definition = &self.provider.definition;
        permanent(
            "context_exceeded",
            format!(
                "the smallest part of the document does not fit into the context of model '{}'; provider '{}' is configured with \
                 {} tokens",
                self.model, definition.name, definition.context_tokens
            ),
        )
    }

    fn answer_truncated(&self) -> TaskFailure {
        permanent(
            "answer_truncated",
            format!(
                "the answer for the smallest part of the document is longer than {} tokens; raise max_output_tokens",
                self.max_output
            ),
        )
    }
}

/// The failure of an answer that stays against its schema. The document's own words are not told.
pub(super) fn invalid_answer(what: &str, problems: Vec<String>) -> TaskFailure {
    let told = problems.into_iter().take(MAX_TOLD).collect::<Vec<_>>().join("; ");
    permanent("invalid_answer", format!("{what}: {told}"))
}
