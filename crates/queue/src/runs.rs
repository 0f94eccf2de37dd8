//! What runs on this node.

use std::collections::HashMap;

use millrace_domain::{TaskId, TaskKind};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

struct Run {
    token: CancellationToken,
    kind: TaskKind,
    /// The handler has returned; only the commit of its outcome is outstanding.
    handed_over: bool,
}

#[derive(Default)]
struct Table {
    runs: HashMap<TaskId, Run>,
    /// Handlers at work, per kind in the order of `TaskKind::ALL`.
    at_work: [usize; TaskKind::ALL.len()],
}

/// The running tasks and their cancellation tokens.
#[derive(Default)]
pub(crate) struct RunTable {
    table: Mutex<Table>,
}

fn slot(kind: TaskKind) -> usize {
    TaskKind::ALL.iter().position(|each| *each == kind).unwrap_or(0)
}

impl RunTable {
    /// Enters a task; `None` when it runs already.
    pub(crate) fn begin(&self, id: TaskId, kind: TaskKind) -> Option<CancellationToken> {
        let mut table = self.table.lock();
        if table.runs.contains_key(&id) {
            return None;
        }
        let token = CancellationToken::new();
        table.runs.insert(id, Run { token: token.clone(), kind, handed_over: false });
        table.at_work[slot(kind)] += 1;
        Some(token)
    }

    /// The handler has returned: its place is free, its outcome is not yet committed.
    pub(crate) fn hand_over(&self, id: TaskId) {
        let mut table = self.table.lock();
        let Some(run) = table.runs.get_mut(&id) else { return };
        if !std::mem::replace(&mut run.handed_over, true) {
            let kind = run.kind;
            table.at_work[slot(kind)] -= 1;
        }
    }

    /// The outcome is committed, or there is none.
    pub(crate) fn end(&self, id: TaskId) {
        let mut table = self.table.lock();
        if let Some(run) = table.runs.remove(&id)
            && !run.handed_over
        {
            table.at_work[slot(run.kind)] -= 1;
        }
    }

    /// Stops one task's handler; `false` when it does not run here.
    pub(crate) fn cancel(&self, id: TaskId) -> bool {
        self.table.lock().runs.get(&id).map(|run| run.token.cancel()).is_some()
    }

    /// Stops every handler.
    pub(crate) fn cancel_all(&self) {
        for run in self.table.lock().runs.values() {
            run.token.cancel();
        }
    }

    /// Handlers of a kind at work.
    pub(crate) fn at_work(&self, kind: TaskKind) -> usize {
        self.table.lock().at_work[slot(kind)]
    }

    /// Tasks whose outcome is outstanding.
    pub(crate) fn len(&self) -> usize {
        self.table.lock().runs.len()
    }

    /// Whether a task runs here or waits for its commit.
    pub(crate) fn contains(&self, id: TaskId) -> bool {
        self.table.lock().runs.contains_key(&id)
    }
}
