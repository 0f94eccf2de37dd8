//! The storage traits, one per aggregate.
//!
//! Conventions: every read and every change by a caller takes the caller's [`UserId`](millrace_domain::UserId) and
//! treats other people's rows as absent; `now` comes from the injected clock (leases alone use the database's); lists
//! are newest first unless said otherwise; a method is one transaction; a `receipt` commits with the work, and
//! [`Clash::IdempotencyKey`](crate::Clash) means that nothing was done because a receipt with that key exists.

mod identity;
mod nodes;
mod projects;
mod providers;
mod rules;
mod tables;
mod tasks;
mod uploads;
mod usage;

pub use identity::{ApiKeyRepository, IdempotencyRepository, NewApiKey, UserRepository};
pub use nodes::{Lease, NodeRepository, StoreHealth};
pub use projects::ProjectRepository;
pub use providers::ProviderRepository;
pub use rules::RuleRepository;
pub use tables::{EventFilter, EventRepository, JsonTableRepository, MountFilter, MountRepository};
pub use tasks::{
    Admission, AdmissionOutcome, Finish, FinishKind, FinishOutcome, ProgressUpdate, RecoverSource, Recovered,
    StatusOverlay, TaskFilter, TaskPage, TaskRepository,
};
pub use uploads::{ArtifactRepository, UploadRepository};
pub use usage::UsageRepository;

/// A keyset page: rows with an id (or number) smaller than `before`, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page<Id> {
    /// Only rows older than this one.
    pub before: Option<Id>,
    /// At most so many rows.
    pub limit: usize,
}
