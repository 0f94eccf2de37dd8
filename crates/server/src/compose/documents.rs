//! The document pipeline: parsers, transforms, the executor over both, and the catalogue that speaks for them.

use std::sync::Arc;

use anyhow::Context;
use millrace_domain::ports::{CallbackInbox, Clock, ObjectStore, ParseCache, ProviderDirectory, SecretVault};
use millrace_pipeline_handlers::catalog::Catalog;
use millrace_pipeline_handlers::engine::EngineChain;
use millrace_pipeline_handlers::executor::{DocumentExecutor, ExecutorParts, ImageSettings};
use millrace_pipeline_handlers::limits::ParserLimits;
use millrace_pipeline_handlers::pool::{ParserPool, PoolConfig, WorkerCommand};
use millrace_pipeline_handlers::transform::extract::{ExtractLimits, ExtractTransform};
use millrace_pipeline_handlers::transform::llm::{LlmSettings, LlmTransform};
use millrace_pipeline_handlers::transform::{Transform, Transforms};
use millrace_repository::Stores;
use millrace_repository::provider_directory::StoredProviders;
use millrace_repository::token_budget::DailyTokenBudget;

use super::engines;
use super::providers::ConfiguredProviders;
use crate::config::{Config, ExtractConfig, ImagesConfig, LlmConfig};

/// The document pipeline.
pub(super) struct Documents {
    /// Runs tasks and tries rules.
    pub executor: Arc<DocumentExecutor>,
    /// Speaks for it.
    pub catalog: Arc<Catalog>,
    /// Takes what remote services send, where they were told to.
    pub callbacks: Option<Arc<dyn CallbackInbox>>,
}

/// What the pipeline is made of.
pub(super) struct DocumentParts<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// What is counted.
    pub stores: &'a Stores,
    /// Sources and artifacts.
    pub objects: Arc<dyn ObjectStore>,
    /// Opens the keys of providers that users have stored.
    pub vault: Arc<dyn SecretVault>,
    /// Earlier parses.
    pub cache: Arc<dyn ParseCache>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How parser processes are started; this very program by default.
    pub command: Option<WorkerCommand>,
    /// Parser processes that are started at once.
    pub warm: usize,
}

/// Makes the pipeline.
pub(super) fn documents(parts: DocumentParts<'_>) -> anyhow::Result<Documents> {
    let DocumentParts { config, stores, objects, cache, vault, clock, command, warm } = parts;
    let limits = limits(config);
    let pool = pool(config, command, warm)?;
    let callbacks = engines::callbacks(&config.parsers);
    let engines = engines::engines(&config.parsers, callbacks.as_ref(), &limits, &pool)?;
    let engines = Arc::new(EngineChain::new(engines, limits.clone()));
    let configured = Arc::new(ConfiguredProviders::new(&config.llm));
    let capabilities = configured.capabilities();
    let providers = Arc::new(StoredProviders::new(configured, Arc::clone(&stores.providers), vault));
    let transforms = Arc::new(Transforms::with(transforms(config, stores, clock, providers)?));
    let executor = DocumentExecutor::new(ExecutorParts {
        store: objects,
        engines: Arc::clone(&engines),
        transforms: Arc::clone(&transforms),
        cache: Some(cache),
        limits: limits.clone(),
        pool: Some(pool),
        images: image_settings(&config.llm.images),
    });
    let catalog = Catalog::new(engines, transforms, limits, capabilities);
    let callbacks = callbacks.map(|callbacks| callbacks as _);
    Ok(Documents { executor: Arc::new(executor), catalog: Arc::new(catalog), callbacks })
}

/// The parser processes.
fn pool(config: &Config, command: Option<WorkerCommand>, warm: usize) -> anyhow::Result<Arc<ParserPool>> {
    let command = match command {
        Some(command) => command,
        None => WorkerCommand::current_exe().context("this program's own path is unknown")?,
    };
    let parsers = &config.parsers;
    ParserPool::start(PoolConfig {
        size: parsers.workers_or_default() as usize,
        warm,
        documents_per_child: parsers.documents_per_worker,
        ..PoolConfig::new(command)
    })
    .context("the parser processes cannot be started")
}

/// Every transform beside `skip`.
fn transforms(
    config: &Config,
    stores: &Stores,
    clock: Arc<dyn Clock>,
    providers: Arc<dyn ProviderDirectory>,
) -> anyhow::Result<Vec<Arc<dyn Transform>>> {
    let LlmConfig { daily_tokens_per_project, max_chunks, request_attempts, allow_private_networks, .. } = config.llm;
    let budget = DailyTokenBudget::new(Arc::clone(&stores.usage), Arc::clone(&clock), daily_tokens_per_project);
    let settings = LlmSettings { max_chunks, request_attempts, allow_private_networks };
    let llm = LlmTransform::new(providers, Arc::new(budget), clock, settings)
        .map_err(|error| anyhow::anyhow!(error).context("language models cannot be called"))?;
    Ok(vec![Arc::new(ExtractTransform::new(extract_limits(&config.rules.extract))), Arc::new(llm)])
}

fn extract_limits(config: &ExtractConfig) -> ExtractLimits {
    ExtractLimits {
        max_fields: config.max_fields as usize,
        max_depth: config.max_depth as usize,
        max_regex_bytes: config.max_regex_bytes as usize,
        max_regex_memory: config.max_regex_memory_bytes as usize,
        max_values: config.max_values as usize,
        max_output_bytes: config.max_output_bytes,
        max_scanned_bytes: config.max_scanned_bytes,
        max_cells: config.max_cells,
    }
}

fn image_settings(config: &ImagesConfig) -> ImageSettings {
    let ImagesConfig { max_pages, dpi, max_pixels, max_bytes } = *config;
    ImageSettings { max_pages, dpi, max_pixels, max_bytes }
}

fn limits(config: &Config) -> ParserLimits {
    let parsers = &config.parsers;
    ParserLimits {
        max_file_bytes: parsers.max_file_bytes,
        max_in_process_bytes: parsers.max_in_process_bytes,
        max_pages: parsers.max_pages,
        max_zip_entries: parsers.max_zip_entries as usize,
        max_archive_depth: parsers.max_archive_depth,
        max_uncompressed_bytes: parsers.max_uncompressed_bytes,
        max_compression_ratio: parsers.max_compression_ratio,
        max_output_bytes: parsers.max_output_bytes,
        max_inline_rows: parsers.max_inline_rows as usize,
        max_inline_bytes: parsers.max_inline_bytes,
        max_rows_bytes: parsers.max_rows_bytes,
        memory_bytes: parsers.memory_bytes,
        cpu_seconds: parsers.cpu_seconds,
        wall_seconds: parsers.wall_seconds,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_made_as_configured() {
        assert_eq!(image_settings(&ImagesConfig::default()), ImageSettings::default());
    }

    #[test]
    fn the_limits_of_extract_are_those_of_the_configuration() {
        assert_eq!(extract_limits(&ExtractConfig::default()), ExtractLimits::default());
        let few = ExtractConfig { max_cells: 7, max_fields: 3, ..ExtractConfig::default() };
        assert_eq!(extract_limits(&few), ExtractLimits { max_cells: 7, max_fields: 3, ..ExtractLimits::default() });
    }
}
