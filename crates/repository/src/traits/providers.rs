//! Providers of language models.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use millrace_domain::provider::ProviderDefinition;
use millrace_domain::stored_provider::{KeyChange, SealedSecret, StoredProvider};
use millrace_domain::{ProviderId, UserId};

use crate::receipt::Receipt;
use crate::{Page, Result};

/// Providers that users keep here. Keys come sealed and go sealed: no store ever sees one.
#[async_trait]
pub trait ProviderRepository: Send + Sync + 'static {
    /// Stores a provider.
    ///
    /// # Errors
    /// `Conflict(Name)` when the user has one of this name.
    async fn create(
        &self,
        user: UserId,
        definition: &ProviderDefinition,
        api_key: Option<&SealedSecret>,
        now: DateTime<Utc>,
        receipt: Option<&Receipt<StoredProvider>>,
    ) -> Result<StoredProvider>;
    /// One provider.
    async fn get(&self, user: UserId, id: ProviderId) -> Result<Option<StoredProvider>>;
    /// The user's provider of this name; without a name, the one that was stored first.
    async fn find(&self, user: UserId, name: Option<&str>) -> Result<Option<StoredProvider>>;
    /// The user's providers.
    async fn list(&self, user: UserId, page: Page<ProviderId>) -> Result<Vec<StoredProvider>>;
    /// Changes a provider.
    ///
    /// # Errors
    /// `NotFound("provider")`; `Conflict(Name)` when another one of the user's has the new name.
    async fn update(
        &self,
        user: UserId,
        id: ProviderId,
        definition: &ProviderDefinition,
        api_key: &KeyChange,
        now: DateTime<Utc>,
    ) -> Result<StoredProvider>;
    /// Removes a provider and its key.
    ///
    /// # Errors
    /// `NotFound("provider")`.
    async fn delete(&self, user: UserId, id: ProviderId) -> Result<()>;
}
