//! Taking over tasks: our own after a restart, those of dead nodes, those nobody owns.

use std::sync::Arc;

use millrace_repository::RecoverSource;

use crate::core::Core;

/// Rows per recovery transaction.
const CHUNK: usize = 500;

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
