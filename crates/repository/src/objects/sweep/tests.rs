use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt as _;
use millrace_domain::ports::Clock;
use millrace_domain::{TaskId, UploadId, artifact::ArtifactKind};
use parking_lot::Mutex;

use super::*;
use crate::objects::MemoryObjectStore;

/// A clock that tests set.
struct SetClock(Mutex<DateTime<Utc>>);

#[async_trait]
impl Clock for SetClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock()
    }
    async fn sleep(&self, _duration: Duration) {}
}

/// Knows what it is told; counts the questions.
#[derive(Default)]
struct Known {
    owners: HashSet<KeyOwner>,
    questions: Mutex<Vec<usize>>,
    broken: bool,
}

#[async_trait]
impl KeyOracle for Known {
    async fn unknown(&self, owners: &[KeyOwner]) -> Result<Vec<KeyOwner>, OracleError> {
        if self.broken {
            return Err("no database".into());
        }
        self.questions.lock().push(owners.len());
        Ok(owners.iter().copied().filter(|owner| !self.owners.contains(owner)).collect())
    }
}

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
}

async fn store_with(objects: &[(i64, String)]) -> MemoryObjectStore {
    let clock = Arc::new(SetClock(Mutex::new(at(0))));
    let dated: Arc<dyn Clock> = clock.clone();
    let store = MemoryObjectStore::new(dated);
    for (minute, key) in objects {
        *clock.0.lock() = at(*minute);
        store.put(key, Bytes::from_static(b"12345")).await.expect("stored");
    }
    store
}

async fn keys(store: &MemoryObjectStore) -> Vec<String> {
    store.list("").map_ok(|object| object.key).try_collect().await.expect("a list")
}

fn upload(id: i64) -> KeyOwner {
    KeyOwner::Upload(UploadId::new(id).expect("an id"))
}

fn result(id: i64, epoch: i64) -> KeyOwner {
    KeyOwner::Artifact(TaskId::new(id).expect("an id"), ArtifactKind::Result, epoch)
}

#[tokio::test]
async fn only_old_unknown_objects_of_ours_go() {
    let objects = [
        (0, "users/1/raw/1/1.txt"),          // known
        (0, "users/1/raw/1/2.txt"),          // orphan
        (0, "users/1/processed/1/7-1.json"), // orphan: an older epoch than the one that is known
        (0, "users/1/processed/1/7-2.json"), // known
        (50, "users/1/raw/1/3.txt"),         // unknown and exactly at the edge of the grace period
        (51, "users/1/raw/1/4.txt"),         // unknown but young
        (0, "users/1/notes/1/5.txt"),        // of no form that we write
        (0, "backups/1.tar"),                // elsewhere
    ];
    let store = store_with(&objects.map(|(minute, key)| (minute, key.to_owned()))).await;
    let oracle = Known { owners: HashSet::from([upload(1), result(7, 2)]), ..Known::default() };
    let report = sweep(&store, &oracle, TimeDelta::minutes(10), at(60)).await.expect("swept");
    let expected = SweepReport { listed: 7, foreign: 1, young: 1, known: 2, deleted: 3, deleted_bytes: 15, failed: 0 };
    assert_eq!(report, expected);
    let left = [
        "backups/1.tar",
        "users/1/notes/1/5.txt",
        "users/1/processed/1/7-2.json",
        "users/1/raw/1/1.txt",
        "users/1/raw/1/4.txt",
    ];
    assert_eq!(keys(&store).await, left);
    let again = sweep(&store, &oracle, TimeDelta::minutes(10), at(60)).await.expect("swept");
    assert_eq!((again.listed, again.deleted), (4, 0));
}

#[tokio::test]
async fn owners_are_asked_about_in_batches() {
    let objects: Vec<_> = (1..=BATCH as i64 + 1).map(|n| (0, format!("users/1/raw/1/{n}"))).collect();
    let store = store_with(&objects).await;
    let oracle = Known::default();
    let report = sweep(&store, &oracle, TimeDelta::zero(), at(1)).await.expect("swept");
    assert_eq!(report.deleted, BATCH as u64 + 1);
    assert_eq!(*oracle.questions.lock(), [BATCH, 1]);
    assert!(keys(&store).await.is_empty());
}

#[tokio::test]
async fn without_an_answer_nothing_is_deleted() {
    let store = store_with(&[(0, "users/1/raw/1/1".to_owned())]).await;
    let oracle = Known { broken: true, ..Known::default() };
    let error = sweep(&store, &oracle, TimeDelta::zero(), at(1)).await.err();
    assert!(matches!(error, Some(SweepError::Oracle(_))), "{error:?}");
    assert_eq!(keys(&store).await.len(), 1);
}
