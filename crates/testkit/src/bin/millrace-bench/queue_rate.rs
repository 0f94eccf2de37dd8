//! How many tasks go through the queue: from submit to the terminal row that anybody can see in Postgres.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use async_trait::async_trait;
use millrace_domain::ports::{Clock, Job, JobError, JobOutput, TaskControl, TaskExecutor};
use millrace_domain::project::ProjectDefinition;
use millrace_domain::submission::{NewTask, Submission};
use millrace_domain::task::TaskSpec;
use millrace_domain::{ErrorKind, ProjectId, TaskKind, UserId};
use millrace_queue::{KindLimits, LocalBus, QueueConfig, QueueParts, StandardMountService, SystemClock, TaskQueue};
use millrace_repository::objects::MemoryObjectStore;

use crate::arguments::Scale;
use crate::cluster::{Cluster, runtime};
use crate::figure::{Figure, grouped, rate};
use crate::raw_limit::{self, RawLimit};

/// Tasks in one submit.
const SUBMIT: usize = 500;
/// Producers at the same time.
const PRODUCERS: usize = 4;
/// Tasks that run at once.
const CONCURRENCY: usize = 4096;
/// Tasks per second to reach.
const TARGET: f64 = 33_000.0;
/// Share of the raw limit to reach.
const TARGET_SHARE: f64 = 0.35;

/// Does nothing.
struct NoOp;

#[async_trait]
impl TaskExecutor for NoOp {
    async fn execute(&self, _job: Job, _control: Arc<dyn TaskControl>) -> Result<JobOutput, JobError> {
        Ok(JobOutput::default())
    }
}

/// Runs the queue on a durable Postgres, then what Postgres itself can do on the same one.
///
/// # Errors
/// When something does not start, or a task is missing at the end.
pub fn measure(folder: &Path, scale: Scale) -> Result<Vec<Figure>> {
    runtime()?.block_on(async {
        let cluster = Cluster::start(folder).await?;
        let tasks = scale.pick(500_000, 20_000);
        let run = run_queue(&cluster, tasks).await?;
        let raw = raw_limit::measure(&cluster, scale).await?;
        cluster.stop().await?;
        Ok(figures(&run, &raw))
    })
}

fn figures(run: &Run, raw: &RawLimit) -> Vec<Figure> {
    let reached = run.tasks as f64 / run.elapsed.as_secs_f64();
    let limit = raw.at_once();
    let share = reached / limit;
    vec![
        Figure::judged(
            "enqueue → terminal row visible while producing, no-op handler, queue level, terminal rows kept",
            format!("{} ({} tasks in {:.1} s)", rate(reached), grouped(run.tasks as u64), run.elapsed.as_secs_f64()),
            format!("≥ {}", rate(TARGET)),
            reached >= TARGET,
        ),
        Figure::judged(
            "… of the raw limit: batched insert and update at the same time, the slower of the two",
            format!("{:.0} % of {}", share * 100.0, rate(limit)),
            format!("≥ {:.0} %", TARGET_SHARE * 100.0),
            share >= TARGET_SHARE,
        ),
        Figure::note(
            "raw, both at the same time: rows inserted, rows updated",
            format!("{}, {}", rate(raw.inserts_at_once), rate(raw.updates_at_once)),
        ),
        Figure::note(
            "raw, one after the other: rows inserted, rows updated",
            format!("{}, {}", rate(raw.inserts_alone), rate(raw.updates_alone)),
        ),
        Figure::note(
            "raw, one after the other: rows through both; the queue's share of it",
            format!("{}, {:.0} %", rate(raw.in_turn()), reached / raw.in_turn() * 100.0),
        ),
    ]
}

/// What was done, and how long it took until the last row was seen.
struct Run {
    tasks: usize,
    elapsed: Duration,
}

async fn run_queue(cluster: &Cluster, tasks: usize) -> Result<Run> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let stores = cluster.store().await?.stores().with_hot_tasks();
    let user = stores.users.ensure("bench", "bench", clock.now()).await?.id;
    let definition = ProjectDefinition { name: "bench".into(), description: String::new() };
    let project = stores.projects.create(user, &definition, clock.now(), None).await?.id;
    let queue = TaskQueue::start(QueueParts {
        config: QueueConfig {
            concurrency: KindLimits { document: CONCURRENCY, load: 1, query: 1 },
            ..QueueConfig::default()
        },
        stores,
        objects: Arc::new(MemoryObjectStore::new(Arc::clone(&clock))),
        executor: Arc::new(NoOp),
        mount_service: Arc::new(StandardMountService),
        bus: Arc::new(LocalBus::new()),
        clock,
    })
    .await?;
    let watcher = cluster.client().await?;
    // Connections and prepared statements are there before the clock starts.
    let producer = Producer { queue: Arc::clone(&queue), user, project, spec: Arc::default() };
    let warm_up = SUBMIT * PRODUCERS;
    producer.produce(&AtomicUsize::new(warm_up)).await?;
    queue.run_until_idle().await;

    let started = Instant::now();
    let left = Arc::new(AtomicUsize::new(tasks));
    let producing: Vec<_> = (0..PRODUCERS)
        .map(|_| {
            let (producer, left) = (producer.clone(), Arc::clone(&left));
            tokio::spawn(async move { producer.produce(&left).await })
        })
        .collect();
    for producer in producing {
        producer.await??;
    }
    queue.run_until_idle().await;
    let visible = watcher.query_one("select count(*) from task where status = 'completed'", &[]).await?;
    let elapsed = started.elapsed();
    let visible: i64 = visible.get(0);
    ensure!(usize::try_from(visible)? == tasks + warm_up, "{visible} of {} tasks are completed", tasks + warm_up);
    queue.shutdown().await;
    Ok(Run { tasks, elapsed })
}

#[derive(Clone)]
struct Producer {
    queue: Arc<TaskQueue>,
    user: UserId,
    project: ProjectId,
    spec: Arc<TaskSpec>,
}

impl Producer {
    /// Submits until nothing is left to submit.
    async fn produce(&self, left: &AtomicUsize) -> Result<()> {
        let take = |left: usize| left.checked_sub(SUBMIT);
        while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok() {
            self.submit().await?;
        }
        Ok(())
    }

    async fn submit(&self) -> Result<()> {
        let ids = self.queue.next_task_ids(SUBMIT).await?;
        let tasks = ids
            .into_iter()
            .map(|id| NewTask {
                id,
                user_id: self.user,
                project_id: self.project,
                kind: TaskKind::Document,
                priority: 0,
                filename: format!("note-{id}.txt").into(),
                rule: None,
                upload_id: None,
                spec: Arc::clone(&self.spec),
                run_at: None,
                born_failed: None,
            })
            .collect();
        let submission = Submission { uploads: Vec::new(), tasks };
        loop {
            match self.queue.submit(submission.clone(), None).await {
                Ok(_) => return Ok(()),
                // The queue is full: its tasks are slower than its producers.
                Err(fault) if fault.kind == ErrorKind::TooMany => tokio::time::sleep(Duration::from_millis(1)).await,
                Err(fault) => return Err(anyhow!(fault)),
            }
        }
    }
}
