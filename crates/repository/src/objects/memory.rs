//! Objects in memory, for demos and tests. The same contract as the other stores; nothing is kept.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use millrace_domain::ports::{Clock, ListedObject, ObjectError, ObjectStore, ObjectWriter, StoredObject};
use parking_lot::RwLock;

use super::digest::Digest;
use super::key::{check_key, check_prefix};

/// Pieces that [`ObjectStore::stream`] yields, so that callers meet more than one here too.
const CHUNK: usize = 64 * 1024;

struct Entry {
    bytes: Bytes,
    modified_at: DateTime<Utc>,
}

struct Shared {
    objects: RwLock<BTreeMap<String, Entry>>,
    clock: Arc<dyn Clock>,
}

impl Shared {
    fn insert(&self, key: String, bytes: Bytes) {
        let modified_at = self.clock.now();
        self.objects.write().insert(key, Entry { bytes, modified_at });
    }
}

/// An object store that lives and dies with the process.
pub struct MemoryObjectStore {
    shared: Arc<Shared>,
}

impl MemoryObjectStore {
    /// An empty store; `clock` dates its objects.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { shared: Arc::new(Shared { objects: RwLock::new(BTreeMap::new()), clock }) }
    }

    fn find(&self, key: &str) -> Result<Bytes, ObjectError> {
        check_key(key)?;
        let objects = self.shared.objects.read();
        objects.get(key).map(|entry| entry.bytes.clone()).ok_or_else(|| ObjectError::NotFound(key.to_owned()))
    }
}

#[async_trait]
impl ObjectStore for MemoryObjectStore {
    async fn put(&self, key: &str, bytes: Bytes) -> Result<StoredObject, ObjectError> {
        check_key(key)?;
        let stored = Digest::of(&bytes);
        self.shared.insert(key.to_owned(), bytes);
        Ok(stored)
    }

    async fn writer(&self, key: &str) -> Result<Box<dyn ObjectWriter>, ObjectError> {
        check_key(key)?;
        Ok(Box::new(MemoryWriter { shared: Arc::clone(&self.shared), key: key.to_owned(), buffer: BytesMut::new() }))
    }

    async fn get(&self, key: &str) -> Result<Bytes, ObjectError> {
        self.find(key)
    }

    async fn stream(&self, key: &str) -> Result<BoxStream<'static, Result<Bytes, ObjectError>>, ObjectError> {
        let bytes = self.find(key)?;
        let chunks = stream::unfold(bytes, |mut rest| async move {
            let chunk = rest.split_to(rest.len().min(CHUNK));
            (!chunk.is_empty()).then_some((Ok(chunk), rest))
        });
        Ok(chunks.boxed())
    }

    fn local_path(&self, _key: &str) -> Option<PathBuf> {
        None
    }

    async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        check_key(key)?;
        self.shared.objects.write().remove(key);
        Ok(())
    }

    fn list(&self, prefix: &str) -> BoxStream<'static, Result<ListedObject, ObjectError>> {
        let folder = match check_prefix(prefix) {
            Ok("") => String::new(),
            Ok(folder) => format!("{folder}/"),
            Err(error) => return stream::iter([Err(error)]).boxed(),
        };
        let objects = self.shared.objects.read();
        let below = objects.range(folder.clone()..).take_while(|(key, _)| key.starts_with(&folder));
        let listed: Vec<_> = below
            .map(|(key, entry)| ListedObject {
                key: key.clone(),
                size: entry.bytes.len() as u64,
                modified_at: entry.modified_at,
            })
            .collect();
        stream::iter(listed.into_iter().map(Ok)).boxed()
    }

    async fn check(&self) -> Result<(), ObjectError> {
        Ok(())
    }
}

struct MemoryWriter {
    shared: Arc<Shared>,
    key: String,
    buffer: BytesMut,
}

#[async_trait]
impl ObjectWriter for MemoryWriter {
    async fn write(&mut self, chunk: Bytes) -> Result<(), ObjectError> {
        self.buffer.extend_from_slice(&chunk);
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<StoredObject, ObjectError> {
        let bytes = self.buffer.freeze();
        let stored = Digest::of(&bytes);
        self.shared.insert(self.key, bytes);
        Ok(stored)
    }

    async fn abort(self: Box<Self>) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::testing;

    struct Epoch;

    #[async_trait]
    impl Clock for Epoch {
        fn now(&self) -> DateTime<Utc> {
            DateTime::UNIX_EPOCH
        }
        async fn sleep(&self, _duration: std::time::Duration) {}
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn memory_keeps_the_contract() {
        let store = MemoryObjectStore::new(Arc::new(Epoch));
        if let Err(error) = testing::contract(&store).await {
            panic!("{error:#}");
        }
    }
}
