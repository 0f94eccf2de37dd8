//! Nouns and rules of Millrace: typed ids, the task state machine, rules, mounts, JSON tables, error kinds and the ports.
//!
//! Owns meaning, not mechanics. Knows no database, no HTTP, no file system and no async runtime: what does I/O sits
//! behind a trait in [`ports`]. Every other crate of the workspace may depend on this one; it depends on none of them.

pub mod api_key;
pub mod artifact;
pub mod assembly;
pub mod capabilities;
pub mod citation;
pub mod document;
pub mod error;
pub mod event;
pub mod filename;
pub mod ids;
pub mod json_table;
pub mod mount;
pub mod mount_rules;
pub mod object_key;
pub mod parse_options;
pub mod pointer;
pub mod ports;
pub mod project;
pub mod provider;
pub mod rule;
pub mod rule_test;
pub mod secret;
pub mod state_machine;
pub mod stored_provider;
pub mod submission;
pub mod task;
pub mod upload;
pub mod usage;
pub mod user;

pub use error::{ErrorKind, Fault};
pub use ids::*;
pub use pointer::JsonPointer;
pub use state_machine::{IllegalTransition, Stage, TaskEvent, TaskState, step};
pub use task::{ErrorStage, Task, TaskFailure, TaskKind};
