//! A queue on a memory store with an executor that does what it is told.
#![expect(clippy::expect_used, reason = "a bench that does not stand is a failed test")]

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use millrace_domain::ports::{Clock, Job, JobError, JobOutput, TaskControl, TaskExecutor};
use millrace_domain::project::ProjectDefinition;
use millrace_domain::submission::{NewTask, Submission};
use millrace_domain::task::{SourceFile, TaskResult, TaskSpec};
use millrace_domain::usage::Spent;
use millrace_domain::{ErrorStage, Fault, ProjectId, Task, TaskFailure, TaskKind, UserId};
use millrace_queue::{LocalBus, QueueConfig, QueueParts, RetryPolicy, StandardMountService, TaskQueue};
use millrace_repository::objects::MemoryObjectStore;
use millrace_repository::testing::faulty::{FakeClock, FaultyTasks};
use millrace_repository::{Stores, TaskFilter};
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

/// What models take for every run.
pub const SPENT: Spent = Spent { tokens: 10, cost_usd: Some(0.5) };

/// What the executor does with the next task; without a script it succeeds at once.
#[derive(Debug, Clone, Copy)]
pub enum Script {
    FailTransiently,
    FailForGood,
    Panic,
    /// Succeeds after `release`, or never.
    WaitForRelease,
    /// Ends when its token fires.
    WaitForStop,
}

#[derive(Default)]
struct Seen {
    scripts: VecDeque<Script>,
    runs: usize,
    at_work: usize,
    most: usize,
}

pub struct Scripted {
    seen: Mutex<Seen>,
    changed: Notify,
    released: watch::Sender<bool>,
}

impl Scripted {
    pub fn script(&self, scripts: impl IntoIterator<Item = Script>) {
        self.seen.lock().scripts.extend(scripts);
    }

    pub fn runs(&self) -> usize {
        self.seen.lock().runs
    }

    pub fn most_at_once(&self) -> usize {
        self.seen.lock().most
    }

    pub fn release(&self) {
        self.released.send_replace(true);
    }

    pub async fn wait_for_runs(&self, runs: usize) {
        self.wait(|seen| seen.runs >= runs).await;
    }

    pub async fn wait_for_idle(&self) {
        self.wait(|seen| seen.at_work == 0).await;
    }

    async fn wait(&self, until: impl Fn(&Seen) -> bool) {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if until(&self.seen.lock()) {
                return;
            }
            changed.await;
        }
    }
}

/// Counts a run out again, however it ends.
struct AtWork<'a>(&'a Scripted);

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.seen.lock().at_work -= 1;
        self.0.changed.notify_waiters();
    }
}

#[async_trait]
impl TaskExecutor for Scripted {
    async fn execute(&self, _: Job, control: Arc<dyn TaskControl>) -> Result<JobOutput, JobError> {
        let script = {
            let mut seen = self.seen.lock();
            seen.runs += 1;
            seen.at_work += 1;
            seen.most = seen.most.max(seen.at_work);
            seen.scripts.pop_front()
        };
        let _at_work = AtWork(self);
        self.changed.notify_waiters();
        control.spent(SPENT);
        let failure = |failure| Err(JobError { failure, artifacts: Vec::new() });
        match script {
            Some(Script::FailTransiently) => {
                return failure(TaskFailure::transient(ErrorStage::Mineru, "scripted", "not now"));
            }
            Some(Script::FailForGood) => {
                return failure(TaskFailure::permanent(ErrorStage::Mineru, "scripted", "never"));
            }
            Some(Script::Panic) => panic!("as scripted"),
            Some(Script::WaitForRelease) => {
                let mut released = self.released.subscribe();
                let _ = released.wait_for(|released| *released).await;
            }
            Some(Script::WaitForStop) => control.cancellation().cancelled().await,
            None => {}
        }
        Ok(JobOutput { result: TaskResult::default(), ..JobOutput::default() })
    }
}

/// One attempt only.
pub fn once() -> RetryPolicy {
    RetryPolicy { max_attempts: 1, base: Duration::ZERO, max: Duration::ZERO }
}

pub struct Bench {
    pub queue: Arc<TaskQueue>,
    pub executor: Arc<Scripted>,
    pub tasks: Arc<FaultyTasks>,
    pub clock: FakeClock,
    pub user: UserId,
    project: ProjectId,
    stores: Stores,
}

impl Bench {
    pub async fn start(config: QueueConfig) -> Self {
        let clock = FakeClock::default();
        let stores = Stores::memory(clock.port());
        let tasks = Arc::new(FaultyTasks::new(Arc::clone(&stores.tasks)));
        let stores = Stores { tasks: Arc::clone(&tasks) as _, ..stores };
        let user = stores.users.ensure("test", "somebody", clock.now()).await.expect("a user").id;
        let definition = ProjectDefinition { name: "p".into(), description: String::new() };
        let project = stores.projects.create(user, &definition, clock.now(), None).await.expect("a project").id;
        let executor =
            Arc::new(Scripted { seen: Mutex::default(), changed: Notify::new(), released: watch::channel(false).0 });
        let queue = queue(config, &stores, &executor, clock.port()).await;
        Self { queue, executor, tasks, clock, user, project, stores }
    }

    /// A new process on the same stores.
    pub async fn start_again(self, config: QueueConfig) -> Self {
        let queue = queue(config, &self.stores, &self.executor, self.clock.port()).await;
        Self { queue, ..self }
    }

    pub fn missing_project(&self) -> ProjectId {
        ProjectId::new(millrace_domain::MAX_ID).expect("an id")
    }

    pub async fn try_submit(&self, count: usize, project: Option<ProjectId>) -> Result<Vec<Arc<Task>>, Fault> {
        let ids = self.queue.next_task_ids(count).await?;
        let source = SourceFile {
            key: "users/1/raw/1/1".into(),
            sha256: "0".repeat(64),
            size: 1,
            media_type: "text/plain".into(),
        };
        let new = |id| NewTask {
            id,
            user_id: self.user,
            project_id: project.unwrap_or(self.project),
            kind: TaskKind::Document,
            priority: 0,
            filename: "a.txt".into(),
            rule: None,
            upload_id: None,
            spec: Arc::new(TaskSpec { source: Some(source.clone()), ..TaskSpec::default() }),
            run_at: None,
            born_failed: None,
        };
        let submission = Submission { uploads: Vec::new(), tasks: ids.into_iter().map(new).collect() };
        self.queue.submit(submission, None).await
    }

    pub async fn submit(&self, count: usize) -> Vec<Arc<Task>> {
        self.try_submit(count, None).await.expect("accepted")
    }

    pub async fn task(&self, task: &Task) -> Arc<Task> {
        self.queue.get(self.user, task.id).await.expect("the task")
    }

    pub async fn count(&self) -> u64 {
        self.stores.tasks.count(self.user, &TaskFilter::default()).await.expect("a count")
    }
}

async fn queue(
    config: QueueConfig,
    stores: &Stores,
    executor: &Arc<Scripted>,
    clock: Arc<dyn Clock>,
) -> Arc<TaskQueue> {
    let parts = QueueParts {
        config,
        stores: stores.clone(),
        objects: Arc::new(MemoryObjectStore::new(Arc::clone(&clock))),
        executor: Arc::clone(executor) as _,
        mount_service: Arc::new(StandardMountService),
        bus: Arc::new(LocalBus::new()),
        clock,
    };
    TaskQueue::start(parts).await.expect("the queue starts")
}
