//! Providers of language models that users keep here, their keys sealed.

use chrono::{DateTime, Utc};

use crate::ids::{ProviderId, UserId};
use crate::provider::ProviderDefinition;

/// A secret that can be stored: without the key it was sealed with, it says nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSecret {
    /// Which key opens it.
    pub key_id: String,
    /// Nonce and ciphertext.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for SealedSecret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SealedSecret").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// A provider of one user.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredProvider {
    /// Its id.
    pub id: ProviderId,
    /// The owner.
    pub user_id: UserId,
    /// What it is; the name is unique among the owner's.
    pub definition: ProviderDefinition,
    /// Its API key.
    pub api_key: Option<SealedSecret>,
    /// Stored at.
    pub created_at: DateTime<Utc>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
}

/// What becomes of a provider's API key in a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyChange {
    /// It stays.
    Keep,
    /// It is forgotten.
    Remove,
    /// It is replaced.
    Replace(SealedSecret),
}
