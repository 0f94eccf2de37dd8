//! What the parts of the queue share.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use millrace_domain::ports::{Bus, Clock, MountService, ObjectStore, TaskExecutor};
use millrace_domain::rule::Rule;
use millrace_domain::task::Owner;
use millrace_domain::{Fault, RuleId, Task, TaskState};
use millrace_repository::{ArtifactRepository, MountRepository, NodeRepository, RuleRepository, TaskRepository};
use parking_lot::{Mutex, RwLock};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::completion::Completer;
use crate::config::QueueConfig;
use crate::ready::ReadyQueue;
use crate::runs::RunTable;
use crate::watch::WatchHub;

/// Versions of rules kept in memory; above it, all are read again.
const MAX_KNOWN_RULES: usize = 1000;

/// Shared by admission, dispatch, completion and recovery.
pub(crate) struct Core {
    pub(crate) config: QueueConfig,
    pub(crate) tasks: Arc<dyn TaskRepository>,
    pub(crate) rules: Arc<dyn RuleRepository>,
    /// Versions of rules that ran here. A version never changes, so that it is read once.
    pub(crate) known_rules: Mutex<HashMap<(RuleId, i32), Arc<Rule>>>,
    pub(crate) artifacts: Arc<dyn ArtifactRepository>,
    pub(crate) mounts: Arc<dyn MountRepository>,
    pub(crate) nodes: Arc<dyn NodeRepository>,
    pub(crate) objects: Arc<dyn ObjectStore>,
    pub(crate) executor: Arc<dyn TaskExecutor>,
    pub(crate) mount_service: Arc<dyn MountService>,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ready: Mutex<ReadyQueue>,
    /// Work, a free place or a due time may be there: the dispatcher looks.
    pub(crate) look: Notify,
    /// A new incarnation has begun, or another reason to look for tasks to take over.
    pub(crate) adopt: Notify,
    /// Something ended: those who wait for idleness look.
    pub(crate) ended: Notify,
    pub(crate) runs: RunTable,
    pub(crate) watches: Arc<WatchHub>,
    /// This incarnation; `None` before the first registration and while the lease is lost.
    pub(crate) owner: RwLock<Option<Owner>>,
    pub(crate) accepting: AtomicBool,
    pub(crate) completer: Completer,
    /// Stops dispatch and recovery.
    pub(crate) stop: CancellationToken,
    /// Nobody is made to wait for a task any more.
    pub(crate) hang_up: CancellationToken,
}

impl Core {
    /// This incarnation, while it holds its lease.
    pub(crate) fn owner(&self) -> Option<Owner> {
        *self.owner.read()
    }

    /// Lets a stored task wait for its turn here.
    pub(crate) fn enqueue(&self, tasks: impl IntoIterator<Item = Arc<Task>>) {
        let now = self.clock.now();
        let mut ready = self.ready.lock();
        for task in tasks {
            ready.push(task, now);
        }
        drop(ready);
        self.look.notify_one();
    }

    /// A version of a rule; `None` when it does not exist.
    pub(crate) async fn rule(&self, id: RuleId, version: i32) -> Result<Option<Arc<Rule>>, Fault> {
        if let Some(rule) = self.known_rules.lock().get(&(id, version)) {
            return Ok(Some(Arc::clone(rule)));
        }
        let Some(rule) = self.rules.get_version(id, version).await?.map(Arc::new) else { return Ok(None) };
        let mut known = self.known_rules.lock();
        if known.len() >= MAX_KNOWN_RULES {
            known.clear();
        }
        known.insert((id, version), Arc::clone(&rule));
        Ok(Some(rule))
    }

    /// As [`enqueue`](Self::enqueue), for those that wait here and belong to this incarnation. The others are left for
    /// recovery, which takes them over first.
    pub(crate) fn enqueue_own(&self, tasks: impl IntoIterator<Item = Arc<Task>>) {
        let owner = self.owner();
        let own = |task: &Arc<Task>| {
            task.state == TaskState::Pending
                && task.owner.is_some()
                && task.owner == owner
                && !self.runs.contains(task.id)
        };
        self.enqueue(tasks.into_iter().filter(own));
    }

    /// Whether new tasks are taken.
    pub(crate) fn is_accepting(&self) -> bool {
        self.accepting.load(Ordering::Acquire)
    }
}
