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
mod converse;
mod exchange;
mod failures;
mod merge;
mod network;
mod options;
mod pieces;
mod prompt;
mod protocol;
mod references;
mod run;
mod strict;
mod tokens;
mod whole;
mod wire_schema;

use std::sync::Arc;

use async_trait::async_trait;
use millrace_domain::document::ParsedDocument;
use millrace_domain::ports::{Clock, ProviderDirectory, TokenBudget};
use millrace_domain::rule::{PostprocessMode, RuleDefinition};
use millrace_domain::{Fault, TaskFailure, UserId};
use serde_json::value::to_raw_value;

use self::client::ChatClient;
use self::options::{CitationMode, LlmOptions};
use self::references::Found;
use self::run::Run;
use super::citations::CitationIndex;
use super::schema::ResultSchema;
use super::{Transform, TransformError, TransformInput, Transformed, unreadable_artifact, unworkable};
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
        let options = LlmOptions::read(&input.rule.options).map_err(|fault| unworkable(&fault))?;
        let directory = &*self.parts.providers;
        let Found { provider, model } = references::find(directory, input.user_id, &input.rule, &options).await?;
        Run::new(&self.parts, input, provider, model, options).map_err(|fault| unworkable(&fault))
    }

    async fn make(&self, run: &Run<'_>, document: Arc<ParsedDocument>) -> Result<Transformed, TaskFailure> {
        let pieces = pieces::pieces(run, &document)?;
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
        let spent = run.spent();
        Ok(Transformed {
            value,
            pages,
            parser,
            warnings,
            citations,
            exchange: None,
            tokens: spent.map(|spent| spent.tokens),
            cost_usd: spent.and_then(|spent| spent.cost_usd),
        })
    }
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

    async fn check_references(&self, user: UserId, rule: &RuleDefinition) -> Result<(), Fault> {
        let options = LlmOptions::read(&rule.options)?;
        Ok(references::find(&*self.parts.providers, user, rule, &options).await.map(drop)?)
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
            Err(failure) => {
                let failure = TaskFailure { spent: run.spent(), ..failure };
                Err(TransformError { failure, exchange })
            }
        }
    }
}
