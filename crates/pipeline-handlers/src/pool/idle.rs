//! The children that wait for work.

use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::child::WorkerChild;

/// Idle children, the last used on top: those below it stay idle, and can be let go.
pub(super) struct IdleChildren {
    inner: Arc<Mutex<Inner>>,
    keep: usize,
    patience: Duration,
}

#[derive(Default)]
struct Inner {
    children: Vec<(Instant, WorkerChild)>,
    /// Whether a task waits to let surplus children go.
    is_watched: bool,
}

impl IdleChildren {
    /// Keeps `keep` children for ever, and others for as long as `patience`.
    pub(super) fn new(keep: usize, patience: Duration) -> Self {
        Self { inner: Arc::default(), keep, patience }
    }

    /// The child used last.
    pub(super) fn pop(&self) -> Option<WorkerChild> {
        self.inner.lock().children.pop().map(|(_, child)| child)
    }

    /// Takes a child back.
    pub(super) fn push(&self, child: WorkerChild) {
        let mut inner = self.inner.lock();
        inner.children.push((Instant::now(), child));
        if inner.children.len() > self.keep && !inner.is_watched {
            inner.is_watched = true;
            tokio::spawn(let_surplus_go(Arc::downgrade(&self.inner), self.keep, self.patience));
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.inner.lock().children.len()
    }
}

async fn let_surplus_go(idle: Weak<Mutex<Inner>>, keep: usize, patience: Duration) {
    let mut wake_at = Instant::now() + patience;
    loop {
        tokio::time::sleep_until(wake_at).await;
        let Some(inner) = idle.upgrade() else {
            return;
        };
        let mut inner = inner.lock();
        let surplus = inner.children.len().saturating_sub(keep);
        let now = Instant::now();
        // The oldest are at the bottom. Dropping a child kills it; it holds no work.
        let expired = inner.children.iter().take(surplus).take_while(|(since, _)| *since + patience <= now).count();
        inner.children.drain(..expired);
        match inner.children.first() {
            Some((since, _)) if inner.children.len() > keep => wake_at = *since + patience,
            _ => {
                inner.is_watched = false;
                return;
            }
        }
    }
}
