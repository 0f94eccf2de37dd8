//! graphile_worker, set up as its own benchmark does it. It deletes what has succeeded.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use graphile_worker::{
    IntoTaskHandlerResult, JobSpec, LocalQueueConfig, RawJobSpec, TaskHandler, WorkerContext, WorkerOptions,
};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;

use crate::{PRODUCERS, SUBMIT, take, until};

#[derive(Debug, Clone)]
struct Ran(Arc<AtomicUsize>);

#[derive(Debug, Serialize, Deserialize)]
struct NoOp {
    number: usize,
}

impl TaskHandler for NoOp {
    const IDENTIFIER: &'static str = "no_op";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        if let Some(ran) = context.get_ext::<Ran>() {
            ran.0.fetch_add(1, Ordering::Relaxed);
        }
        Ok::<(), String>(())
    }
}

/// Seconds until every job is done.
pub async fn run(pool: &PgPool, jobs: usize) -> Result<Duration> {
    let ran = Arc::new(AtomicUsize::new(0));
    let worker = WorkerOptions::default()
        .pg_pool(pool.clone())
        .concurrency(500)
        .poll_interval(Duration::from_millis(5))
        .complete_job_batch_delay(Duration::from_millis(5))
        .local_queue(LocalQueueConfig::default().with_size(5000))
        .add_extension(Ran(Arc::clone(&ran)))
        .define_job::<NoOp>()
        .init()
        .await?;
    let worker = Arc::new(worker);
    let utils = worker.create_utils();
    let working = tokio::spawn({
        let worker = Arc::clone(&worker);
        async move { worker.run().await }
    });

    let started = Instant::now();
    let left = Arc::new(AtomicUsize::new(jobs));
    let producers: Vec<_> = (0..PRODUCERS)
        .map(|_| {
            let (utils, left) = (utils.clone(), Arc::clone(&left));
            tokio::spawn(async move {
                while take(&left) {
                    let job = |number| RawJobSpec {
                        identifier: NoOp::IDENTIFIER.to_owned(),
                        payload: serde_json::json!({"number": number}),
                        spec: JobSpec::default(),
                    };
                    let batch: Vec<_> = (0..SUBMIT).map(job).collect();
                    utils.add_raw_jobs(&batch).await?;
                }
                anyhow::Ok(())
            })
        })
        .collect();
    for producer in producers {
        producer.await??;
    }
    until(&ran, jobs, pool, "select count(*) from graphile_worker._private_jobs", 0).await?;
    let elapsed = started.elapsed();
    worker.request_shutdown();
    working.await??;
    Ok(elapsed)
}
