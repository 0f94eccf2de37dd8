//! Nodes and their leases, on the store's own clock.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use millrace_domain::NodeId;
use millrace_domain::task::Owner;

use super::MemoryStore;
use crate::{Lease, NodeRepository, Result, StoreHealth};

/// One node's present incarnation.
#[derive(Debug)]
pub(super) struct NodeRow {
    pub name: String,
    pub epoch: i64,
    pub lease_expires_at: DateTime<Utc>,
}

fn lease_end(now: DateTime<Utc>, ttl: Duration) -> DateTime<Utc> {
    let end = TimeDelta::from_std(ttl).ok().and_then(|ttl| now.checked_add_signed(ttl));
    end.unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[async_trait]
impl NodeRepository for MemoryStore {
    async fn register(&self, name: &str, ttl: Duration) -> Result<Owner> {
        let now = self.clock.now();
        let mut state = self.lock();
        let known = state.nodes.iter().find(|(_, row)| row.name == name).map(|(id, row)| (*id, row.epoch));
        let (node, epoch): (NodeId, i64) = match known {
            Some((node, epoch)) => (node, epoch + 1),
            None => (state.sequences.nodes.next()?, 1),
        };
        let row = NodeRow { name: name.to_owned(), epoch, lease_expires_at: lease_end(now, ttl) };
        state.nodes.insert(node, row);
        Ok(Owner { node, epoch })
    }

    async fn renew(&self, owner: Owner, ttl: Duration) -> Result<Lease> {
        let now = self.clock.now();
        let mut state = self.lock();
        let held =
            state.nodes.get_mut(&owner.node).filter(|row| row.epoch == owner.epoch && now < row.lease_expires_at);
        let Some(row) = held else { return Ok(Lease::Lost) };
        row.lease_expires_at = lease_end(now, ttl);
        Ok(Lease::Held)
    }

    async fn release(&self, owner: Owner) -> Result<()> {
        let now = self.clock.now();
        let mut state = self.lock();
        if let Some(row) = state.nodes.get_mut(&owner.node).filter(|row| row.epoch == owner.epoch) {
            row.lease_expires_at = now;
        }
        Ok(())
    }
}

#[async_trait]
impl StoreHealth for MemoryStore {
    /// What is in the process works as long as the process does.
    async fn ping(&self) -> Result<()> {
        Ok(())
    }
}
