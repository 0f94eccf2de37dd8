//! apalis-postgres: polling storage, large batches, handlers as tasks of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use apalis::prelude::*;
use apalis_postgres::{Config, PostgresStorage, queries::push_tasks};
use sqlx::PgPool;

use crate::{PRODUCERS, SUBMIT, take, until};

const QUEUE: &str = "bench";
/// How often it looks for jobs when it found none. Woken by NOTIFY alone, it overlooks jobs until its next heartbeat.
const POLL: Duration = Duration::from_millis(5);

async fn no_op(_number: usize, ran: Data<Arc<AtomicUsize>>) -> Result<(), BoxDynError> {
    ran.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// Seconds until every job is done.
pub async fn run(pool: &PgPool, jobs: usize) -> Result<Duration> {
    PostgresStorage::setup(pool).await?;
    let ran = Arc::new(AtomicUsize::new(0));
    let config = Config::default().queue(QUEUE).batch_size(1000).lock_tasks(false);
    let backend =
        PostgresStorage::<usize>::new(pool).with_config(config).poll_with_strategy(Strategy::new().interval(POLL));
    let worker =
        WorkerBuilder::new("bench").backend(backend).data(Arc::clone(&ran)).parallelize(tokio::spawn).build(no_op);
    let working = tokio::spawn(worker.run());

    let started = Instant::now();
    let left = Arc::new(AtomicUsize::new(jobs));
    let producers: Vec<_> = (0..PRODUCERS)
        .map(|_| {
            let (pool, left) = (pool.clone(), Arc::clone(&left));
            tokio::spawn(async move {
                while take(&left) {
                    let task = |number: usize| Ok(TaskBuilder::new(serde_json::to_vec(&number)?).build());
                    let batch = (0..SUBMIT).map(task).collect::<Result<Vec<_>>>()?;
                    let mut transaction = pool.begin().await?;
                    push_tasks(&mut *transaction, QUEUE, batch).await?;
                    transaction.commit().await?;
                }
                anyhow::Ok(())
            })
        })
        .collect();
    for producer in producers {
        producer.await??;
    }
    until(&ran, jobs, pool, "select count(*) from apalis.jobs where status = 'Done'", i64::try_from(jobs)?).await?;
    let elapsed = started.elapsed();
    working.abort();
    Ok(elapsed)
}
