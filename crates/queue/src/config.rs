//! Limits and times of the queue.

use std::time::Duration;

use millrace_domain::{Stage, TaskKind};

use crate::retry::RetryPolicy;

/// How many tasks of each kind run at once on this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindLimits {
    /// Documents.
    pub document: usize,
    /// Loads.
    pub load: usize,
    /// Queries.
    pub query: usize,
}

impl KindLimits {
    /// The limit of one kind.
    pub fn of(self, kind: TaskKind) -> usize {
        match kind {
            TaskKind::Document => self.document,
            TaskKind::Load => self.load,
            TaskKind::Query => self.query,
        }
    }
}

/// Limits and times of the queue. Every one is configurable; the defaults suit a machine with a few cores.
#[derive(Debug, Clone)]
pub struct QueueConfig {
    /// Name of this node, unique per data folder; its earlier incarnations' tasks come back to it at start.
    pub node_name: String,
    /// Waiting tasks that this node holds at most; more are refused with 429.
    pub max_pending: usize,
    /// Running tasks per kind.
    pub concurrency: KindLimits,
    /// Rows per admission or completion transaction at most.
    pub batch_max: usize,
    /// How long a completion waits for company while the node is busy.
    pub completion_linger: Duration,
    /// How long the node's lease lasts.
    pub lease_ttl: Duration,
    /// How often the lease is renewed; also how often other nodes' lapsed leases are looked for.
    pub lease_renew: Duration,
    /// How long a graceful stop waits for running tasks.
    pub drain_timeout: Duration,
    /// How long one attempt may run.
    pub task_timeout: Duration,
    /// Recorded deaths of the process after which a task is poison.
    pub poison_after: i32,
    /// Retry of the parse stage (and of loads and queries).
    pub retry_parse: RetryPolicy,
    /// Retry of the transform stage.
    pub retry_transform: RetryPolicy,
    /// Retry of the mount stage.
    pub retry_mount: RetryPolicy,
}

impl QueueConfig {
    /// The retry policy of a stage.
    pub fn retry_of(&self, stage: Stage) -> &RetryPolicy {
        match stage {
            Stage::Parse | Stage::Run => &self.retry_parse,
            Stage::Transform => &self.retry_transform,
            Stage::Mount => &self.retry_mount,
        }
    }
}

impl Default for QueueConfig {
    fn default() -> Self {
        Self {
            node_name: "local".to_owned(),
            max_pending: 100_000,
            concurrency: KindLimits { document: 16, load: 2, query: 2 },
            batch_max: 512,
            completion_linger: Duration::from_millis(2),
            lease_ttl: Duration::from_secs(20),
            lease_renew: Duration::from_secs(5),
            drain_timeout: Duration::from_secs(30),
            task_timeout: Duration::from_secs(600),
            poison_after: 3,
            retry_parse: RetryPolicy::default(),
            retry_transform: RetryPolicy::default(),
            retry_mount: RetryPolicy::default(),
        }
    }
}
