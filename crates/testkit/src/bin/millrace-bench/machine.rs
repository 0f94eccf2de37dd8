//! What the figures were measured on.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::cluster::{Cluster, runtime};
use crate::scratch::Scratch;
use crate::statistics::Times;

/// A list for the head of the table: cores, CPU, kernel, file system, Postgres and its settings.
///
/// # Errors
/// When Postgres does not start, or the folder cannot be written.
pub fn describe(folder: &Path) -> Result<String> {
    let cores = std::thread::available_parallelism()?;
    let kernel = read("/proc/sys/kernel/osrelease")?;
    let sync = sync_time(folder)?;
    let own = Scratch::new(folder)?;
    let postgres = runtime()?.block_on(postgres_settings(own.path()))?;
    let profile = if cfg!(debug_assertions) { " (a debug build: the figures mean nothing)" } else { "" };
    Ok(format!(
        "millrace-bench {}{profile}\n\n- {cores} cores, {}, {:.0} GB of memory\n- Linux {}\n- data on {}, one 8 KB write with \
         fdatasync {sync:.0} µs (median)\n- {postgres}\n",
        env!("CARGO_PKG_VERSION"),
        cpu_model()?,
        memory_gb()?,
        kernel.trim(),
        file_system(folder)?,
    ))
}

fn read(path: &str) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("{path} cannot be read"))
}

fn cpu_model() -> Result<String> {
    let text = read("/proc/cpuinfo")?;
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    Ok(model.map_or("unknown CPU", |(_, name)| name).to_owned())
}

fn memory_gb() -> Result<f64> {
    let text = read("/proc/meminfo")?;
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB"));
    let kibibytes: f64 = total.context("no MemTotal")?.trim().parse()?;
    Ok(kibibytes * 1024.0 / 1e9)
}

/// Device and type of the file system below a folder.
fn file_system(folder: &Path) -> Result<String> {
    let folder = folder.canonicalize()?;
    let mounts = read("/proc/mounts")?;
    let covering = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let (device, place, kind) = (words.next()?, words.next()?, words.next()?);
        folder.starts_with(place).then_some((place.len(), device, kind))
    });
    Ok(covering.max().map_or_else(|| "unknown".to_owned(), |(_, device, kind)| format!("{kind} ({device})")))
}

/// Median microseconds of one durable write of 8 KB.
fn sync_time(folder: &Path) -> Result<f64> {
    let path = folder.join("sync");
    let file = File::create(&path)?;
    let page = [7; 8192];
    let mut times = Times::default();
    for _ in 0..200 {
        let started = Instant::now();
        file.write_all_at(&page, 0)?;
        file.sync_data()?;
        times.push(started.elapsed());
    }
    fs::remove_file(path)?;
    Ok(times.milliseconds(0.5) * 1000.0)
}

async fn postgres_settings(folder: &Path) -> Result<String> {
    let cluster = Cluster::start(folder).await?;
    let client = cluster.client().await?;
    let names = ["server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "max_wal_size"];
    let mut settings = Vec::new();
    for name in names {
        let row = client.query_one("select current_setting($1)", &[&name]).await?;
        settings.push(row.get::<_, String>(0));
    }
    drop(client);
    cluster.stop().await?;
    let pairs = names.iter().zip(&settings).skip(1).map(|(name, value)| format!("{name} {value}"));
    Ok(format!("PostgreSQL {}: {}", settings[0], pairs.collect::<Vec<_>>().join(", ")))
}
