//! Other job queues on the same Postgres, run by the crate in `bench/peers`, which is no part of the workspace.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};

use crate::arguments::Scale;
use crate::cluster::{Cluster, runtime};
use crate::figure::{Figure, grouped, rate};

const MANIFEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../bench/peers/Cargo.toml");

/// Builds the crate and runs it on a new durable cluster.
///
/// # Errors
/// When it does not build (that needs the network once) or a peer fails.
pub fn measure(folder: &Path, scale: Scale) -> Result<Vec<Figure>> {
    let jobs = scale.pick(200_000, 10_000);
    runtime()?.block_on(async {
        let cluster = Cluster::start(folder).await?;
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = tokio::process::Command::new(cargo);
        command
            .args(["run", "--quiet", "--release", "--locked", "--manifest-path", MANIFEST, "--"])
            .arg(cluster.url())
            .arg(jobs.to_string())
            .stdin(Stdio::null());
        let output = command.output().await.context("cargo cannot be started")?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "bench/peers ended with {}: {}", output.status, complaint.trim());
        cluster.stop().await?;
        String::from_utf8(output.stdout)?.lines().map(figure).collect()
    })
}

/// A line of its output: name, jobs, seconds.
fn figure(line: &str) -> Result<Figure> {
    let [name, jobs, seconds] = line.split('\t').collect::<Vec<_>>()[..] else {
        anyhow::bail!("bench/peers printed {line:?}");
    };
    let (jobs, seconds): (u64, f64) = (jobs.parse()?, seconds.parse()?);
    let measured = format!("{} ({} jobs in {seconds:.1} s)", rate(jobs as f64 / seconds), grouped(jobs));
    Ok(Figure::note(format!("beside it: {name}"), measured))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_becomes_a_row() {
        let row = figure("queue\t20000\t2.5").unwrap().to_string();
        assert_eq!(row, "| beside it: queue | 8 000/s (20 000 jobs in 2.5 s) |  |  |");
        assert!(figure("warning: unused").is_err());
    }
}
