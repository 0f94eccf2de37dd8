//! Users and API keys.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use millrace_domain::api_key::ApiKey;
use millrace_domain::user::User;
use millrace_domain::{ApiKeyId, UserId};

use super::MemoryStore;
use crate::{ApiKeyRepository, Clash, NewApiKey, Page, Receipt, RepositoryError, Result, UserRepository};

#[async_trait]
impl UserRepository for MemoryStore {
    async fn ensure(&self, issuer: &str, subject: &str, now: DateTime<Utc>) -> Result<User> {
        let mut state = self.lock();
        let outside = (issuer.to_owned(), subject.to_owned());
        let known = state.users_by_subject.get(&outside).and_then(|id| state.users.get(id));
        if let Some(user) = known {
            return Ok(user.clone());
        }
        let id = state.sequences.users.next()?;
        let user = User { id, issuer: outside.0.clone(), subject: outside.1.clone(), created_at: now };
        state.users_by_subject.insert(outside, id);
        state.users.insert(id, user.clone());
        Ok(user)
    }

    async fn get(&self, id: UserId) -> Result<Option<User>> {
        Ok(self.lock().users.get(&id).cloned())
    }
}

#[async_trait]
impl ApiKeyRepository for MemoryStore {
    async fn create(&self, new: &NewApiKey, now: DateTime<Utc>, receipt: Option<&Receipt<ApiKey>>) -> Result<ApiKey> {
        let mut state = self.lock();
        state.receipts.check(receipt, now)?;
        if !state.users.contains_key(&new.user_id) {
            return Err(RepositoryError::Conflict(Clash::Reference));
        }
        if state.api_keys_by_hash.contains_key(&new.hash) {
            return Err(RepositoryError::Conflict(Clash::Other));
        }
        let key = ApiKey {
            id: state.sequences.api_keys.next()?,
            user_id: new.user_id,
            name: new.name.clone(),
            prefix: new.prefix.clone(),
            hash: new.hash,
            created_at: now,
            expires_at: new.expires_at,
            last_used_at: None,
            revoked_at: None,
        };
        state.api_keys_by_hash.insert(key.hash, key.id);
        state.api_keys.insert(key.id, key.clone());
        state.receipts.store(receipt, &key);
        Ok(key)
    }

    async fn find_by_hash(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>> {
        let state = self.lock();
        Ok(state.api_keys_by_hash.get(hash).and_then(|id| state.api_keys.get(id)).cloned())
    }

    async fn list(&self, user: UserId, page: Page<ApiKeyId>) -> Result<Vec<ApiKey>> {
        let state = self.lock();
        let newest_first = state.api_keys.values().rev().filter(|key| key.user_id == user);
        let older = newest_first.filter(|key| page.before.is_none_or(|before| key.id < before));
        Ok(older.take(page.limit).cloned().collect())
    }

    async fn any_valid(&self, now: DateTime<Utc>) -> Result<bool> {
        Ok(self.lock().api_keys.values().any(|key| key.is_valid_at(now)))
    }

    async fn revoke(&self, user: UserId, id: ApiKeyId, now: DateTime<Utc>) -> Result<ApiKey> {
        let mut state = self.lock();
        let key = state.api_keys.get_mut(&id).filter(|key| key.user_id == user);
        let key = key.ok_or(RepositoryError::NotFound("api key"))?;
        key.revoked_at.get_or_insert(now);
        Ok(key.clone())
    }

    async fn touch(&self, id: ApiKeyId, now: DateTime<Utc>) -> Result<()> {
        if let Some(key) = self.lock().api_keys.get_mut(&id) {
            // Uses are noted late and in any order; the latest one stays.
            key.last_used_at = key.last_used_at.max(Some(now));
        }
        Ok(())
    }
}
