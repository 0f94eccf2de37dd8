//! All stores together, as the composition root hands them on.

use std::sync::Arc;

use millrace_domain::ports::Clock;

use crate::memory::MemoryStore;
use crate::traits::{
    ApiKeyRepository, ArtifactRepository, EventRepository, IdempotencyRepository, JsonTableRepository, MountRepository,
    NodeRepository, ProjectRepository, ProviderRepository, RuleRepository, StoreHealth, TaskRepository,
    UploadRepository, UsageRepository, UserRepository,
};

/// One handle per aggregate. Cheap to clone.
#[derive(Clone)]
pub struct Stores {
    /// Users.
    pub users: Arc<dyn UserRepository>,
    /// API keys.
    pub api_keys: Arc<dyn ApiKeyRepository>,
    /// Receipts.
    pub idempotency: Arc<dyn IdempotencyRepository>,
    /// Projects.
    pub projects: Arc<dyn ProjectRepository>,
    /// Providers of language models.
    pub providers: Arc<dyn ProviderRepository>,
    /// Rules.
    pub rules: Arc<dyn RuleRepository>,
    /// Uploads.
    pub uploads: Arc<dyn UploadRepository>,
    /// Artifacts.
    pub artifacts: Arc<dyn ArtifactRepository>,
    /// Tasks.
    pub tasks: Arc<dyn TaskRepository>,
    /// JSON tables.
    pub tables: Arc<dyn JsonTableRepository>,
    /// Mounts.
    pub mounts: Arc<dyn MountRepository>,
    /// Events.
    pub events: Arc<dyn EventRepository>,
    /// Nodes.
    pub nodes: Arc<dyn NodeRepository>,
    /// The store as a whole.
    pub health: Arc<dyn StoreHealth>,
    /// Model tokens.
    pub usage: Arc<dyn UsageRepository>,
}

impl Stores {
    /// All on one new memory store. Node leases run on `clock`.
    pub fn memory(clock: Arc<dyn Clock>) -> Self {
        MemoryStore::new(clock).stores()
    }
}
