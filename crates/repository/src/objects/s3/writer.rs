//! An S3 object written piece by piece: one request when it is small, a multipart upload when it is not.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use millrace_domain::ports::{ObjectError, ObjectWriter, StoredObject};
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStoreExt as _};
use tokio::task::JoinSet;
use tokio_util::task::TaskTracker;

use super::super::digest::Digest;
use super::unavailable;

/// Bytes per part. All but the last have exactly this size, as R2 wants it; 10 000 parts make 80 GiB.
pub(super) const PART: usize = 8 * 1024 * 1024;
/// Parts being sent while the next one fills; bounds a writer's memory to three parts.
const IN_FLIGHT: usize = 2;

struct Multipart {
    upload: Box<dyn MultipartUpload>,
    sending: JoinSet<object_store::Result<()>>,
}

impl Multipart {
    /// Starts sending a part, once fewer than [`IN_FLIGHT`] are on their way.
    async fn send(&mut self, part: Bytes) -> Result<(), ObjectError> {
        self.wait_below(IN_FLIGHT).await?;
        self.sending.spawn(self.upload.put_part(part.into()));
        Ok(())
    }

    async fn wait_below(&mut self, limit: usize) -> Result<(), ObjectError> {
        while self.sending.len() >= limit {
            match self.sending.join_next().await {
                Some(Ok(sent)) => sent.map_err(unavailable)?,
                Some(Err(lost)) => return Err(ObjectError::Unavailable(Box::new(lost))),
                None => break,
            }
        }
        Ok(())
    }

    async fn abort(mut self, key: &Path) {
        self.sending.shutdown().await;
        if let Err(error) = self.upload.abort().await {
            // Invisible, but paid for until the bucket's life-cycle rule expires it.
            tracing::warn!(object.key = %key, ?error, "could not abort a multipart upload");
        }
    }
}

/// Writes one object of the S3 store.
pub(super) struct S3Writer {
    client: Arc<AmazonS3>,
    key: Path,
    digest: Digest,
    buffer: BytesMut,
    multipart: Option<Multipart>,
    /// Set when a call ends early, by an error or because its caller gave up: a piece may be missing then.
    broken: bool,
    aborts: TaskTracker,
}

impl S3Writer {
    pub(super) fn new(client: Arc<AmazonS3>, key: Path, aborts: TaskTracker) -> Self {
        let (digest, buffer) = (Digest::default(), BytesMut::new());
        Self { client, key, digest, buffer, multipart: None, broken: false, aborts }
    }

    async fn send(&mut self, part: Bytes) -> Result<(), ObjectError> {
        let multipart = match &mut self.multipart {
            Some(multipart) => multipart,
            None => {
                let upload = self.client.put_multipart(&self.key).await.map_err(unavailable)?;
                self.multipart.insert(Multipart { upload, sending: JoinSet::new() })
            }
        };
        multipart.send(part).await
    }

    async fn append(&mut self, mut chunk: Bytes) -> Result<(), ObjectError> {
        self.digest.update(&chunk);
        while !chunk.is_empty() {
            // A full buffer waits for more: the object may end here, and then needs no multipart upload.
            if self.buffer.len() == PART {
                let part = std::mem::take(&mut self.buffer).freeze();
                self.send(part).await?;
            }
            let piece = chunk.split_to(chunk.len().min(PART - self.buffer.len()));
            self.buffer.extend_from_slice(&piece);
        }
        Ok(())
    }

    async fn complete(&mut self) -> Result<(), ObjectError> {
        let rest = std::mem::take(&mut self.buffer).freeze();
        if self.multipart.is_none() {
            return self.client.put(&self.key, rest.into()).await.map(drop).map_err(unavailable);
        }
        self.send(rest).await?;
        let Some(multipart) = &mut self.multipart else { return Ok(()) };
        multipart.wait_below(1).await?;
        multipart.upload.complete().await.map_err(unavailable)?;
        // Nothing is left to abort.
        self.multipart = None;
        Ok(())
    }

    fn enter(&mut self) -> Result<(), ObjectError> {
        if std::mem::replace(&mut self.broken, true) {
            return Err(ObjectError::Unavailable("an earlier write to this object failed or was cancelled".into()));
        }
        Ok(())
    }
}

#[async_trait]
impl ObjectWriter for S3Writer {
    async fn write(&mut self, chunk: Bytes) -> Result<(), ObjectError> {
        self.enter()?;
        self.append(chunk).await?;
        self.broken = false;
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<StoredObject, ObjectError> {
        self.enter()?;
        if let Err(error) = self.complete().await {
            self.abort().await;
            return Err(error);
        }
        Ok(std::mem::take(&mut self.digest).finish())
    }

    async fn abort(mut self: Box<Self>) {
        if let Some(multipart) = self.multipart.take() {
            // Tracked, so that a caller who gives up on waiting does not stop the clean-up.
            let key = self.key.clone();
            let aborted = self.aborts.spawn(async move { multipart.abort(&key).await });
            if let Err(error) = aborted.await {
                tracing::warn!(object.key = %self.key, %error, "could not wait for an abort");
            }
        }
    }
}

impl Drop for S3Writer {
    fn drop(&mut self) {
        if let Some(multipart) = self.multipart.take() {
            let key = self.key.clone();
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                self.aborts.spawn_on(async move { multipart.abort(&key).await }, &runtime);
            }
        }
    }
}
