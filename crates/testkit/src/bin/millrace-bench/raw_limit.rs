//! What Postgres itself can do: pgbench with `bench/*.sql` on the cluster on which the queue was measured.
//!
//! A task costs at least one insert and one update. Both are done in batches of 512 rows, by one client each, on a plain
//! table with a primary key and one partial index. First one after the other, then at the same time, as a queue has it.
//! Rows are counted in the table, not taken from pgbench's report.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use tokio_postgres::Client;

use crate::arguments::Scale;
use crate::cluster::Cluster;

/// Where the scripts are.
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../bench");
/// Batches inserted beforehand, so that updates at the same time as inserts never run out of rows.
const HEAD_START: i32 = 400;

/// Rows per second.
#[derive(Debug)]
pub struct RawLimit {
    /// Inserts, with nothing else going on.
    pub inserts_alone: f64,
    /// Updates, with nothing else going on.
    pub updates_alone: f64,
    /// Inserts beside updates.
    pub inserts_at_once: f64,
    /// Updates beside inserts.
    pub updates_at_once: f64,
}

impl RawLimit {
    /// Rows that go through both at the same time: as many as the slower one takes.
    pub fn at_once(&self) -> f64 {
        self.inserts_at_once.min(self.updates_at_once)
    }

    /// Rows that go through both, one after the other.
    pub fn in_turn(&self) -> f64 {
        1.0 / (1.0 / self.inserts_alone + 1.0 / self.updates_alone)
    }
}

/// Measures all four.
///
/// # Errors
/// When pgbench is missing or fails.
pub async fn measure(cluster: &Cluster, scale: Scale) -> Result<RawLimit> {
    let seconds = scale.pick(10, 2);
    let raw =
        Raw { url: cluster.url(), program: find_pgbench(cluster.major_version()), client: cluster.client().await? };

    raw.begin_anew().await?;
    let inserted = raw.run("raw_insert.sql", seconds).await?;
    // Half the time, so that there are rows left to update until the end.
    let updated = raw.run("raw_update.sql", seconds / 2).await?;
    ensure!(updated.updated < inserted.inserted, "the updates ran out of rows; the rate would be too low");

    raw.begin_anew().await?;
    raw.head_start().await?;
    let (beside_updates, beside_inserts) =
        tokio::join!(raw.run("raw_insert.sql", seconds), raw.run("raw_update.sql", seconds));
    let (beside_updates, beside_inserts) = (beside_updates?, beside_inserts?);
    Ok(RawLimit {
        inserts_alone: per_second(inserted.inserted, seconds),
        updates_alone: per_second(updated.updated, seconds / 2),
        inserts_at_once: per_second(beside_updates.inserted, seconds),
        updates_at_once: per_second(beside_inserts.updated, seconds),
    })
}

fn per_second(rows: i64, seconds: u32) -> f64 {
    rows as f64 / f64::from(seconds)
}

/// The program of the server's own version, where distributions put it, else the one in the path.
fn find_pgbench(major: u32) -> PathBuf {
    let packaged = [format!("/usr/lib/postgresql/{major}/bin/pgbench"), format!("/usr/pgsql-{major}/bin/pgbench")];
    packaged.into_iter().map(PathBuf::from).find(|path| path.is_file()).unwrap_or_else(|| "pgbench".into())
}

/// Rows of the table.
#[derive(Debug, Clone, Copy)]
struct Rows {
    inserted: i64,
    updated: i64,
}

struct Raw {
    url: String,
    program: PathBuf,
    client: Client,
}

impl Raw {
    async fn begin_anew(&self) -> Result<()> {
        let schema = std::fs::read_to_string(Path::new(SCRIPTS).join("raw_schema.sql"))?;
        Ok(self.client.batch_execute(&schema).await?)
    }

    async fn head_start(&self) -> Result<()> {
        let insert = std::fs::read_to_string(Path::new(SCRIPTS).join("raw_insert.sql"))?;
        for _ in 0..HEAD_START {
            self.client.batch_execute(&insert).await?;
        }
        Ok(())
    }

    /// Runs a script with one client for this time; the rows that were inserted and updated meanwhile.
    async fn run(&self, script: &str, seconds: u32) -> Result<Rows> {
        let before = self.count().await?;
        let mut command = tokio::process::Command::new(&self.program);
        command
            .args(["--no-vacuum", "--client=1", "--jobs=1", "--protocol=prepared"])
            .arg(format!("--time={seconds}"))
            .arg(format!("--file={SCRIPTS}/{script}"))
            .arg(&self.url)
            .stdin(Stdio::null());
        let output = command
            .output()
            .await
            .with_context(|| format!("{} cannot be started; it comes with PostgreSQL", self.program.display()))?;
        ensure!(output.status.success(), "pgbench failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        let after = self.count().await?;
        Ok(Rows { inserted: after.inserted - before.inserted, updated: after.updated - before.updated })
    }

    async fn count(&self) -> Result<Rows> {
        let row = self.client.query_one("select count(*), count(finished_at) from raw_task", &[]).await?;
        Ok(Rows { inserted: row.get(0), updated: row.get(1) })
    }
}
