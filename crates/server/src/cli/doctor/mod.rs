//! `doctor`: looks at everything the server needs, one line each, and says what to do about what is wrong.
//!
//! While another millrace has the data folder, its database is looked at beside it and it is asked over HTTP how it is.

mod database;
mod machine;
mod orphans;
mod report;

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::Settings;
use report::Report;

/// What `doctor` takes.
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Put right what can be: apply migrations, remove orphaned objects and expired receipts
    #[arg(long)]
    fix: bool,
    /// How old an object must be to count as an orphan, in seconds [default: the configured objects.orphan_grace_seconds]
    #[arg(long, value_name = "SECONDS")]
    orphan_grace: Option<u64>,
}

/// Runs every check.
///
/// # Errors
/// When the report cannot be printed. What the checks find is in the report and the exit code.
pub(super) async fn run(args: DoctorArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let mut report = Report::default();
    let config = match settings.load() {
        Ok(config) => config,
        Err(error) => {
            report.fail("configuration", &format!("{error:#}"))?;
            return report.finish();
        }
    };
    report.ok("configuration", &machine::configuration(&config))?;
    if !machine::data_folder(&config, &mut report)? {
        return report.finish();
    }
    let is_held = machine::holder(&config, settings, &mut report).await?;
    machine::parsers(&mut report).await?;
    machine::engines(&config, &mut report).await?;
    let configured = config.objects.orphan_grace_seconds;
    let asked = args.orphan_grace.unwrap_or(configured);
    // Files that a running server is just receiving have no rows yet.
    let grace = Duration::from_secs(if is_held { asked.max(configured) } else { asked });
    database::check(&config, database::Plan { fix: args.fix, grace }, &mut report).await?;
    report.finish()
}
