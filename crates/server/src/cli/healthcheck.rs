//! `healthcheck`: for containers and scripts.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::api_client::{ApiClient, ServerArgs};
use super::wire::Readiness;
use super::{Settings, terminal};

/// What `healthcheck` takes.
#[derive(Debug, Args)]
pub(super) struct HealthcheckArgs {
    /// Address of the server [default: MILLRACE_URL, else the configured server.bind]
    #[arg(long, env = "MILLRACE_URL", value_name = "URL", hide_env = true)]
    url: Option<String>,
    /// How long to wait for an answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    timeout: u64,
}

/// Asks once.
///
/// # Errors
/// When the answer is not "ready", with the reason.
pub(super) async fn run(args: HealthcheckArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let client = ApiClient::new(&ServerArgs { server: args.url, api_key: None }, settings)?;
    let asked = tokio::time::timeout(Duration::from_secs(args.timeout), client.get::<Readiness>("/readyz", &[])).await;
    let ready = match asked {
        Ok(answer) => answer?,
        Err(_elapsed) => anyhow::bail!("no answer from {} within {} s", client.base(), args.timeout),
    };
    let closed = if ready.accepting { "" } else { ", takes no new tasks" };
    terminal::print(&format!("ready: {} tasks wait, {} run{closed}", ready.pending, ready.running))?;
    Ok(ExitCode::SUCCESS)
}
