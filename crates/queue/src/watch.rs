//! Waking those who wait for a task to change.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use millrace_domain::TaskId;
use parking_lot::Mutex;
use tokio::sync::watch;

/// Who waits for which task. Costs one atomic read per change when nobody does.
#[derive(Default)]
pub(crate) struct WatchHub {
    watched: Mutex<HashMap<TaskId, watch::Sender<u64>>>,
    count: AtomicUsize,
}

/// A subscription to one task's changes. Subscribe first, then look, then wait.
pub(crate) struct Watch {
    hub: Arc<WatchHub>,
    id: TaskId,
    receiver: Option<watch::Receiver<u64>>,
}

impl WatchHub {
    /// Subscribes from now on.
    pub(crate) fn subscribe(self: &Arc<Self>, id: TaskId) -> Watch {
        let mut watched = self.watched.lock();
        let receiver = watched.entry(id).or_insert_with(|| watch::channel(0).0).subscribe();
        self.count.store(watched.len(), Ordering::Release);
        Watch { hub: Arc::clone(self), id, receiver: Some(receiver) }
    }

    /// Wakes everybody who waits for this task.
    pub(crate) fn notify(&self, id: TaskId) {
        if self.count.load(Ordering::Acquire) == 0 {
            return;
        }
        if let Some(sender) = self.watched.lock().get(&id) {
            sender.send_modify(|changes| *changes += 1);
        }
    }
}

impl Watch {
    /// Returns at the next change after subscribing or after the last return.
    pub(crate) async fn changed(&mut self) {
        if let Some(receiver) = &mut self.receiver {
            // The sender lives as long as any receiver does.
            let _ = receiver.changed().await;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut watched = self.hub.watched.lock();
        self.receiver = None;
        if watched.get(&self.id).is_some_and(|sender| sender.receiver_count() == 0) {
            watched.remove(&self.id);
        }
        self.hub.count.store(watched.len(), Ordering::Release);
    }
}
