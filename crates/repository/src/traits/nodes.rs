//! Nodes and their leases, on database time; whether the store works at all.

use std::time::Duration;

use async_trait::async_trait;
use millrace_domain::task::Owner;

use crate::Result;

/// Answer to a renewal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lease {
    /// Held for the asked time from now.
    Held,
    /// Somebody else took over this node's name, or the lease had lapsed and its tasks may be gone: stop writing.
    Lost,
}

/// Nodes.
#[async_trait]
pub trait NodeRepository: Send + Sync + 'static {
    /// Begins a new incarnation of the node with this name: a new epoch, a lease of `ttl` from now on. An earlier
    /// incarnation loses its lease at once (the caller holds the lock on the data folder, so it is dead).
    async fn register(&self, name: &str, ttl: Duration) -> Result<Owner>;
    /// Extends the lease to `ttl` from now.
    async fn renew(&self, owner: Owner, ttl: Duration) -> Result<Lease>;
    /// Ends the lease. Call after the tasks were released.
    async fn release(&self, owner: Owner) -> Result<()>;
}

/// The store as a whole.
#[async_trait]
pub trait StoreHealth: Send + Sync + 'static {
    /// Whether the store can do its work now: it answers, and takes writes. Changes nothing.
    ///
    /// # Errors
    /// `Unavailable` when it does not.
    async fn ping(&self) -> Result<()>;
}
