//! The `llm` transform: a language model fills the rule's JSON Schema from the document.
//!
//! Long documents are cut into parts (`chunks`) whose results are merged (`merge`); no part is left out. Whatever a
//! server can be made to do about schemas (`contract`, `strict`), the answer is checked against the rule's own, and
//! the model is told what is wrong (`run`). Requests are counted against the project's budget (`call`). The
//! document is sent to the provider and nowhere else; what was said is kept as an artifact (`exchange`), never logged.

mod answer;
mod call;
mod chunks;
mod cite;
mod client;
mod contract;
mod exchange;
mod failures;
mod merge;
mod network;
mod options;
mod prompt;
mod protocol;
mod run;
mod strict;
mod tokens;
mod wire_schema;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use millrace_domain::document::ParsedDocument;
use millrace_domain::ports::{Clock, ProviderDirectory, TokenBudget};
use millrace_domain::rule::{PostprocessMode, RuleDefinition};
use millrace_domain::{Fault, TaskFailure};
use serde_json::value::to_raw_value;

use self::chunks::Chunk;
use self::client::ChatClient;
use self::failures::permanent;
use self::options::{CitationMode, LlmOptions};
use self::run::{Piece, Run};
use super::citations::CitationIndex;
use super::schema::ResultSchema;
use super::{PageImage, Transform, TransformError, TransformInput, Transformed, unreadable_artifact};
use crate::nul;

/// Limits and habits of an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LlmSettings {
    /// Most parts that a document is cut into before anything is asked.
    pub max_chunks: u32,
    /// Tries of one request before the task fails and waits for its next attempt.
    pub request_attempts: u32,
    /// Whether users may name providers in private networks.
    pub allow_private_networks: bool,
}

/// What the transform works with.
struct LlmParts {
    client: ChatClient,
    providers: Arc<dyn ProviderDirectory>,
    budget: Arc<dyn TokenBudget>,
    clock: Arc<dyn Clock>,
    settings: LlmSettings,
}

/// The transform of rules of mode `llm`.
pub struct LlmTransform {
    parts: LlmParts,
}

impl LlmTransform {
    /// A transform of ready components.
    ///
    /// # Errors
    /// When the TLS roots of the machine cannot be read.
    pub fn new(
        providers: Arc<dyn ProviderDirectory>,
        budget: Arc<dyn TokenBudget>,
        clock: Arc<dyn Clock>,
        settings: LlmSettings,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let client = ChatClient::new(settings.allow_private_networks)?;
        Ok(Self { parts: LlmParts { client, providers, budget, clock, settings } })
    }

    async fn prepare<'a>(&'a self, input: &'a TransformInput) -> Result<Run<'a>, TaskFailure> {
        let refused = |fault: Fault| permanent(fault.code, fault.message);
        let options = LlmOptions::read(&input.rule.options).map_err(refused)?;
        let found = self.parts.providers.get(input.user_id, options.provider.as_deref()).await;
        let Some(provider) = found.map_err(|fault| failures::of_fault(&fault))? else {
            return Err(permanent(
                "provider_not_found",
                match &options.provider {
                    Some(name) => format!("there is no provider '{name}'"),
                    None => "the rule names no provider and the installation has no default".to_owned(),
                },
            ));
        };
        let named = input.rule.model.as_ref().or(provider.definition.default_model.as_ref());
        let Some(model) = named.filter(|model| !model.is_empty()).cloned() else {
            let name = &provider.definition.name;
            return Err(permanent("model_not_named", format!("neither the rule nor provider '{name}' names a model")));
        };
        if options.images && !provider.definition.vision {
            let name = &provider.definition.name;
            return Err(permanent(
                "vision_not_supported",
                format!("provider '{name}' is not configured to see images"),
            ));
        }
        Run::new(&self.parts, input, provider, model, options).map_err(refused)
    }

    async fn make(&self, run: &Run<'_>, document: Arc<ParsedDocument>) -> Result<Transformed, TaskFailure> {
        let pieces = self.pieces(run, &document).await?;
        run.input.trace.note("chunk", "", || serde_json::json!({"parts": pieces.len()}));
        let (mut merged, given) = run.result(pieces).await?;
        merged.warnings.drain(..).for_each(|warning| run.warn(warning));
        if nul::strip_value(&mut merged.value) {
            run.warn("NUL characters were removed from data".to_owned());
        }
        let value = to_raw_value(&merged.value).map_err(|_error| unreadable_artifact())?;
        let (pages, parser) = (document.pages, document.parser.clone());
        let warnings = document.warnings.iter().cloned().chain(run.warnings()).collect();
        let citations = match run.options.citations {
            CitationMode::Off => None,
            CitationMode::Quotes | CitationMode::Lookup => {
                let work = move || cite::cite(&merged, &given, &CitationIndex::of(&document));
                Some(tokio::task::spawn_blocking(work).await.map_err(|_panic| unreadable_artifact())?)
            }
        };
        let spent = *run.spent.lock();
        let is_priced = run.provider.definition.price(&run.model).is_some();
        Ok(Transformed {
            value,
            pages,
            parser,
            warnings,
            citations,
            exchange: None,
            tokens: Some(spent.tokens),
            cost_usd: is_priced.then_some(spent.cost_usd),
        })
    }

    /// The parts of the document, each small enough for a request.
    async fn pieces(&self, run: &Run<'_>, document: &ParsedDocument) -> Result<Vec<Piece>, TaskFailure> {
        let images = self.images(run).await?;
        let pieces: Vec<Piece> = if images.is_empty() {
            let room = run.room(0)?;
            let cut = chunks::split(&document.markdown, room).into_iter();
            cut.filter(|chunk| !chunk.text.trim().is_empty()).map(|chunk| Piece { chunk, images: Vec::new() }).collect()
        } else {
            by_page(document, images, run.room(call::IMAGE_TOKENS)?)
        };
        let most = self.parts.settings.max_chunks;
        if pieces.is_empty() {
            return Err(permanent("document_empty", "the document has no text to ask about"));
        }
        if pieces.len() > most as usize {
            return Err(permanent(
                "document_too_long",
                format!("the document would have to be cut into {} parts; llm.max_chunks is {most}", pieces.len()),
            ));
        }
        Ok(pieces)
    }

    async fn images(&self, run: &Run<'_>) -> Result<Vec<PageImage>, TaskFailure> {
        if !run.options.images {
            return Ok(Vec::new());
        }
        let images = match &run.input.images {
            Some(source) => source.images().await?,
            None => Vec::new(),
        };
        if images.is_empty() {
            run.warn("this kind of file cannot be shown as images; the model was given its text".to_owned());
        }
        Ok(images)
    }
}

/// One part for each page that is shown, with the text of the page; text that is too long goes on without the picture,
/// as does that of pages that are not shown.
fn by_page(document: &ParsedDocument, images: Vec<PageImage>, room: u32) -> Vec<Piece> {
    let only = document.pages <= 1;
    let mut texts: BTreeMap<u32, String> = BTreeMap::new();
    if only {
        texts.insert(1, document.markdown.clone());
    }
    for block in document.blocks.iter().filter(|_| !only) {
        let text = texts.entry(block.page).or_default();
        text.push_str(&block.text);
        text.push_str("\n\n");
    }
    let mut shown: BTreeMap<u32, Vec<PageImage>> = BTreeMap::new();
    for image in images {
        texts.entry(image.page).or_default();
        shown.entry(image.page).or_default().push(image);
    }
    let mut pieces = Vec::new();
    for (page, text) in texts {
        let mut images = shown.remove(&page).unwrap_or_default();
        let mut chunks = chunks::split(&text, room);
        if chunks.is_empty() {
            chunks.push(Chunk::whole(""));
        }
        for chunk in chunks {
            let images = std::mem::take(&mut images);
            if !images.is_empty() || !chunk.text.trim().is_empty() {
                pieces.push(Piece { chunk, images });
            }
        }
    }
    pieces
}

#[async_trait]
impl Transform for LlmTransform {
    fn mode(&self) -> PostprocessMode {
        PostprocessMode::Llm
    }

    fn check(&self, rule: &RuleDefinition) -> Result<(), Fault> {
        LlmOptions::read(&rule.options)?;
        ResultSchema::compile(&rule.json_schema)?;
        // What is made from the schema for parts of long documents has to be a schema too.
        ResultSchema::compile(&wire_schema::partial(&rule.json_schema)).map(drop)
    }

    async fn apply(&self, input: TransformInput) -> Result<Transformed, TransformError> {
        let parsed = input.parsed.clone();
        let reading = tokio::task::spawn_blocking(move || serde_json::from_slice::<ParsedDocument>(&parsed));
        let document = reading.await.map_err(|_panic| unreadable_artifact())?.map_err(|error| {
            tracing::error!(%error, "a parsed document cannot be read");
            unreadable_artifact()
        })?;
        let run = self.prepare(&input).await?;
        let made = self.make(&run, Arc::new(document)).await;
        let exchange = Some(run.exchange.lock().bytes(&run.provider.definition.name, &run.model));
        match made {
            Ok(made) => Ok(Transformed { exchange, ..made }),
            Err(failure) => Err(TransformError { failure, exchange }),
        }
    }
}
