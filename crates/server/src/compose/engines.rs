//! The ways to parse that the configuration names, in its order.

use std::sync::Arc;

use anyhow::Context;
use millrace_domain::capabilities::EngineCapability;
use millrace_domain::secret::Secret;
use millrace_pipeline_handlers::engine::docling::{DoclingConfig, DoclingEngine};
use millrace_pipeline_handlers::engine::local::LocalEngine;
use millrace_pipeline_handlers::engine::mineru::{MineruConfig, MineruEngine};
use millrace_pipeline_handlers::engine::mineru_cloud::{MineruCloudConfig, MineruCloudEngine};
use millrace_pipeline_handlers::engine::remote::{Callbacks, RemoteConfig};
use millrace_pipeline_handlers::engine::tesseract::{self, Installation, TesseractConfig, TesseractEngine};
use millrace_pipeline_handlers::engine::{Engine, EngineChain};
use millrace_pipeline_handlers::limits::ParserLimits;
use millrace_pipeline_handlers::pool::{ParserPool, PoolConfig, WorkerCommand};
use millrace_pipeline_handlers::registry;

use crate::config::{DoclingSection, EngineName, MineruCloudSection, MineruSection, ParsersConfig, RemoteLimits};

/// Every engine that is configured and can be had.
///
/// # Errors
/// When one that is named outright cannot be had.
pub(super) fn engines(
    parsers: &ParsersConfig,
    callbacks: Option<&Arc<Callbacks>>,
    limits: &ParserLimits,
    pool: &Arc<ParserPool>,
) -> anyhow::Result<Vec<Arc<dyn Engine>>> {
    let mut engines: Vec<Arc<dyn Engine>> = Vec::new();
    for name in &parsers.order {
        match name {
            EngineName::Local => {
                let local = LocalEngine::new(Arc::new(registry::builtin()), Arc::clone(pool), limits.clone());
                engines.push(Arc::new(local));
            }
            EngineName::Mineru => engines.extend(mineru(&parsers.mineru, limits, pool)?),
            EngineName::MineruCloud => {
                engines.extend(mineru_cloud(&parsers.mineru_cloud, callbacks, limits, pool)?);
            }
            EngineName::Docling => engines.extend(docling(&parsers.docling, limits, pool)?),
            EngineName::Tesseract => {
                if let Some(engine) = tesseract_engine(&parsers.tesseract, limits, pool)? {
                    engines.push(Arc::new(engine));
                }
            }
        }
    }
    Ok(engines)
}

/// Where mineru.net may send word of tasks that are done, if the configuration says so.
pub(super) fn callbacks(parsers: &ParsersConfig) -> Option<Arc<Callbacks>> {
    let MineruCloudSection { callback_url, uid, .. } = &parsers.mineru_cloud;
    Some(Arc::new(Callbacks::new(callback_url.as_deref()?, uid.as_deref()?)))
}

/// What the configured engines say of themselves, without a server around them.
///
/// # Errors
/// As [`engines`].
pub(crate) async fn engine_capabilities(parsers: &ParsersConfig) -> anyhow::Result<Vec<EngineCapability>> {
    let command = WorkerCommand::current_exe().context("this program's own path is unknown")?;
    let pool = ParserPool::start(PoolConfig { size: 1, warm: 0, ..PoolConfig::new(command) })?;
    let limits = ParserLimits::default();
    let chain = EngineChain::new(engines(parsers, None, &limits, &pool)?, limits);
    Ok(chain.capabilities().await)
}

fn mineru(
    section: &MineruSection,
    limits: &ParserLimits,
    pool: &Arc<ParserPool>,
) -> anyhow::Result<Option<Arc<dyn Engine>>> {
    let MineruSection { url, backend, language, formulas, tables, limits: costs } = section.clone();
    let Some(url) = url else { return Ok(None) };
    let config = MineruConfig { remote: remote(url, None, &costs), backend, language, formulas, tables };
    let engine = MineruEngine::new(config, Arc::clone(pool), limits.clone());
    Ok(Some(Arc::new(engine.map_err(anyhow::Error::msg).context("parsers.mineru")?)))
}

fn mineru_cloud(
    section: &MineruCloudSection,
    callbacks: Option<&Arc<Callbacks>>,
    limits: &ParserLimits,
    pool: &Arc<ParserPool>,
) -> anyhow::Result<Option<Arc<dyn Engine>>> {
    let MineruCloudSection {
        token,
        url,
        hosts,
        model_version,
        language,
        formulas,
        tables,
        source_url,
        callback_url: _,
        uid: _,
        limits: costs,
    } = section.clone();
    if token.is_none() {
        return Ok(None);
    }
    let remote = remote(url, token, &costs);
    let config = MineruCloudConfig { remote, hosts, model_version, language, formulas, tables, source_url };
    let engine = MineruCloudEngine::new(config, Arc::clone(pool), limits.clone());
    let engine = engine.map_err(anyhow::Error::msg).context("parsers.mineru_cloud")?;
    Ok(Some(match callbacks {
        Some(callbacks) => Arc::new(engine.with_callbacks(Arc::clone(callbacks))),
        None => Arc::new(engine),
    }))
}

fn docling(
    section: &DoclingSection,
    limits: &ParserLimits,
    pool: &Arc<ParserPool>,
) -> anyhow::Result<Option<Arc<dyn Engine>>> {
    let DoclingSection { url, api_key, ocr_engine, ocr_languages, table_mode, wait_seconds, limits: costs } =
        section.clone();
    let Some(url) = url else { return Ok(None) };
    let remote = remote(url, api_key, &costs);
    let config = DoclingConfig { remote, ocr_engine, ocr_languages, table_mode, wait_seconds };
    let engine = DoclingEngine::new(config, Arc::clone(pool), limits.clone());
    Ok(Some(Arc::new(engine.map_err(anyhow::Error::msg).context("parsers.docling")?)))
}

fn remote(url: String, token: Option<Secret>, costs: &RemoteLimits) -> RemoteConfig {
    let RemoteLimits {
        max_file_bytes,
        max_result_bytes,
        concurrency,
        deadline_ms,
        request_timeout_ms,
        poll_first_ms,
        poll_max_ms,
        resubmissions,
    } = *costs;
    RemoteConfig {
        url,
        token,
        max_file_bytes,
        max_result_bytes,
        concurrency: concurrency as usize,
        deadline_ms,
        request_timeout_ms,
        poll_first_ms,
        poll_max_ms,
        resubmissions,
    }
}

/// Tesseract, if it is there. One that the configuration names must be.
fn tesseract_engine(
    config: &TesseractConfig,
    limits: &ParserLimits,
    pool: &Arc<ParserPool>,
) -> anyhow::Result<Option<TesseractEngine>> {
    let is_wanted = config.is_wanted();
    let Some(program) = config.program.clone().or_else(tesseract::find) else {
        anyhow::ensure!(!is_wanted, "parsers.tesseract is configured, but there is no program tesseract in PATH");
        return Ok(None);
    };
    let made =
        Installation::probe(&program, config.data_dir.as_deref()).map_err(anyhow::Error::from).and_then(|found| {
            TesseractEngine::new(found, config.clone(), Arc::clone(pool), limits.clone()).map_err(anyhow::Error::msg)
        });
    match made {
        Ok(engine) => Ok(Some(engine)),
        Err(error) if is_wanted => {
            Err(error).with_context(|| format!("parsers.tesseract: {} cannot be used", program.display()))
        }
        Err(error) => {
            tracing::warn!(program = %program.display(), %error, "tesseract cannot be used; pictures are not read");
            Ok(None)
        }
    }
}
