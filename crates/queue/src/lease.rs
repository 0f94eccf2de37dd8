//! The node's lease: who may write for its tasks.
//!
//! The lease runs on the database's clock. This side keeps its own, monotonic, view of the latest moment up to which
//! the lease surely holds, and stops everything before that moment if it cannot renew.

use std::sync::Arc;
use std::time::{Duration, Instant};

use millrace_repository::Lease;

use crate::core::Core;

/// Renews until told to stop. A lost lease stops dispatch and every run, then a new incarnation begins.
pub(crate) async fn run(core: Arc<Core>) {
    let mut held_until = Instant::now() + core.config.lease_ttl;
    loop {
        tokio::select! {
            () = core.stop.cancelled() => return,
            () = tokio::time::sleep(core.config.lease_renew) => {}
        }
        let Some(owner) = core.owner() else {
            if let Some(until) = begin_again(&core).await {
                held_until = until;
            }
            continue;
        };
        let asked_at = Instant::now();
        // The margin is one renewal period: a write that is on its way when the lease ends still meets its guard.
        let patience = held_until.saturating_duration_since(asked_at).saturating_sub(core.config.lease_renew / 2);
        let answer = tokio::time::timeout(
            patience.max(Duration::from_millis(100)),
            core.nodes.renew(owner, core.config.lease_ttl),
        )
        .await;
        match answer {
            Ok(Ok(Lease::Held)) => held_until = asked_at + core.config.lease_ttl,
            Ok(Ok(Lease::Lost)) => give_up(&core, "another incarnation took over"),
            Ok(Err(_)) | Err(_) if Instant::now() + core.config.lease_renew >= held_until => {
                give_up(&core, "the database does not answer");
            }
            Ok(Err(error)) => tracing::warn!(error = %error, "the lease was not renewed; trying again"),
            Err(_) => tracing::warn!("the lease was not renewed in time; trying again"),
        }
    }
}

fn give_up(core: &Core, why: &str) {
    tracing::error!(why, "the node lost its lease: it stops its tasks and begins again");
    metrics::counter!("millrace_lease_lost_total").increment(1);
    *core.owner.write() = None;
    core.ready.lock().clear();
    core.runs.cancel_all();
}

async fn begin_again(core: &Arc<Core>) -> Option<Instant> {
    let asked_at = Instant::now();
    match core.nodes.register(&core.config.node_name, core.config.lease_ttl).await {
        Ok(owner) => {
            *core.owner.write() = Some(owner);
            core.adopt.notify_one();
            tracing::info!(node = owner.node.get(), epoch = owner.epoch, "the node holds a lease again");
            Some(asked_at + core.config.lease_ttl)
        }
        Err(error) => {
            tracing::warn!(error = %error, "the node could not register again");
            None
        }
    }
}
