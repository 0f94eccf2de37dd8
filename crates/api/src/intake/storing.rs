//! Bytes on their way into the object store, and the duty to remove them if nobody will vouch for them.

use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use millrace_domain::UploadId;
use millrace_domain::ports::{ObjectError, ObjectStore, StoredObject};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

/// A file in the object store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// Its id.
    pub upload_id: UploadId,
    /// Its key.
    pub key: String,
    /// Size and hash.
    pub object: StoredObject,
    /// Sniffed media type.
    pub media_type: String,
}

/// Why one file of a request was not stored. Its neighbours are not touched by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFailure {
    /// Code of the catalogue.
    pub code: &'static str,
    /// Text for people.
    pub message: String,
}

impl FileFailure {
    /// A failure.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// The object store's failure. The cause goes to the log alone.
    pub fn of_store(error: &ObjectError) -> Self {
        tracing::error!(error = %error, cause = ?std::error::Error::source(error), "a file could not be stored");
        Self::new("unavailable", "the object store does not take the file")
    }
}

/// Stores files of one request, several at a time. Dropped, it removes what it stored.
pub struct Storing {
    objects: Arc<dyn ObjectStore>,
    /// Objects that were begun and not handed over.
    keys: Vec<String>,
    running: JoinSet<(usize, Result<StoredObject, ObjectError>)>,
}

impl Storing {
    /// Nothing yet.
    pub fn new(objects: Arc<dyn ObjectStore>) -> Self {
        Self { objects, keys: Vec::new(), running: JoinSet::new() }
    }

    /// The object store.
    pub fn objects(&self) -> &Arc<dyn ObjectStore> {
        &self.objects
    }

    /// Takes over the duty for a key; call it before the first byte is written.
    pub fn begin(&mut self, key: &str) {
        self.keys.push(key.to_owned());
    }

    /// Stores a small file while others are received. `tag` comes back with the outcome.
    pub fn spawn_put(&mut self, tag: usize, key: &str, bytes: Bytes) {
        self.begin(key);
        let objects = Arc::clone(&self.objects);
        let key = key.to_owned();
        self.running.spawn(async move { (tag, objects.put(&key, bytes).await) });
    }

    /// How many are being stored now.
    pub fn running(&self) -> usize {
        self.running.len()
    }

    /// The next outcome; `None` when none is being stored.
    pub async fn next(&mut self) -> Option<(usize, Result<StoredObject, ObjectError>)> {
        match self.running.join_next().await? {
            Ok(outcome) => Some(outcome),
            // The task panicked: its tag is lost with it, so the whole request must fail.
            Err(error) => Some((usize::MAX, Err(ObjectError::Unavailable(error.into())))),
        }
    }

    /// Removes one object, if it was begun.
    pub async fn discard(&mut self, key: &str) {
        if let Some(at) = self.keys.iter().position(|known| known == key) {
            self.keys.swap_remove(at);
            remove(&*self.objects, key).await;
        }
    }

    /// Moves an object to another key.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub async fn relocate(&mut self, from: &str, to: &str) -> Result<StoredObject, ObjectError> {
        self.begin(to);
        let mut chunks = self.objects.stream(from).await?;
        // A writer that is dropped on an error leaves nothing that can be read.
        let mut writer = self.objects.writer(to).await?;
        while let Some(chunk) = chunks.next().await {
            writer.write(chunk?).await?;
        }
        let stored = writer.finish().await?;
        self.discard(from).await;
        Ok(stored)
    }

    /// Gives the duty away: from here on a transaction decides. The keys come back if it fails.
    pub fn hand_over(&mut self) -> Vec<String> {
        std::mem::take(&mut self.keys)
    }

    /// Takes the duty back.
    pub fn take_back(&mut self, keys: Vec<String>) {
        self.keys.extend(keys);
    }

    /// Removes everything.
    pub async fn remove_all(&mut self) {
        while self.running.join_next().await.is_some() {}
        for key in std::mem::take(&mut self.keys) {
            remove(&*self.objects, &key).await;
        }
    }
}

impl Drop for Storing {
    fn drop(&mut self) {
        if self.keys.is_empty() {
            return;
        }
        // The client went away in the middle. What is being written must end before it can be removed. A runtime that is
        // ending drops what is spawned on it at once: a `Storing` in there would spawn again, for ever.
        let objects = Arc::clone(&self.objects);
        let keys = std::mem::take(&mut self.keys);
        let mut running = std::mem::take(&mut self.running);
        // Without a runtime the process ends; the sweeper removes them later.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                while running.join_next().await.is_some() {}
                for key in keys {
                    remove(&*objects, &key).await;
                }
            });
        }
    }
}

async fn remove(objects: &dyn ObjectStore, key: &str) {
    if let Err(error) = objects.delete(key).await {
        tracing::warn!(object.key = key, error = %error, "an object could not be removed; the sweeper will");
    }
}
