//! Credentials that were found valid a moment ago, so that the hot path asks no database.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use millrace_domain::{ApiKeyId, UserId};
use parking_lot::RwLock;

/// Most credentials held; above it, all are forgotten and asked for again.
const CAPACITY: usize = 10_000;

/// A valid credential.
#[derive(Debug, Clone)]
pub struct Cached {
    /// Who it acts for.
    pub user: UserId,
    /// The key, if it is one.
    pub api_key: Option<ApiKeyId>,
    until: DateTime<Utc>,
    /// Unix seconds of the last touch that was begun.
    touched: Arc<AtomicI64>,
}

impl Cached {
    /// A credential that is trusted before `until`.
    pub fn new(
        user: UserId,
        api_key: Option<ApiKeyId>,
        until: DateTime<Utc>,
        last_used: Option<DateTime<Utc>>,
    ) -> Self {
        let touched = last_used.map_or(i64::MIN / 2, |at| at.timestamp());
        Self { user, api_key, until, touched: Arc::new(AtomicI64::new(touched)) }
    }

    /// Whether the caller is the one to note this use: true at most once in `every`.
    pub fn begin_touch(&self, now: DateTime<Utc>, every: TimeDelta) -> bool {
        let seconds = now.timestamp();
        let last = self.touched.load(Ordering::Relaxed);
        seconds.saturating_sub(last) >= every.num_seconds()
            && self.touched.compare_exchange(last, seconds, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// By SHA-256 of the credential.
#[derive(Debug, Default)]
pub struct CredentialCache {
    entries: RwLock<HashMap<[u8; 32], Cached>>,
    generation: AtomicU64,
}

impl CredentialCache {
    /// A credential that is still trusted.
    pub fn get(&self, hash: &[u8; 32], now: DateTime<Utc>) -> Option<Cached> {
        self.entries.read().get(hash).filter(|entry| now < entry.until).cloned()
    }

    /// Read before looking a credential up; see [`insert`](Self::insert).
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Remembers a credential, unless something was forgotten since `seen`: it could be this one, revoked between the
    /// look-up and now.
    pub fn insert(&self, hash: [u8; 32], entry: Cached, seen: u64) {
        let mut entries = self.entries.write();
        if self.generation.load(Ordering::Acquire) != seen {
            return;
        }
        if entries.len() >= CAPACITY {
            entries.clear();
        }
        entries.insert(hash, entry);
    }

    /// Forgets a key.
    pub fn forget(&self, key: ApiKeyId) {
        let mut entries = self.entries.write();
        self.generation.fetch_add(1, Ordering::AcqRel);
        entries.retain(|_, entry| entry.api_key != Some(key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("in range")
    }

    fn cached(until: i64) -> Cached {
        Cached::new(UserId::new(1).expect("id"), Some(ApiKeyId::new(2).expect("id")), at(until), None)
    }

    #[test]
    fn entries_end_and_are_forgotten() {
        let cache = CredentialCache::default();
        cache.insert([1; 32], cached(100), cache.generation());
        assert!(cache.get(&[1; 32], at(99)).is_some());
        assert!(cache.get(&[1; 32], at(100)).is_none());
        cache.forget(ApiKeyId::new(2).expect("id"));
        assert!(cache.get(&[1; 32], at(99)).is_none());
    }

    #[test]
    fn a_look_up_that_a_revoke_overtook_is_not_remembered() {
        let cache = CredentialCache::default();
        let seen = cache.generation();
        cache.forget(ApiKeyId::new(2).expect("id"));
        cache.insert([1; 32], cached(100), seen);
        assert!(cache.get(&[1; 32], at(1)).is_none());
    }

    #[test]
    fn a_use_is_noted_once_a_minute() {
        let entry = cached(1000);
        let minute = TimeDelta::seconds(60);
        assert!(entry.begin_touch(at(100), minute));
        assert!(!entry.begin_touch(at(159), minute));
        assert!(entry.clone().begin_touch(at(160), minute));
        assert!(!entry.begin_touch(at(161), minute));
    }
}
