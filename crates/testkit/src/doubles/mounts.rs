//! A mount service that fails on demand.

use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;
use millrace_domain::mount::{MountIntent, MountTarget};
use millrace_domain::ports::{ManualMount, MountService};
use millrace_domain::{ErrorStage, Fault, Task, TaskFailure};
use millrace_queue::StandardMountService;
use parking_lot::Mutex;
use serde_json::value::RawValue;

/// What becomes of a call.
#[derive(Debug, Clone)]
enum Planned {
    Fail(TaskFailure),
    Crash,
}

/// Plans mounts as in production, except where it was told to fail.
#[derive(Debug, Default)]
pub struct FaultyMounts {
    inner: StandardMountService,
    planned: Mutex<VecDeque<Planned>>,
    calls: Mutex<usize>,
}

impl FaultyMounts {
    /// Makes the next `count` automatic mounts fail, with code `mount_refused`. Where `retryable`, the queue tries again
    /// by itself.
    pub fn fail_next(&self, count: usize, retryable: bool) {
        let mut failure = TaskFailure::permanent(ErrorStage::Mount, "mount_refused", "a test refused this mount");
        failure.retryable = retryable;
        self.planned.lock().extend(std::iter::repeat_n(Planned::Fail(failure), count));
    }

    /// Makes the next automatic mount panic.
    pub fn crash_next(&self) {
        self.planned.lock().push_back(Planned::Crash);
    }

    /// How many automatic mounts were asked for.
    pub fn calls(&self) -> usize {
        *self.calls.lock()
    }
}

#[async_trait]
impl MountService for FaultyMounts {
    async fn plan_automatic(
        &self,
        task: &Task,
        target: &MountTarget,
        value: Arc<RawValue>,
    ) -> Result<MountIntent, TaskFailure> {
        *self.calls.lock() += 1;
        // Taken in a statement of its own: the lock must not be held over the panic.
        let planned = self.planned.lock().pop_front();
        match planned {
            None => self.inner.plan_automatic(task, target, value).await,
            Some(Planned::Fail(failure)) => Err(failure),
            Some(Planned::Crash) => panic!("a test made this mount crash"),
        }
    }

    async fn plan_manual(
        &self,
        task: &Task,
        request: &ManualMount,
        value: Arc<RawValue>,
    ) -> Result<MountIntent, Fault> {
        self.inner.plan_manual(task, request, value).await
    }
}
