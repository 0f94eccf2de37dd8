//! The ways to parse that the configuration names, in its order.

use std::sync::Arc;

use anyhow::Context;
use millrace_pipeline_handlers::engine::Engine;
use millrace_pipeline_handlers::engine::local::LocalEngine;
use millrace_pipeline_handlers::engine::tesseract::{self, Installation, TesseractConfig, TesseractEngine};
use millrace_pipeline_handlers::limits::ParserLimits;
use millrace_pipeline_handlers::pool::ParserPool;
use millrace_pipeline_handlers::registry;

use crate::config::{EngineName, ParsersConfig, TesseractSection};

/// Every engine that is configured and can be had.
///
/// # Errors
/// When one that is named outright cannot be had.
pub(super) fn engines(
    parsers: &ParsersConfig,
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
            EngineName::Tesseract => {
                if let Some(engine) = tesseract_engine(&parsers.tesseract, limits, pool)? {
                    engines.push(Arc::new(engine));
                }
            }
        }
    }
    Ok(engines)
}

/// Tesseract, if it is there. One that the configuration names must be.
fn tesseract_engine(
    section: &TesseractSection,
    limits: &ParserLimits,
    pool: &Arc<ParserPool>,
) -> anyhow::Result<Option<TesseractEngine>> {
    let is_wanted = section.program.is_some() || section.data_dir.is_some() || !section.languages.is_empty();
    let Some(program) = section.program.clone().or_else(tesseract::find) else {
        anyhow::ensure!(!is_wanted, "parsers.tesseract is configured, but there is no program tesseract in PATH");
        return Ok(None);
    };
    let made =
        Installation::probe(&program, section.data_dir.as_deref()).map_err(anyhow::Error::from).and_then(|found| {
            TesseractEngine::new(found, tesseract_config(section), Arc::clone(pool), limits.clone())
                .map_err(anyhow::Error::msg)
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

fn tesseract_config(section: &TesseractSection) -> TesseractConfig {
    let TesseractSection {
        program: _,
        data_dir,
        languages,
        dpi,
        max_page_pixels,
        page_segmentation,
        max_pages,
        workers: _,
        page_seconds,
        memory_bytes,
    } = section.clone();
    TesseractConfig {
        data_dir,
        languages,
        dpi,
        max_page_pixels,
        page_segmentation,
        max_pages,
        workers: section.workers_or_default(),
        page_seconds,
        memory_bytes,
    }
}
