//! Receipts of idempotent requests.

use std::collections::HashMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use millrace_domain::UserId;

use super::MemoryStore;
use crate::{Clash, IdempotencyRepository, Receipt, ReceiptKey, RepositoryError, Result, StoredReceipt};

type Key = (UserId, String, String);

/// Receipts by user, operation and key.
#[derive(Debug, Default)]
pub(super) struct Receipts {
    rows: HashMap<Key, (StoredReceipt, DateTime<Utc>)>,
}

fn key_of(key: &ReceiptKey) -> Key {
    (key.user_id, key.operation.clone(), key.key.clone())
}

impl Receipts {
    /// Whether a receipt with this key stands. One that has expired does not.
    pub(super) fn holds(&self, key: &ReceiptKey, now: DateTime<Utc>) -> bool {
        self.rows.get(&key_of(key)).is_some_and(|(_, expires_at)| now < *expires_at)
    }

    /// To be called before any work, so that a repeated request is told apart from one that the state refuses.
    pub(super) fn check<T: ?Sized>(&self, receipt: Option<&Receipt<T>>, now: DateTime<Utc>) -> Result<()> {
        match receipt {
            Some(receipt) if self.holds(&receipt.key, now) => Err(RepositoryError::Conflict(Clash::IdempotencyKey)),
            _ => Ok(()),
        }
    }

    /// To be called after the work, with what was stored.
    pub(super) fn store<T: ?Sized>(&mut self, receipt: Option<&Receipt<T>>, stored: &T) {
        let Some(Receipt { key, render }) = receipt else { return };
        let row = StoredReceipt { fingerprint: key.fingerprint, response: render(stored) };
        self.rows.insert(key_of(key), (row, key.expires_at));
    }
}

#[async_trait]
impl IdempotencyRepository for MemoryStore {
    async fn find(
        &self,
        user: UserId,
        operation: &str,
        key: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<StoredReceipt>> {
        let state = self.lock();
        let row = state.receipts.rows.get(&(user, operation.to_owned(), key.to_owned()));
        Ok(row.filter(|(_, expires_at)| now < *expires_at).map(|(stored, _)| stored.clone()))
    }

    async fn sweep(&self, now: DateTime<Utc>, limit: usize) -> Result<usize> {
        let mut state = self.lock();
        let rows = &mut state.receipts.rows;
        let expired: Vec<Key> = rows
            .iter()
            .filter(|(_, (_, expires_at))| *expires_at <= now)
            .take(limit)
            .map(|(key, _)| key.clone())
            .collect();
        for key in &expired {
            rows.remove(key);
        }
        Ok(expired.len())
    }
}
