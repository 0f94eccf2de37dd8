//! Doubles at the ports: a clock that stands still until told, and stores that fail on demand.
//!
//! Each wraps something that works, so that what a test does not break behaves as in production.

mod clock;
mod faults;
mod objects;
mod tasks;

pub use clock::FakeClock;
pub use faults::{Faults, Moment};
pub use objects::{FaultyObjects, ObjectMethod};
pub use tasks::{FaultyTasks, TaskMethod};
