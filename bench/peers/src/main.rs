//! The no-op run of `millrace-bench` with other job queues on the same Postgres: producers submit batches while workers
//! work, and the clock stops when Postgres shows that every job has ended.
//!
//! `cargo run --release -- POSTGRES_URL [JOBS]`; `millrace-bench --peers` starts a Postgres and calls this. For each
//! peer one line: its name, jobs and seconds, separated by tabs. Settings are the fastest of those that the peers'
//! documentation and own benchmarks suggest.

mod apalis_run;
mod graphile_run;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

/// Jobs in one submit.
pub const SUBMIT: usize = 500;
/// Producers at the same time.
pub const PRODUCERS: usize = 4;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().context("the address of a Postgres is missing")?;
    let jobs = arguments.next().map_or(Ok(200_000), |text| text.parse())?;
    let pool = PgPoolOptions::new().max_connections(16).connect(&url).await?;
    for (name, elapsed) in [
        ("apalis-postgres 1.0 (rows kept)", apalis_run::run(&pool, jobs).await?),
        ("graphile_worker 0.14 (rows deleted)", graphile_run::run(&pool, jobs).await?),
    ] {
        println!("{name}\t{jobs}\t{:.3}", elapsed.as_secs_f64());
    }
    Ok(())
}

/// Waits until so many handlers ran, then until a count in Postgres has this value.
pub async fn until(ran: &AtomicUsize, jobs: usize, pool: &PgPool, count: &'static str, value: i64) -> Result<()> {
    while ran.load(Ordering::Relaxed) < jobs {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    while sqlx::query_scalar::<_, i64>(count).fetch_one(pool).await? != value {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(())
}

/// Takes batches until so many jobs are taken.
pub fn take(left: &Arc<AtomicUsize>) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(SUBMIT)).is_ok()
}
