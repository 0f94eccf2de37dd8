//! Taking over tasks: our own after a restart, those of dead nodes, those nobody owns.

use std::sync::Arc;
use std::time::Duration;

use millrace_domain::{TaskId, TaskState, UserId};
use millrace_repository::RecoverSource;

use crate::core::Core;

/// Rows per recovery transaction.
const CHUNK: usize = 2000;
/// When a commit with unknown outcome is looked for, after the one before, in milliseconds: a backend may sit in a slow
/// fsync long after its connection broke.
const LOOKS: [u64; 8] = [200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000];

/// Takes over what there is, at every lease round and whenever a new incarnation begins. Our own earlier incarnations
/// are asked about each time: their last commits may become visible late.
pub(crate) async fn run(core: Arc<Core>) {
    loop {
        tokio::select! {
            () = core.stop.cancelled() => return,
            () = core.adopt.notified() => {}
            () = tokio::time::sleep(core.config.lease_renew) => {}
        }
        for source in [RecoverSource::EarlierSelf, RecoverSource::LapsedNodes, RecoverSource::Unowned] {
            adopt(&core, source).await;
        }
    }
}

/// After a commit with unknown outcome: what was stored after all must not wait for the next start of the process.
pub(crate) async fn reconcile(core: Arc<Core>, user: UserId, ids: Vec<TaskId>) {
    let mut missing = ids;
    for delay in LOOKS {
        core.clock.sleep(Duration::from_millis(delay)).await;
        if core.stop.is_cancelled() {
            return;
        }
        let Ok(stored) = core.tasks.get_many(user, &missing).await else { continue };
        let waiting: Vec<_> = stored.into_iter().filter(|task| task.state == TaskState::Pending).collect();
        missing.retain(|id| waiting.iter().all(|task| task.id != *id));
        core.enqueue_own(waiting);
        if missing.is_empty() {
            return;
        }
    }
}

/// Takes over everything there is (for other nodes' tasks: as much as this node has room for). An error ends the round;
/// the next round begins where this one stopped.
pub(crate) async fn adopt(core: &Arc<Core>, source: RecoverSource) {
    let mut total = 0;
    loop {
        let Some(owner) = core.owner() else { return };
        let room = core.config.max_pending.saturating_sub(core.ready.lock().len());
        let limit = if source == RecoverSource::EarlierSelf { CHUNK } else { CHUNK.min(room) };
        if limit == 0 {
            break;
        }
        let now = core.clock.now();
        match core.tasks.recover(owner, source, core.config.poison_after, limit, now).await {
            Ok(recovered) => {
                let count = recovered.adopted.len() + recovered.ended.len();
                for task in &recovered.ended {
                    tracing::error!(task.id = task.id.get(), status = task.state.as_str(), "ended while recovering");
                    core.watches.notify(task.id);
                }
                core.enqueue(recovered.adopted);
                total += count;
                if count < limit {
                    break;
                }
            }
            Err(error) => {
                tracing::warn!(error = %error, ?source, "recovery stopped early; it goes on at the next round");
                break;
            }
        }
    }
    if total > 0 {
        metrics::counter!("millrace_tasks_recovered_total").increment(total as u64);
        tracing::info!(tasks = total, ?source, "tasks were taken over");
    }
}
