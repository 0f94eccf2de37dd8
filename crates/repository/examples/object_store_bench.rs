//! Measures how many small objects per second the local object store makes durable, and what each costs.
//!
//! `cargo run --release -p millrace-repository --example object_store_bench [FOLDER]`; without a folder, one beside the
//! build's own files is used (a temporary folder may be in memory, where nothing is ever synced).

#![expect(clippy::print_stdout, reason = "the table is what the program is for")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::StreamExt as _;
use millrace_domain::ports::ObjectStore;
use millrace_repository::objects::LocalObjectStore;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Callers at the same time, and objects per measurement.
const CASES: [(usize, usize); 6] = [(1, 1000), (4, 4000), (16, 16_000), (64, 32_000), (256, 32_000), (1024, 32_000)];

#[tokio::main]
async fn main() -> Outcome<()> {
    let root = std::env::args().nth(1).map_or_else(|| PathBuf::from("target/object_store_bench"), PathBuf::from);
    let store: Arc<dyn ObjectStore> = Arc::new(LocalObjectStore::open(&root)?);
    println!("{} cores, objects of 1 KB in {}", std::thread::available_parallelism()?, root.display());
    println!("| callers | folders | how | objects/s | p50 ms | p99 ms | CPU us/object |");
    println!("|---|---|---|---|---|---|---|");
    for (callers, objects) in CASES {
        for (folders, how) in [(1, "put"), (1, "writer"), (20, "put")] {
            let run = measure(&store, callers, objects, folders, how).await?;
            println!("| {callers} | {folders} | {how} | {run} |");
        }
    }
    stream(&store).await?;
    remove(&root)
}

async fn measure(
    store: &Arc<dyn ObjectStore>,
    callers: usize,
    objects: usize,
    folders: usize,
    how: &'static str,
) -> Outcome<String> {
    let (started, cpu) = (Instant::now(), cpu_time()?);
    let puts = futures::stream::iter(0..objects).map(|n| {
        let store = Arc::clone(store);
        let key = format!("{how}/{callers}/{folders}/{}/{n}", n % folders);
        // Tasks, as a server has them, so that both cores take part.
        tokio::spawn(async move {
            let begun = Instant::now();
            let bytes = Bytes::from(vec![b'x'; 1024]);
            if how == "put" {
                store.put(&key, bytes).await?;
            } else {
                let mut writer = store.writer(&key).await?;
                writer.write(bytes).await?;
                writer.finish().await?;
            }
            Outcome::Ok(begun.elapsed())
        })
    });
    let mut waits = Vec::with_capacity(objects);
    let mut puts = puts.buffer_unordered(callers);
    while let Some(wait) = puts.next().await {
        waits.push(wait??);
    }
    let (elapsed, spent) = (started.elapsed(), cpu_time()?.saturating_sub(cpu));
    waits.sort();
    let milliseconds = |per_cent: usize| waits[(objects * per_cent / 100).min(objects - 1)].as_secs_f64() * 1000.0;
    Ok(format!(
        "{:.0} | {:.2} | {:.2} | {:.0}",
        objects as f64 / elapsed.as_secs_f64(),
        milliseconds(50),
        milliseconds(99),
        spent.as_secs_f64() * 1e6 / objects as f64,
    ))
}

async fn stream(store: &Arc<dyn ObjectStore>) -> Outcome<()> {
    const PIECES: usize = 8192;
    let piece = Bytes::from(vec![b'x'; 64 * 1024]);
    let started = Instant::now();
    let mut writer = store.writer("large/object").await?;
    for _ in 0..PIECES {
        writer.write(piece.clone()).await?;
    }
    let stored = writer.finish().await?;
    let written = started.elapsed();
    let started = Instant::now();
    let mut chunks = store.stream("large/object").await?;
    while let Some(chunk) = chunks.next().await {
        chunk?;
    }
    let speed = |elapsed: Duration| stored.size as f64 / elapsed.as_secs_f64() / 1e6;
    println!(
        "streamed {} MiB: written, hashed and fsynced {:.0} MB/s, read {:.0} MB/s",
        stored.size >> 20,
        speed(written),
        speed(started.elapsed())
    );
    Ok(())
}

/// User and system time of this process.
fn cpu_time() -> Outcome<Duration> {
    // Fields 14 and 15 (from 1) after the command's name, in hundredths of a second on every Linux.
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<u64>().ok()).ok_or("no CPU time");
    Ok(Duration::from_millis((ticks(11)? + ticks(12)?) * 10))
}

fn remove(root: &Path) -> Outcome<()> {
    std::fs::remove_dir_all(root)?;
    Ok(())
}
