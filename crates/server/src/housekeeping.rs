//! What is swept from time to time: expired receipts, and objects that no row vouches for.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use millrace_domain::object_key::KeyOwner;
use millrace_domain::ports::{Clock, ObjectStore};
use millrace_repository::Stores;
use millrace_repository::objects::sweep::{KeyOracle, OracleError, SweepError, SweepReport, sweep};
use tokio_util::sync::CancellationToken;

/// Between two rounds.
const PERIOD: Duration = Duration::from_secs(15 * 60);
/// Receipts removed per statement.
const RECEIPTS: usize = 1000;

/// The rows, as the sweep asks for them.
struct Rows {
    stores: Stores,
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl KeyOracle for Rows {
    async fn unknown(&self, owners: &[KeyOwner]) -> Result<Vec<KeyOwner>, OracleError> {
        Ok(self.stores.artifacts.unknown(owners, self.clock.now()).await?)
    }
}

/// Removes objects older than the grace that no row vouches for.
///
/// # Errors
/// When the store or the database does not answer; nothing wrong was removed then.
pub async fn sweep_orphans(
    stores: &Stores,
    objects: &Arc<dyn ObjectStore>,
    clock: &Arc<dyn Clock>,
    grace: Duration,
) -> Result<SweepReport, SweepError> {
    let rows = Rows { stores: stores.clone(), clock: Arc::clone(clock) };
    let grace = chrono::TimeDelta::from_std(grace).unwrap_or(chrono::TimeDelta::MAX);
    sweep(&**objects, &rows, grace, clock.now()).await
}

/// Sweeps until told to stop.
pub(crate) async fn run(
    stores: Stores,
    objects: Arc<dyn ObjectStore>,
    clock: Arc<dyn Clock>,
    orphan_grace_seconds: u64,
    stop: CancellationToken,
) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = clock.sleep(PERIOD) => {}
        }
        // Every removal stands alone, so that a round may end anywhere.
        tokio::select! {
            () = stop.cancelled() => return,
            () = round(&stores, &objects, &clock, orphan_grace_seconds) => {}
        }
    }
}

/// One round of sweeping.
async fn round(stores: &Stores, objects: &Arc<dyn ObjectStore>, clock: &Arc<dyn Clock>, orphan_grace_seconds: u64) {
    loop {
        match stores.idempotency.sweep(clock.now(), RECEIPTS).await {
            Ok(removed) if removed == RECEIPTS => {}
            Ok(_) => break,
            Err(error) => {
                tracing::warn!(error = %error, "expired receipts were not removed; the next round tries again");
                break;
            }
        }
    }
    match sweep_orphans(stores, objects, clock, Duration::from_secs(orphan_grace_seconds)).await {
        Ok(report) if report.deleted > 0 => {
            tracing::info!(objects = report.deleted, bytes = report.deleted_bytes, "removed orphaned objects");
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(error = %error, "the object sweep stopped early; the next round goes on"),
    }
}
