//! Removes objects that no row vouches for: what a crash between "bytes stored" and "row committed" left behind.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures::stream::{self, StreamExt as _};
use millrace_domain::object_key::{KeyOwner, owner_of};
use millrace_domain::ports::{ListedObject, ObjectError, ObjectStore};

/// Objects asked about at a time.
const BATCH: usize = 512;
/// Deletions in flight.
const DELETES: usize = 16;

/// Where the keys of the product lie; the rest of the store is not even listed.
const OURS: &str = "users";

/// Why an oracle could not answer.
pub type OracleError = Box<dyn std::error::Error + Send + Sync>;

/// Knows which owners exist.
#[async_trait]
pub trait KeyOracle: Send + Sync {
    /// Those of `owners` that no row knows and no running attempt of a task may still record.
    ///
    /// An attempt in progress stores artifacts long before the transaction that records them, so every artifact of a
    /// live attempt counts as known, however old the object is.
    ///
    /// # Errors
    /// When the question cannot be answered; nothing is deleted then.
    async fn unknown(&self, owners: &[KeyOwner]) -> Result<Vec<KeyOwner>, OracleError>;
}

/// Why a sweep stopped halfway. What it deleted by then was rightly deleted; the next sweep does the rest.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The store could not be listed.
    #[error("the sweep could not list the objects")]
    List(#[source] ObjectError),
    /// The oracle gave no answer.
    #[error("the sweep could not learn which objects are known")]
    Oracle(#[source] OracleError),
}

/// What a sweep saw and did, in objects unless named otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SweepReport {
    /// Listed in all.
    pub listed: u64,
    /// Not of a form that the product writes; left alone.
    pub foreign: u64,
    /// Younger than the grace period; left alone.
    pub young: u64,
    /// Known to a row.
    pub known: u64,
    /// Deleted.
    pub deleted: u64,
    /// Bytes of the deleted ones.
    pub deleted_bytes: u64,
    /// Could not be deleted; the next sweep tries again.
    pub failed: u64,
}

/// Deletes every object of ours that was last changed before `now - grace` and that `oracle` does not know.
///
/// `grace` must be longer than the longest time between storing bytes and committing the row that owns them (a slow upload
/// included), plus the difference between the clocks of the store and of `now`.
///
/// # Errors
/// [`SweepError`]; an object that cannot be deleted is counted instead.
pub async fn sweep(
    store: &dyn ObjectStore,
    oracle: &dyn KeyOracle,
    grace: TimeDelta,
    now: DateTime<Utc>,
) -> Result<SweepReport, SweepError> {
    let mut report = SweepReport::default();
    let mut batches = store.list(OURS).chunks(BATCH);
    while let Some(batch) = batches.next().await {
        let mut suspects = Vec::new();
        for object in batch {
            let object = object.map_err(SweepError::List)?;
            report.listed += 1;
            match owner_of(&object.key) {
                None => report.foreign += 1,
                Some(_) if now - object.modified_at < grace => report.young += 1,
                Some(owner) => suspects.push((owner, object)),
            }
        }
        let orphans = ask(oracle, suspects, &mut report).await?;
        delete(store, orphans, &mut report).await;
    }
    Ok(report)
}

async fn ask(
    oracle: &dyn KeyOracle,
    suspects: Vec<(KeyOwner, ListedObject)>,
    report: &mut SweepReport,
) -> Result<Vec<ListedObject>, SweepError> {
    if suspects.is_empty() {
        return Ok(Vec::new());
    }
    let owners: Vec<KeyOwner> = suspects.iter().map(|(owner, _)| *owner).collect();
    let unknown = oracle.unknown(&owners).await.map_err(SweepError::Oracle)?;
    let unknown: std::collections::HashSet<KeyOwner> = unknown.into_iter().collect();
    let asked = suspects.len();
    let orphans: Vec<_> =
        suspects.into_iter().filter(|(owner, _)| unknown.contains(owner)).map(|(_, object)| object).collect();
    report.known += (asked - orphans.len()) as u64;
    Ok(orphans)
}

async fn delete(store: &dyn ObjectStore, orphans: Vec<ListedObject>, report: &mut SweepReport) {
    let deletions = stream::iter(orphans).map(|object| async move {
        let result = store.delete(&object.key).await;
        (object, result)
    });
    let mut deletions = deletions.buffer_unordered(DELETES);
    while let Some((object, result)) = deletions.next().await {
        match result {
            Ok(()) => {
                report.deleted += 1;
                report.deleted_bytes += object.size;
                tracing::info!(object.key = %object.key, object.size, "deleted an object that nothing refers to");
            }
            Err(error) => {
                report.failed += 1;
                tracing::warn!(object.key = %object.key, ?error, "could not delete an orphaned object");
            }
        }
    }
}

#[cfg(test)]
mod tests;
