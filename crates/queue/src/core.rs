//! What the parts of the queue share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use millrace_domain::ports::{Bus, Clock, MountService, ObjectStore, TaskExecutor};
use millrace_domain::task::Owner;
use millrace_domain::{Task, TaskState};
use millrace_repository::{ArtifactRepository, MountRepository, NodeRepository, RuleRepository, TaskRepository};
use parking_lot::{Mutex, RwLock};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::completion::Completer;
use crate::config::QueueConfig;
use crate::ready::ReadyQueue;
use crate::runs::RunTable;
use crate::watch::WatchHub;

/// Shared by admission, dispatch, completion and recovery.
pub(crate) struct Core {
    pub(crate) config: QueueConfig,
    pub(crate) tasks: Arc<dyn TaskRepository>,
    pub(crate) rules: Arc<dyn RuleRepository>,
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
