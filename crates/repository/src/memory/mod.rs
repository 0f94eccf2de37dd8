//! All stores in one process: nothing is kept when it ends.
//!
//! Owns one `State` behind one lock. Every trait method locks once, decides on what it sees, then
//! changes it, so that each is one transaction: an error means that nothing was changed. No method waits while it
//! holds the lock. What a mount or a write does to a table is decided by the pure functions of the domain, as in every
//! other store.

mod document;
mod events;
mod finish;
mod identity;
mod mounting;
mod mounts;
mod nodes;
mod placement;
mod projects;
mod providers;
mod receipts;
mod recover;
mod rules;
mod state;
mod tables;
mod task_list;
mod tasks;
mod uploads;
mod usage;

use std::sync::Arc;

use millrace_domain::ports::Clock;
use parking_lot::{Mutex, MutexGuard};

use self::state::State;
use crate::Stores;

/// The memory store; implements every storage trait. Clones share their data.
#[derive(Clone)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
    clock: Arc<dyn Clock>,
}

impl MemoryStore {
    /// An empty store that holds the built-in rule. Node leases run on `clock`, which stands in for the database's.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let state = State::new(clock.now());
        Self { state: Arc::new(Mutex::new(state)), clock }
    }

    /// One handle per aggregate, all on this store.
    pub fn stores(&self) -> Stores {
        let shared = Arc::new(self.clone());
        Stores {
            users: shared.clone(),
            api_keys: shared.clone(),
            idempotency: shared.clone(),
            projects: shared.clone(),
            providers: shared.clone(),
            rules: shared.clone(),
            uploads: shared.clone(),
            artifacts: shared.clone(),
            tasks: shared.clone(),
            tables: shared.clone(),
            mounts: shared.clone(),
            events: shared.clone(),
            nodes: shared.clone(),
            health: shared.clone(),
            usage: shared,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}
