//! The document pipeline: parsers, transforms, the executor over both, and the catalogue that speaks for them.

use std::sync::Arc;

use anyhow::Context;
use millrace_domain::ports::{ObjectStore, ParseCache};
use millrace_pipeline_handlers::catalog::Catalog;
use millrace_pipeline_handlers::engine::EngineChain;
use millrace_pipeline_handlers::executor::{DocumentExecutor, ExecutorParts};
use millrace_pipeline_handlers::limits::ParserLimits;
use millrace_pipeline_handlers::pool::{ParserPool, PoolConfig, WorkerCommand};
use millrace_pipeline_handlers::transform::extract::{ExtractLimits, ExtractTransform};
use millrace_pipeline_handlers::transform::{Transform, Transforms};

use super::engines;
use crate::config::Config;

/// The document pipeline.
pub(super) struct Documents {
    /// Runs tasks and tries rules.
    pub executor: Arc<DocumentExecutor>,
    /// Speaks for it.
    pub catalog: Arc<Catalog>,
}

/// Makes the pipeline. Earlier parses are found in `cache`; `warm` parser processes are started at once.
pub(super) fn documents(
    config: &Config,
    objects: Arc<dyn ObjectStore>,
    cache: Arc<dyn ParseCache>,
    command: Option<WorkerCommand>,
    warm: usize,
) -> anyhow::Result<Documents> {
    let limits = limits(config);
    let pool = pool(config, command, warm)?;
    let engines = engines::engines(&config.parsers, &limits, &pool)?;
    let engines = Arc::new(EngineChain::new(engines, limits.clone()));
    let transforms = Arc::new(Transforms::with(transforms()));
    let executor = DocumentExecutor::new(ExecutorParts {
        store: objects,
        engines: Arc::clone(&engines),
        transforms: Arc::clone(&transforms),
        cache: Some(cache),
        limits: limits.clone(),
    });
    let catalog = Catalog::new(engines, transforms, limits, Vec::new());
    Ok(Documents { executor: Arc::new(executor), catalog: Arc::new(catalog) })
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
fn transforms() -> Vec<Arc<dyn Transform>> {
    vec![Arc::new(ExtractTransform::new(ExtractLimits::default()))]
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
        memory_bytes: parsers.memory_bytes,
        cpu_seconds: parsers.cpu_seconds,
        wall_seconds: parsers.wall_seconds,
    }
}
