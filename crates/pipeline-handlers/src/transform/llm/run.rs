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

use super::call::prompt_tokens;
use super::chunks::Chunk;
use super::contract::{Contract, Given};
use super::converse::Conversation;
use super::exchange::Exchange;
use super::failures::permanent;
use super::merge::Merged;
use super::options::{CitationMode, LlmOptions};
use super::prompt::{self, Subject};
use super::protocol::Dialect;
use super::{LlmParts, wire_schema};
use crate::transform::{PageImage, TransformInput};

/// A part of the document.
#[derive(Debug, PartialEq)]
pub(super) struct Piece {
    pub(super) chunk: Chunk,
    /// The page whose picture is shown with it.
    pub(super) page: Option<u32>,
}

/// What one document's result is made with.
pub(super) struct Run<'a> {
    pub(super) parts: &'a LlmParts,
    pub(super) input: &'a TransformInput,
    pub(super) provider: Arc<ProviderWithSecret>,
    pub(super) model: String,
    pub(super) options: LlmOptions,
    pub(super) max_output: u32,
    /// What is asked of the whole result.
    pub(super) whole: Contract,
    /// What is asked of the result of a part.
    part: Contract,
    pub(super) dialect: Mutex<Dialect>,
    /// How often the server refused something.
    pub(super) refusals: AtomicU32,
    pub(super) exchange: Mutex<Exchange>,
    /// Of all requests so far.
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
        let overhead = prompt_tokens(&self.messages(&empty, None, true)).saturating_add(spare).saturating_add(images);
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
        if let [only] = given.as_slice() {
            // Nothing to merge: the value is the one that was checked.
            let origins = BTreeMap::from([(String::new(), (0, String::new()))]);
            return Ok((Merged { value: only.value.clone(), origins, warnings: Vec::new() }, given));
        }
        self.put_together(given).await
    }

    /// Asks for one piece; for smaller ones where prompt or answer turn out too long.
    fn extract(&self, piece: Piece, is_part: bool, name: String) -> BoxFuture<'_, Result<Vec<Given>, TaskFailure>> {
        async move {
            let contract = if is_part { &self.part } else { &self.whole };
            let image = self.image(piece.page).await?;
            let first = self.messages(&piece.chunk, image.as_ref(), is_part);
            // Its picture is in the messages, and large.
            drop(image);
            let too_long = match self.converse(first, contract, &name, 0).await? {
                Conversation::Answer(given) => return Ok(vec![given]),
                Conversation::TooLong(failure) => failure,
            };
            let Some(halves) = piece.chunk.halves().filter(|_| piece.page.is_none()) else { return Err(too_long) };
            self.input.trace.note("split", &name, || json!({"why": too_long.code, "into": halves.len()}));
            let mut given = Vec::new();
            for (index, chunk) in halves.into_iter().enumerate() {
                let half = Piece { chunk, page: None };
                given.extend(self.extract(half, true, format!("{name}.{}", index + 1)).await?);
            }
            Ok(given)
        }
        .boxed()
    }

    /// The picture of a page, made when it is its turn: those of a long document are never in memory together.
    async fn image(&self, page: Option<u32>) -> Result<Option<PageImage>, TaskFailure> {
        match (page, &self.input.images) {
            (Some(page), Some(source)) => source.image(page).await,
            _ => Ok(None),
        }
    }

    fn messages(&self, chunk: &Chunk, image: Option<&PageImage>, is_part: bool) -> Vec<Value> {
        let contract = if is_part { &self.part } else { &self.whole };
        prompt::messages(&Subject {
            rule: &self.input.rule,
            filename: &self.input.filename,
            schema: contract.prompt(),
            chunk,
            image,
            is_part,
            is_wrapped: contract.is_wrapped(),
            quotes: self.options.citations == CitationMode::Quotes,
        })
    }
}
