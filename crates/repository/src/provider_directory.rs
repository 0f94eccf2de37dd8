//! The providers that a user may call: the user's own, then those of the installation.

use std::sync::Arc;

use async_trait::async_trait;
use millrace_domain::ports::{ProviderDirectory, SecretVault};
use millrace_domain::provider::{ProviderOrigin, ProviderWithSecret};
use millrace_domain::stored_provider::StoredProvider;
use millrace_domain::{Fault, UserId};

use crate::ProviderRepository;

/// Puts the stored providers of users in front of those of the installation.
pub struct StoredProviders {
    installed: Arc<dyn ProviderDirectory>,
    stored: Arc<dyn ProviderRepository>,
    vault: Arc<dyn SecretVault>,
}

impl StoredProviders {
    /// Looks in `stored`, opens keys with `vault`, and falls back to `installed`.
    pub fn new(
        installed: Arc<dyn ProviderDirectory>,
        stored: Arc<dyn ProviderRepository>,
        vault: Arc<dyn SecretVault>,
    ) -> Self {
        Self { installed, stored, vault }
    }

    /// The user's own of this name; without a name, the one that was stored first.
    async fn own(&self, user: UserId, name: Option<&str>) -> Result<Option<Arc<ProviderWithSecret>>, Fault> {
        let Some(found) = self.stored.find(user, name).await? else { return Ok(None) };
        let StoredProvider { user_id, definition, api_key, .. } = found;
        let api_key = api_key.map(|sealed| self.vault.open(user_id, &sealed)).transpose()?;
        Ok(Some(Arc::new(ProviderWithSecret { definition, api_key, origin: ProviderOrigin::User })))
    }
}

#[async_trait]
impl ProviderDirectory for StoredProviders {
    async fn get(&self, user: UserId, name: Option<&str>) -> Result<Option<Arc<ProviderWithSecret>>, Fault> {
        // A rule that names no provider means the installation's, if it has one for that.
        let (first, named) = match name {
            Some(_) => (self.own(user, name).await?, true),
            None => (self.installed.get(user, None).await?, false),
        };
        match first {
            Some(found) => Ok(Some(found)),
            None if named => self.installed.get(user, name).await,
            None => self.own(user, None).await,
        }
    }
}
