//! Which calls are to fail.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::hash::Hash;

use parking_lot::Mutex;
use tokio::sync::watch;

/// When a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Before anything was done.
    Before,
    /// After everything was done: the caller cannot know.
    After,
    /// Never, and nothing is done: the process dies before the call.
    HangBefore,
    /// Never, though everything was done: the process dies after the call.
    HangAfter,
}

/// The failures that wait for calls of the methods `M`.
#[derive(Debug)]
pub struct Faults<M> {
    waiting: Mutex<HashMap<M, VecDeque<Option<Moment>>>>,
    calls: Mutex<HashMap<M, usize>>,
    hung: watch::Sender<usize>,
}

impl<M> Default for Faults<M> {
    fn default() -> Self {
        Self { waiting: Mutex::new(HashMap::new()), calls: Mutex::new(HashMap::new()), hung: watch::Sender::new(0) }
    }
}

impl<M: Copy + Eq + Hash> Faults<M> {
    /// Makes the next `count` calls of a method fail, after those that were asked for earlier.
    pub fn fail_next(&self, method: M, count: usize, moment: Moment) {
        self.waiting.lock().entry(method).or_default().extend(std::iter::repeat_n(Some(moment), count));
    }

    /// Lets the next `count` calls of a method pass, after what was asked for earlier and before what is asked for later.
    pub fn pass_next(&self, method: M, count: usize) {
        self.waiting.lock().entry(method).or_default().extend(std::iter::repeat_n(None, count));
    }

    /// How many calls of a method there were, failed ones included.
    pub fn calls(&self, method: M) -> usize {
        self.calls.lock().get(&method).copied().unwrap_or_default()
    }

    /// Failures that nobody has run into yet.
    pub fn left(&self) -> usize {
        self.waiting.lock().values().flatten().flatten().count()
    }

    /// Returns when at least so many calls hang.
    pub async fn wait_for_hung(&self, count: usize) {
        // The sender lives in `self`, so this cannot fail.
        let _ = self.hung.subscribe().wait_for(|hung| *hung >= count).await;
    }

    /// Says that a call hangs, and does so until it is dropped.
    pub(super) async fn hang<T>(&self) -> T {
        self.hung.send_modify(|hung| *hung += 1);
        std::future::pending().await
    }

    /// Counts a call and takes the failure that waits for it.
    pub(super) fn meet(&self, method: M) -> Option<Moment> {
        *self.calls.lock().entry(method).or_default() += 1;
        self.waiting.lock().get_mut(&method)?.pop_front().flatten()
    }

    /// Runs a call, or its failure.
    pub(super) async fn around<T, E>(
        &self,
        method: M,
        failure: fn() -> E,
        work: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        match self.meet(method) {
            None => work.await,
            Some(Moment::Before) => Err(failure()),
            Some(Moment::After) => work.await.and_then(|_| Err(failure())),
            Some(Moment::HangBefore) => self.hang().await,
            Some(Moment::HangAfter) => {
                let _ = work.await;
                self.hang().await
            }
        }
    }
}

/// The cause inside the errors.
#[derive(Debug, thiserror::Error)]
#[error("a test made this call fail")]
pub(super) struct Planned;
