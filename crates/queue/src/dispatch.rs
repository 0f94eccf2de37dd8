//! Dispatch: hands waiting tasks to handlers while there are places.

use std::sync::Arc;
use std::time::Duration;

use millrace_domain::{Task, TaskKind};

use crate::core::Core;
use crate::run;

/// Looks for work until told to stop. One look: promote what is due, fill the free places of each kind, then wait
/// until something is enqueued, a place becomes free, or the next delayed task is due.
pub(crate) async fn run(core: Arc<Core>) {
    loop {
        let next_due = tick(&core);
        tokio::select! {
            () = core.stop.cancelled() => return,
            () = core.look.notified() => {}
            () = core.clock.sleep(next_due.unwrap_or(Duration::MAX)), if next_due.is_some() => {}
        }
    }
}

/// One look; returns the time until the next delayed task is due.
fn tick(core: &Arc<Core>) -> Option<Duration> {
    core.owner()?;
    let now = core.clock.now();
    let (mut recovered, mut busy) = (Vec::new(), Vec::new());
    let next_due = {
        let mut ready = core.ready.lock();
        let next_due = ready.promote_due(now);
        for kind in TaskKind::ALL {
            let mut free = core.config.concurrency.of(kind).saturating_sub(core.runs.at_work(kind));
            while free > 0 {
                let Some(task) = ready.pop(kind) else { break };
                let Some(token) = core.runs.begin(task.id, kind) else {
                    // Reopened while the commit of its last outcome is being told: its turn comes right after.
                    busy.push(task);
                    continue;
                };
                free -= 1;
                if task.recovered {
                    recovered.push((task, token));
                } else {
                    tokio::spawn(run::attempt(Arc::clone(core), task, token));
                }
            }
        }
        for task in busy {
            ready.push(task, now);
        }
        next_due
    };
    if !recovered.is_empty() {
        tokio::spawn(start_recovered(Arc::clone(core), recovered));
    }
    next_due.map(|due| (due - now).to_std().unwrap_or(Duration::ZERO))
}

/// Tasks that were taken over are noted as starting before they start; see the poison guard in
/// [`TaskRepository::record_starts`](millrace_repository::TaskRepository::record_starts).
async fn start_recovered(core: Arc<Core>, tasks: Vec<(Arc<Task>, tokio_util::sync::CancellationToken)>) {
    let guards: Vec<_> = tasks.iter().map(|(task, _)| (task.id, task.attempt_epoch)).collect();
    match core.tasks.record_starts(&guards, core.clock.now()).await {
        Ok(valid) => {
            let valid: std::collections::HashSet<_> = valid.into_iter().collect();
            for (task, token) in tasks {
                if valid.contains(&task.id) {
                    tokio::spawn(run::attempt(Arc::clone(&core), task, token));
                } else {
                    core.runs.end(task.id);
                }
            }
        }
        Err(error) => {
            tracing::warn!(error = %error, "recovered tasks could not be noted as starting; they wait");
            core.clock.sleep(Duration::from_secs(1)).await;
            for (task, _) in &tasks {
                core.runs.end(task.id);
            }
            core.enqueue(tasks.into_iter().map(|(task, _)| task));
        }
    }
    core.look.notify_one();
}
