//! Counting orphans by the very code that removes them, on a store that removes nothing.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use millrace_domain::ports::{ListedObject, ObjectError, ObjectStore, ObjectWriter, StoredObject};

/// A store whose objects cannot be removed.
pub(super) struct Unswept(pub(super) Arc<dyn ObjectStore>);

#[async_trait]
impl ObjectStore for Unswept {
    async fn put(&self, key: &str, bytes: Bytes) -> Result<StoredObject, ObjectError> {
        self.0.put(key, bytes).await
    }

    async fn writer(&self, key: &str) -> Result<Box<dyn ObjectWriter>, ObjectError> {
        self.0.writer(key).await
    }

    async fn get(&self, key: &str) -> Result<Bytes, ObjectError> {
        self.0.get(key).await
    }

    async fn stream(&self, key: &str) -> Result<BoxStream<'static, Result<Bytes, ObjectError>>, ObjectError> {
        self.0.stream(key).await
    }

    fn local_path(&self, key: &str) -> Option<PathBuf> {
        self.0.local_path(key)
    }

    async fn delete(&self, _key: &str) -> Result<(), ObjectError> {
        Ok(())
    }

    fn list(&self, prefix: &str) -> BoxStream<'static, Result<ListedObject, ObjectError>> {
        self.0.list(prefix)
    }

    async fn check(&self) -> Result<(), ObjectError> {
        self.0.check().await
    }
}
