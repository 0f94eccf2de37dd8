//! The configuration, the data folder, and the parser processes: what needs no database.

use anyhow::Context;
use bytes::Bytes;
use millrace_pipeline_handlers::limits::ParserLimits;
use millrace_pipeline_handlers::pool::{ParseJob, ParserPool, PoolConfig, WorkerCommand, WorkerInput};

use super::super::Settings;
use super::super::api_client::{ApiClient, ServerArgs};
use super::super::wire::Readiness;
use super::report::Report;
use crate::compose;
use crate::config::{Config, StoreKind};
use crate::embedded_postgres::PostgresError;

const DOCUMENT: &str = "<!doctype html><html><body><h1>Millrace</h1><p>It works.</p></body></html>";

/// What is configured, in a few words.
pub(super) fn configuration(config: &Config) -> String {
    let rows = match (&config.store, &config.database.url) {
        (StoreKind::Memory, _) => "in memory".to_owned(),
        (StoreKind::Postgres, Some(url)) => format!("in {}", url.redacted()),
        (StoreKind::Postgres, None) => "in a private Postgres".to_owned(),
    };
    let objects = config.objects.url.as_deref().unwrap_or(match config.store {
        StoreKind::Memory => "memory",
        StoreKind::Postgres => "the data folder",
    });
    format!("rows {rows}, objects in {objects}, HTTP on {}", config.server.bind)
}

/// Whether the folder can be used; if not, nothing else can be looked at.
///
/// # Errors
/// When the report cannot be printed; so below.
pub(super) fn data_folder(config: &Config, report: &mut Report) -> anyhow::Result<bool> {
    let local = config.database.url.is_none() || config.objects.url.is_none();
    if config.store == StoreKind::Memory || !local {
        report.ok("data folder", "not needed")?;
        return Ok(true);
    }
    let folder = match compose::data_dir(config) {
        Ok(folder) => folder,
        Err(error) => {
            report.fail("data folder", &format!("{error:#}; set data_dir to a folder that this user can write"))?;
            return Ok(false);
        }
    };
    let place = folder.path().display();
    match tempfile::tempfile_in(folder.path()) {
        Ok(_removed_by_itself) => report.ok("data folder", &format!("{place} can be written"))?,
        Err(error) => {
            report.fail(
                "data folder",
                &format!("{place} cannot be written: {error}; give it to this user, or set data_dir"),
            )?;
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether another millrace has the data folder; if so, how it is.
pub(super) async fn holder(config: &Config, settings: &Settings, report: &mut Report) -> anyhow::Result<bool> {
    let local = config.database.url.is_none() || config.objects.url.is_none();
    if config.store == StoreKind::Memory || !local {
        return Ok(false);
    }
    let who = match compose::data_dir(config)?.lock() {
        // Given back at once: the checks that follow take it themselves.
        Ok(_lock) => {
            report.ok("server", "none runs on this data folder")?;
            return Ok(false);
        }
        Err(PostgresError::Locked { pid, .. }) => {
            pid.map_or_else(|| "a millrace".to_owned(), |pid| format!("millrace, process {pid},"))
        }
        Err(error) => {
            report.fail("server", &format!("{:#}", anyhow::Error::from(error)))?;
            return Ok(false);
        }
    };
    // Of this folder, so wherever MILLRACE_URL points does not matter.
    let api = ApiClient::new(&ServerArgs { server: None, api_key: None }, settings)?;
    match api.get::<Readiness>("/readyz", &[]).await {
        Ok(ready) => {
            let text = format!("{who} runs and is ready: {} tasks wait, {} run", ready.pending, ready.running);
            report.ok("server", &text)?;
        }
        Err(error) => {
            let text = format!(
                "{who} has the data folder, but is not ready at {}: {:#}",
                api.base(),
                anyhow::Error::from(error)
            );
            report.warn("server", &format!("{text}; a worker serves no HTTP, else look at its log"))?;
        }
    }
    Ok(true)
}

/// Whether a parser process starts and reads a document.
pub(super) async fn parsers(report: &mut Report) -> anyhow::Result<()> {
    match parse().await {
        Ok(()) => report.ok("parsers", "a parser process starts and reads a document"),
        Err(error) => report.fail(
            "parsers",
            &format!("{error:#}; PDF, office and HTML files will fail. Is this program file still in its place?"),
        ),
    }
}

/// Which ways to parse there are, and whether the remote ones answer.
pub(super) async fn engines(config: &Config, report: &mut Report) -> anyhow::Result<()> {
    let engines = match compose::engine_capabilities(&config.parsers).await {
        Ok(engines) => engines,
        Err(error) => return report.fail("engines", &format!("{error:#}")),
    };
    let (answering, silent): (Vec<_>, Vec<_>) = engines.into_iter().partition(|engine| engine.available);
    let names: Vec<String> = answering
        .iter()
        .map(|engine| match &engine.version {
            Some(version) => format!("{} {version}", engine.name),
            None => engine.name.clone(),
        })
        .collect();
    report.ok("engines", &format!("tried in this order: {}", names.join(", ")))?;
    for engine in silent {
        let detail = engine.detail.unwrap_or_default();
        report.warn("engines", &format!("{} is configured and cannot be used now: {detail}", engine.name))?;
    }
    Ok(())
}

async fn parse() -> anyhow::Result<()> {
    let command = WorkerCommand::current_exe().context("this program's own path is unknown")?;
    let pool = ParserPool::start(PoolConfig { size: 1, warm: 0, ..PoolConfig::new(command) })?;
    let job = ParseJob {
        input: WorkerInput::Inline(Bytes::from_static(DOCUMENT.as_bytes())),
        filename: "doctor.html".to_owned(),
        limits: ParserLimits { wall_seconds: 10, ..ParserLimits::default() },
        options: millrace_domain::parse_options::ParseOptions::default(),
        rows: None,
    };
    let document = pool.parse(job).await.map_err(|failure| anyhow::anyhow!("{failure:?}"))?;
    let text = String::from_utf8_lossy(&document);
    anyhow::ensure!(text.contains("It works."), "a parser process read nothing of a document");
    Ok(())
}
