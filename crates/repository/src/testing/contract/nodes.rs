//! Nodes and their leases.

use std::time::Duration;

use super::Subject;
use super::fixture::unique;
use crate::Lease;

const TTL: Duration = Duration::from_secs(3600);

/// The same name is the same node with a greater epoch; another name is another node.
pub async fn every_start_is_a_new_incarnation(s: &Subject<'_>) {
    let name = unique("node");
    let first = s.node_named(&name).await;
    let second = s.node_named(&name).await;
    assert_eq!(second.node, first.node);
    assert!(second.epoch > first.epoch);
    assert_ne!(s.node().await.node, first.node);
}

/// A lease is renewed by who holds it; the earlier incarnation has lost it.
pub async fn a_new_incarnation_takes_the_lease(s: &Subject<'_>) {
    let name = unique("node");
    let first = s.node_named(&name).await;
    assert_eq!(s.stores.nodes.renew(first, TTL).await.expect("renewed"), Lease::Held);
    let second = s.node_named(&name).await;
    assert_eq!(s.stores.nodes.renew(first, TTL).await.expect("asked"), Lease::Lost);
    assert_eq!(s.stores.nodes.renew(second, TTL).await.expect("renewed"), Lease::Held);
}

/// A lease that has lapsed is not renewed: the tasks may be gone.
pub async fn a_lapsed_lease_is_lost(s: &Subject<'_>) {
    let owner = s.stores.nodes.register(&unique("node"), Duration::ZERO).await.expect("a node");
    assert_eq!(s.stores.nodes.renew(owner, TTL).await.expect("asked"), Lease::Lost);
}

/// A released lease is over; the earlier incarnation's release does nothing.
pub async fn a_released_lease_is_over(s: &Subject<'_>) {
    let name = unique("node");
    let first = s.node_named(&name).await;
    let second = s.node_named(&name).await;
    s.stores.nodes.release(first).await.expect("ignored");
    assert_eq!(s.stores.nodes.renew(second, TTL).await.expect("renewed"), Lease::Held);
    s.stores.nodes.release(second).await.expect("released");
    assert_eq!(s.stores.nodes.renew(second, TTL).await.expect("asked"), Lease::Lost);
}

/// A store that works says so, at any time.
pub async fn a_store_that_works_answers(s: &Subject<'_>) {
    s.stores.health.ping().await.expect("it works");
    s.account().await;
    s.stores.health.ping().await.expect("it still works");
}
