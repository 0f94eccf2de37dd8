//! `serve` and `worker`: a node, from its start to its orderly end.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use metrics_exporter_prometheus::PrometheusHandle;
use millrace_domain::ProjectId;
use millrace_domain::ports::Clock;
use millrace_domain::project::ProjectDefinition;
use millrace_queue::SystemClock;
use millrace_repository::Page;

use super::lookup::DEFAULT_PROJECT;
use super::{runtime, signals, terminal};
use crate::compose::{App, AppBuilder};
use crate::config::{Config, StoreKind};
use crate::{http, telemetry};

/// Runs a whole server until a signal comes.
///
/// # Errors
/// When it cannot start, or did not stop in order.
pub(super) fn serve(config: Config) -> anyhow::Result<ExitCode> {
    let metrics = start_telemetry(&config)?;
    runtime()?.block_on(async {
        let stop = signals::stop_token()?;
        // Before anything slow, so that a port that is taken is told at once.
        let listener = http::listen(config.server.bind)?;
        let address = listener.local_addr()?;
        let Some(app) = start(&config, &metrics, &stop).await? else { return Ok(ExitCode::SUCCESS) };
        let drain = Duration::from_secs(config.queue.drain_seconds);
        let mut server = http::serve(app.api.clone(), listener, &config.server, drain)?;
        let handle = server.handle();
        terminal::print(&banner(&app, address).await?)?;
        let ended = tokio::select! {
            ended = &mut server => Some(ended),
            () = stop.cancelled() => None,
        };
        if let Some(ended) = ended {
            app.shutdown().await?;
            ended.context("the HTTP server failed")?;
            bail!("the HTTP server ended by itself");
        }
        app.queue.release_waiters();
        let (ended, ()) = tokio::join!(server, http::stop(handle));
        app.shutdown().await?;
        ended.context("the HTTP server did not stop in order")?;
        terminal::print("stopped")?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Runs a node without HTTP until a signal comes.
///
/// # Errors
/// When it cannot start, or did not stop in order.
pub(super) fn worker(mut config: Config) -> anyhow::Result<ExitCode> {
    if config.store == StoreKind::Memory {
        bail!("a worker needs a database that it shares with a server; store=memory has none");
    }
    // Nobody can call a worker, so nothing about who may call can be wrong with it.
    config.server.bind = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let metrics = start_telemetry(&config)?;
    runtime()?.block_on(async {
        let stop = signals::stop_token()?;
        let Some(app) = start(&config, &metrics, &stop).await? else { return Ok(ExitCode::SUCCESS) };
        terminal::print("working on tasks; no HTTP is served. Ctrl-C stops")?;
        stop.cancelled().await;
        app.shutdown().await?;
        terminal::print("stopped")?;
        Ok(ExitCode::SUCCESS)
    })
}

fn start_telemetry(config: &Config) -> anyhow::Result<PrometheusHandle> {
    telemetry::start_logging(&config.log)?;
    telemetry::start_metrics()
}

/// Starts everything but HTTP; nothing if a signal came meanwhile. What had been started by then is stopped by its drop.
async fn start(
    config: &Config,
    metrics: &PrometheusHandle,
    stop: &tokio_util::sync::CancellationToken,
) -> anyhow::Result<Option<App>> {
    let metrics = metrics.clone();
    let building = AppBuilder::from_config(config.clone()).metrics(Arc::new(move || metrics.render())).build();
    tokio::select! {
        app = building => Ok(Some(app?)),
        () = stop.cancelled() => Ok(None),
    }
}

/// The address, who may call, and one line to try.
async fn banner(app: &App, address: SocketAddr) -> anyhow::Result<String> {
    let url = local_url(address);
    let attempt = match app.identity.auth.local_owner {
        Some(owner) => {
            let project = some_project(app, owner).await?;
            format!(
                "echo 'hello' | curl -F project_id={project} -F 'files=@-;filename=hello.txt' {url}/api/v1/etl/upload_and_submit"
            )
        }
        None => format!("curl -H \"Authorization: Bearer $MILLRACE_API_KEY\" {url}/api/v1/etl/tasks"),
    };
    Ok(format!("listening on http://{address} — {}\ntry:  {attempt}", app.identity.summary))
}

/// A project of the local owner; at the very first start it is made, so that the line in the banner works.
async fn some_project(app: &App, owner: millrace_domain::UserId) -> anyhow::Result<ProjectId> {
    let projects = &app.stores.projects;
    if let Some(newest) = projects.list(owner, Page { before: None, limit: 1 }).await?.first() {
        return Ok(newest.id);
    }
    let definition = ProjectDefinition { name: DEFAULT_PROJECT.to_owned(), description: String::new() };
    Ok(projects.create(owner, &definition, SystemClock.now(), None).await?.id)
}

/// Where a client on this machine reaches a server that is bound to this address.
pub(super) fn local_url(bind: SocketAddr) -> String {
    let ip = match bind.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(std::net::Ipv6Addr::LOCALHOST),
    };
    format!("http://{}", SocketAddr::new(ip, bind.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_reached_from_here() {
        for (bind, url) in [
            ("127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("0.0.0.0:80", "http://127.0.0.1:80"),
            ("[::]:80", "http://[::1]:80"),
            ("192.0.2.7:8080", "http://192.0.2.7:8080"),
        ] {
            assert_eq!(local_url(bind.parse().unwrap()), url);
        }
    }
}
