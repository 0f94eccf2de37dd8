//! Providers of language models.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use millrace_domain::provider::ProviderDefinition;
use millrace_domain::stored_provider::{KeyChange, SealedSecret, StoredProvider};
use millrace_domain::{ProviderId, UserId};

use super::MemoryStore;
use super::state::State;
use crate::{Clash, Page, ProviderRepository, Receipt, RepositoryError, Result};

impl State {
    fn providers_of(&self, user: UserId) -> impl DoubleEndedIterator<Item = &StoredProvider> {
        self.providers.values().filter(move |provider| provider.user_id == user)
    }

    /// Checks that no other provider of the user's has the name.
    fn check_provider_name(&self, user: UserId, name: &str, own: Option<ProviderId>) -> Result<()> {
        let taken =
            self.providers_of(user).any(|provider| provider.definition.name == name && Some(provider.id) != own);
        if taken { Err(RepositoryError::Conflict(Clash::Name)) } else { Ok(()) }
    }
}

#[async_trait]
impl ProviderRepository for MemoryStore {
    async fn create(
        &self,
        user: UserId,
        definition: &ProviderDefinition,
        api_key: Option<&SealedSecret>,
        now: DateTime<Utc>,
        receipt: Option<&Receipt<StoredProvider>>,
    ) -> Result<StoredProvider> {
        let mut state = self.lock();
        state.receipts.check(receipt, now)?;
        if !state.users.contains_key(&user) {
            return Err(RepositoryError::Conflict(Clash::Reference));
        }
        state.check_provider_name(user, &definition.name, None)?;
        let provider = StoredProvider {
            id: state.sequences.providers.next()?,
            user_id: user,
            definition: definition.clone(),
            api_key: api_key.cloned(),
            created_at: now,
            updated_at: now,
        };
        state.providers.insert(provider.id, provider.clone());
        state.receipts.store(receipt, &provider);
        Ok(provider)
    }

    async fn get(&self, user: UserId, id: ProviderId) -> Result<Option<StoredProvider>> {
        Ok(self.lock().providers.get(&id).filter(|provider| provider.user_id == user).cloned())
    }

    async fn find(&self, user: UserId, name: Option<&str>) -> Result<Option<StoredProvider>> {
        let state = self.lock();
        let mut oldest_first = state.providers_of(user);
        Ok(oldest_first.find(|provider| name.is_none_or(|name| provider.definition.name == name)).cloned())
    }

    async fn list(&self, user: UserId, page: Page<ProviderId>) -> Result<Vec<StoredProvider>> {
        let state = self.lock();
        let newest_first = state.providers_of(user).rev();
        let older = newest_first.filter(|provider| page.before.is_none_or(|before| provider.id < before));
        Ok(older.take(page.limit).cloned().collect())
    }

    async fn update(
        &self,
        user: UserId,
        id: ProviderId,
        definition: &ProviderDefinition,
        api_key: &KeyChange,
        now: DateTime<Utc>,
    ) -> Result<StoredProvider> {
        let mut state = self.lock();
        let found = state.providers.get(&id).filter(|provider| provider.user_id == user).cloned();
        let earlier = found.ok_or(RepositoryError::NotFound("provider"))?;
        state.check_provider_name(user, &definition.name, Some(id))?;
        let api_key = match api_key {
            KeyChange::Keep => earlier.api_key,
            KeyChange::Remove => None,
            KeyChange::Replace(sealed) => Some(sealed.clone()),
        };
        let provider = StoredProvider { definition: definition.clone(), api_key, updated_at: now, ..earlier };
        state.providers.insert(id, provider.clone());
        Ok(provider)
    }

    async fn delete(&self, user: UserId, id: ProviderId) -> Result<()> {
        let mut state = self.lock();
        if state.providers.get(&id).is_none_or(|provider| provider.user_id != user) {
            return Err(RepositoryError::NotFound("provider"));
        }
        state.providers.remove(&id);
        Ok(())
    }
}
