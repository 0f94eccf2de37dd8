//! Completion: outcomes share transactions, and nobody hears of one before its commit.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use millrace_domain::{ErrorStage, Task, TaskFailure, TaskState};
use millrace_repository::{Finish, FinishKind, FinishOutcome};
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};

use crate::core::Core;

/// The sending side.
pub(crate) struct Completer {
    sender: mpsc::Sender<Finish>,
}

/// Outcomes that may wait for the flusher; more wait in their runs, which bounds the memory they hold.
const BACKLOG: usize = 2048;
/// Batches that commit at the same time: while the database works on one, the next is made ready and sent.
const IN_FLIGHT: usize = 2;
/// A batch of this size says that the node is busy, so that the next batch waits a moment for company.
const BUSY: usize = 8;
/// Between two tries to reach the database.
const REPEAT: Duration = Duration::from_millis(250);
/// Tries after which it is asked whether the database or the batch is to blame.
const PATIENCE: u32 = 8;

impl Completer {
    /// The two ends.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Finish>) {
        let (sender, receiver) = mpsc::channel(BACKLOG);
        (Self { sender }, receiver)
    }

    /// Waits for room for one outcome; `None` when the queue has ended, and the task comes back at the next start.
    pub(crate) async fn reserve(&self) -> Option<Place<'_>> {
        self.sender.reserve().await.ok().map(Place)
    }
}

/// Room for one outcome.
pub(crate) struct Place<'a>(mpsc::Permit<'a, Finish>);

impl Place<'_> {
    /// Hands an outcome over. It is queued then, not committed.
    pub(crate) fn send(self, finish: Finish) {
        self.0.send(finish);
    }
}

/// Commits what comes until the senders are gone or the node's work is over.
pub(crate) async fn run(core: Arc<Core>, mut outcomes: mpsc::Receiver<Finish>) {
    let mut last_size = 0;
    let mut commits = JoinSet::new();
    while let Some(first) = outcomes.recv().await {
        let mut batch = vec![first];
        gather(&core, &mut outcomes, &mut batch, last_size >= BUSY).await;
        last_size = batch.len();
        let core = Arc::clone(&core);
        commits.spawn(async move {
            commit(&core, batch).await;
            core.ended.notify_waiters();
        });
        while commits.len() >= IN_FLIGHT {
            finished(commits.join_next().await);
        }
    }
    while !commits.is_empty() {
        finished(commits.join_next().await);
    }
}

/// A panic in a commit is one of the loop.
fn finished(commit: Option<Result<(), JoinError>>) {
    if let Some(Err(error)) = commit
        && error.is_panic()
    {
        std::panic::resume_unwind(error.into_panic());
    }
}

async fn gather(core: &Core, outcomes: &mut mpsc::Receiver<Finish>, batch: &mut Vec<Finish>, busy: bool) {
    let drain = |outcomes: &mut mpsc::Receiver<Finish>, batch: &mut Vec<Finish>| {
        while batch.len() < core.config.batch_max {
            let Ok(next) = outcomes.try_recv() else { break };
            batch.push(next);
        }
    };
    drain(outcomes, batch);
    if busy && batch.len() < core.config.batch_max {
        tokio::time::sleep(core.config.completion_linger).await;
        drain(outcomes, batch);
    }
}

/// Commits a batch. A batch that the store refuses is halved until the culprit stands alone and fails by itself; one
/// that did not reach the store is repeated until it does or the node loses its lease.
fn commit(core: &Arc<Core>, batch: Vec<Finish>) -> BoxFuture<'_, ()> {
    async move {
        let mut tries = 0;
        loop {
            match core.tasks.finish_many(&batch, core.clock.now()).await {
                Ok(results) => return settle(core, batch, results, tries > 0).await,
                Err(error) if error.is_transient() => {
                    tries += 1;
                    tracing::warn!(error = ?error, batch = batch.len(), tries, "outcomes were not stored; repeating");
                    core.clock.sleep(REPEAT).await;
                    if core.owner().is_none() {
                        // The lease is lost: whoever holds the tasks now runs them again.
                        batch.iter().for_each(|finish| core.runs.end(finish.id));
                        return;
                    }
                    if tries < PATIENCE || !answers(core, &batch[0].task).await {
                        continue;
                    }
                    // The database is well, so it is this batch that it does not take.
                    return if batch.len() == 1 {
                        store_bare_failure(core, batch).await
                    } else {
                        halve(core, batch).await
                    };
                }
                Err(error) if batch.len() == 1 => {
                    tracing::error!(error = ?error, task.id = batch[0].id.get(), "an outcome cannot be stored");
                    return store_bare_failure(core, batch).await;
                }
                Err(_) => return halve(core, batch).await,
            }
        }
    }
    .boxed()
}

async fn halve(core: &Arc<Core>, mut batch: Vec<Finish>) {
    let right = batch.split_off(batch.len() / 2);
    commit(core, batch).await;
    commit(core, right).await;
}

/// Whether the database answers at all.
async fn answers(core: &Core, task: &Task) -> bool {
    core.tasks.get_many(task.user_id, &[task.id]).await.is_ok()
}

/// Tells everybody what became of a committed batch; refused mounts become failures in a batch of their own.
async fn settle(core: &Arc<Core>, batch: Vec<Finish>, results: Vec<FinishOutcome>, repeated: bool) {
    let mut refused = Vec::new();
    for (finish, result) in batch.into_iter().zip(results) {
        match result {
            FinishOutcome::Applied(task) => applied(core, &task),
            FinishOutcome::Stale => stale(core, &finish.task, repeated).await,
            FinishOutcome::Rejected(rejection) => refused.push(refuse(
                finish,
                TaskFailure::permanent(ErrorStage::Mount, rejection.code(), rejection.to_string()),
            )),
        }
    }
    if !refused.is_empty() {
        commit(core, refused).await;
    }
}

/// The outcome of a single task that the database will not take: it fails without what it wanted to store.
async fn store_bare_failure(core: &Arc<Core>, batch: Vec<Finish>) {
    for finish in batch {
        if matches!(finish.kind, FinishKind::Failed(_)) && finish.artifacts.is_empty() {
            // Not even the bare failure can be stored: it stays as it is for the next start.
            core.runs.end(finish.id);
            core.look.notify_one();
            continue;
        }
        let failure = TaskFailure::permanent(ErrorStage::Mount, "result_not_storable", "the result cannot be stored");
        let mut refused = refuse(finish, failure);
        refused.artifacts.clear();
        commit(core, vec![refused]).await;
    }
}

fn refuse(finish: Finish, failure: TaskFailure) -> Finish {
    Finish { kind: FinishKind::Failed(Arc::new(failure)), ..finish }
}

fn applied(core: &Core, task: &Arc<Task>) {
    core.runs.end(task.id);
    // A task that was reopened meanwhile may be waiting for this.
    core.look.notify_one();
    match task.state {
        TaskState::Pending if task.owner.is_some() && task.owner == core.owner() => {
            metrics::counter!("millrace_tasks_retried_total", "kind" => task.kind.as_str()).increment(1);
            // A node that stops leaves it stored; it comes back at the next start.
            if core.is_accepting() {
                core.enqueue([Arc::clone(task)]);
            }
        }
        // Given back; whoever takes it over counts on.
        TaskState::Pending => {}
        TaskState::Failed => {
            let code = task.error.as_ref().map_or("unknown", |error| error.code.as_str()).to_owned();
            metrics::counter!("millrace_tasks_failed_total", "kind" => task.kind.as_str(), "code" => code).increment(1);
        }
        state => {
            metrics::counter!("millrace_tasks_ended_total", "kind" => task.kind.as_str(), "status" => state.as_str())
                .increment(1);
        }
    }
    core.watches.notify(task.id);
}

/// Somebody else changed the task meanwhile, or our own earlier commit with unknown outcome did go through. In that
/// case a retry that it had stored must find its way back into memory.
async fn stale(core: &Arc<Core>, task: &Arc<Task>, repeated: bool) {
    core.runs.end(task.id);
    if repeated {
        if let Ok(Some(stored)) = core.tasks.get(task.user_id, task.id).await {
            core.enqueue_own([stored]);
        }
    } else {
        metrics::counter!("millrace_stale_completions_total").increment(1);
        tracing::info!(task.id = task.id.get(), "an outcome came too late and was dropped");
    }
    core.look.notify_one();
    core.watches.notify(task.id);
}
