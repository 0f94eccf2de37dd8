//! One result: asks for each part of the document, repairs, merges.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use millrace_domain::provider::{ProviderProfile, ProviderWithSecret};
use millrace_domain::usage::TokenUse;
use millrace_domain::{Fault, TaskFailure};
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::answer;
use super::call::{Place, prompt_tokens};
use super::chunks::Chunk;
use super::contract::{Contract, Given};
use super::exchange::Exchange;
use super::failures::{self, CallError, permanent};
use super::merge::{Merged, merge};
use super::options::{CitationMode, LlmOptions};
use super::prompt::{self, Subject};
use super::protocol::{Dialect, Finish};
use super::{LlmParts, tokens, wire_schema};
use crate::transform::{PageImage, TransformInput};

/// Violations that a failure names.
const MAX_TOLD: usize = 5;

/// A part of the document with the pictures of its pages.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) chunk: Chunk,
    pub(super) images: Vec<PageImage>,
}

/// What one document's result is made with.
pub(super) struct Run<'a> {
    pub(super) parts: &'a LlmParts,
    pub(super) input: &'a TransformInput,
    pub(super) provider: Arc<ProviderWithSecret>,
    pub(super) model: String,
    pub(super) options: LlmOptions,
    pub(super) max_output: u32,
    whole: Contract,
    part: Contract,
    pub(super) dialect: Mutex<Dialect>,
    /// How often the server refused something.
    pub(super) refusals: AtomicU32,
    pub(super) exchange: Mutex<Exchange>,
    pub(super) spent: Mutex<TokenUse>,
    warnings: Mutex<Vec<String>>,
    done: AtomicU32,
}

impl<'a> Run<'a> {
    /// Prepares a run.
    ///
    /// # Errors
    /// Those of a schema that is none.
    pub(super) fn new(
        parts: &'a LlmParts,
        input: &'a TransformInput,
        provider: Arc<ProviderWithSecret>,
        model: String,
        options: LlmOptions,
    ) -> Result<Self, Fault> {
        let quotes = options.citations == CitationMode::Quotes;
        let schema = &input.rule.json_schema;
        let whole = Contract::new(schema, quotes)?;
        let part = Contract::new(&wire_schema::partial(schema), quotes)?;
        let profile = provider.definition.profile;
        let most = provider.definition.max_output_tokens;
        let run = Self {
            max_output: options.max_output_tokens.map_or(most, |wanted| wanted.min(most)),
            dialect: Mutex::new(Dialect::of(profile)),
            refusals: AtomicU32::new(0),
            exchange: Mutex::default(),
            spent: Mutex::default(),
            warnings: Mutex::default(),
            done: AtomicU32::new(0),
            parts,
            input,
            provider,
            model,
            options,
            whole,
            part,
        };
        if let (ProviderProfile::JsonSchema, Some(why)) = (profile, run.whole.not_strict()) {
            run.warn(format!("strict mode cannot express the schema ({why}); it is sent without"));
        }
        Ok(run)
    }

    /// How often a server may refuse something in one run: each kind of refusal once or, of the schema, for each profile;
    /// with many requests on their way each may be refused.
    pub(super) fn max_refusals(&self) -> u32 {
        8 + self.provider.definition.max_concurrency.saturating_mul(4)
    }

    /// Notes something that the reader of the result should know.
    pub(super) fn warn(&self, text: String) {
        let mut warnings = self.warnings.lock();
        if !warnings.contains(&text) {
            warnings.push(text);
        }
    }

    /// What was noted.
    pub(super) fn warnings(&self) -> Vec<String> {
        self.warnings.lock().clone()
    }

    /// Tokens of the document that fit into a request beside everything else.
    ///
    /// # Errors
    /// `context_too_small` when there is no room for a document.
    pub(super) fn room(&self, images: u32) -> Result<u32, TaskFailure> {
        let definition = &self.provider.definition;
        let empty = Chunk::whole("");
        // Headings and the header of a table come to each part; a repair says what was wrong.
        let spare = definition.context_tokens / 20;
        let overhead = prompt_tokens(&self.messages(&empty, &[], true)).saturating_add(spare).saturating_add(images);
        let room = definition.context_tokens.saturating_sub(self.max_output).saturating_sub(overhead);
        if room < 64 {
            return Err(permanent(
                "context_too_small",
                format!(
                    "schema, prompt and answer leave no room for the document in the {} tokens of provider '{}'",
                    definition.context_tokens, definition.name
                ),
            ));
        }
        Ok(self.options.chunk_tokens.map_or(room, |wanted| wanted.min(room)))
    }

    /// Asks for each piece and puts the results together.
    ///
    /// # Errors
    /// The first failure; the other requests are given up.
    pub(super) async fn result(&self, pieces: Vec<Piece>) -> Result<(Merged, Vec<Given>), TaskFailure> {
        let total = u32::try_from(pieces.len()).unwrap_or(u32::MAX);
        (self.input.progress)(0, total);
        let is_part = pieces.len() > 1;
        let at_once = self.provider.definition.max_concurrency.max(1) as usize;
        let answers: Vec<Vec<Given>> = stream::iter(pieces.into_iter().enumerate())
            .map(|(index, piece)| async move {
                let given = self.extract(piece, is_part, format!("{}", index + 1)).await?;
                (self.input.progress)(self.done.fetch_add(1, Ordering::Relaxed) + 1, total);
                Ok::<_, TaskFailure>(given)
            })
            .buffered(at_once)
            .try_collect()
            .await?;
        let given: Vec<Given> = answers.into_iter().flatten().collect();
        let values: Vec<Value> = given.iter().map(|given| given.value.clone()).collect();
        if let [only] = values.as_slice() {
            // Nothing to merge: the value is the one that was checked.
            let origins = BTreeMap::from([(String::new(), (0, String::new()))]);
            return Ok((Merged { value: only.clone(), origins, warnings: Vec::new() }, given));
        }
        let mut merged = merge(&values, self.options.duplicates);
        let violations = self.whole.check(&mut merged.value);
        self.input.trace.note("merge", "", || json!({"parts": values.len(), "violations": violations.len()}));
        if !violations.is_empty() {
            let told = prompt::told(&violations);
            return Err(invalid_answer("what the parts of the document say together is not valid", &told));
        }
        Ok((merged, given))
    }

    /// Asks for one piece; for smaller ones where prompt or answer turn out too long.
    fn extract(&self, piece: Piece, is_part: bool, name: String) -> BoxFuture<'_, Result<Vec<Given>, TaskFailure>> {
        async move {
            let too_long = match self.converse(&piece, is_part, &name).await? {
                Conversation::Answer(given) => return Ok(vec![given]),
                Conversation::TooLong(failure) => failure,
            };
            let Some(halves) = piece.chunk.halves().filter(|_| piece.images.is_empty()) else { return Err(too_long) };
            self.input.trace.note("split", &name, || json!({"why": too_long.code, "into": halves.len()}));
            let mut given = Vec::new();
            for (index, chunk) in halves.into_iter().enumerate() {
                let half = Piece { chunk, images: Vec::new() };
                given.extend(self.extract(half, true, format!("{name}.{}", index + 1)).await?);
            }
            Ok(given)
        }
        .boxed()
    }

    async fn converse(&self, piece: &Piece, is_part: bool, name: &str) -> Result<Conversation, TaskFailure> {
        let contract = if is_part { &self.part } else { &self.whole };
        let first = self.messages(&piece.chunk, &piece.images, is_part);
        let mut messages = first.clone();
        let mut turn = 0;
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
            let problems = match answer::read(&reply.content) {
                Ok(value) => match contract.take(value) {
                    Ok(given) => {
                        self.input.trace.note("validate", name, || json!({"turn": turn, "valid": true}));
                        return Ok(Conversation::Answer(given));
                    }
                    Err(violations) => prompt::told(&violations),
                },
                Err(problem) => vec![problem],
            };
            self.input.trace.note("validate", name, || json!({"turn": turn, "valid": false, "problems": problems}));
            if turn >= self.options.repairs() {
                return Err(invalid_answer(
                    &format!("after {turn} repairs the model's answer is not valid"),
                    &problems,
                ));
            }
            turn += 1;
            // Only the last answer is shown: earlier ones cost tokens and mislead.
            messages = self.repair(&first, &reply.content, &problems);
        }
    }

    fn messages(&self, chunk: &Chunk, images: &[PageImage], is_part: bool) -> Vec<Value> {
        let contract = if is_part { &self.part } else { &self.whole };
        prompt::messages(&Subject {
            rule: &self.input.rule,
            filename: &self.input.filename,
            schema: contract.prompt(),
            chunk,
            images,
            is_part,
            is_wrapped: contract.is_wrapped(),
            quotes: self.options.citations == CitationMode::Quotes,
        })
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

/// How the conversation about one piece ended.
enum Conversation {
    Answer(Given),
    /// With this, if the piece cannot be cut.
    TooLong(TaskFailure),
}

fn invalid_answer(what: &str, problems: &[String]) -> TaskFailure {
    let told = problems.iter().take(MAX_TOLD).map(String::as_str).collect::<Vec<_>>().join("; ");
    permanent("invalid_answer", format!("{what}: {told}"))
}
