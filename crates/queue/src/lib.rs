//! The durable task queue of one node: admission, fair dispatch, leases, retry, completion.
//!
//! Owns the order of things, not their storage: every durable step is one method of a storage trait, and the row of a
//! task is its queue entry. Memory holds what waits and runs on this node; the store knows the same and more, so that a
//! crash at any line loses nothing that was acknowledged. Knows no HTTP, no SQL and no parser.

mod admission;
mod bus;
mod clock;
mod completion;
mod config;
mod core;
mod dispatch;
mod lease;
mod lifecycle;
mod mounts;
mod queue;
mod ready;
mod recovery;
mod requests;
mod resume;
mod retry;
mod run;
mod runs;
mod watch;

pub use bus::LocalBus;
pub use clock::SystemClock;
pub use config::{KindLimits, QueueConfig};
pub use lifecycle::QueueParts;
pub use mounts::StandardMountService;
pub use queue::{QueueHealth, TaskQueue};
pub use retry::{RetryDecision, RetryPolicy};
