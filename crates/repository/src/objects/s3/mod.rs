//! Objects in a bucket of AWS S3 or of anything that speaks its protocol.

mod options;
#[cfg(test)]
mod tests;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use millrace_domain::ports::{ListedObject, ObjectError, ObjectStore, ObjectWriter, StoredObject};
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore as _, ObjectStoreExt as _};
use tokio_util::task::TaskTracker;

pub use self::options::S3Options;
use self::writer::S3Writer;
use super::digest::Digest;
use super::key::{check_key, check_prefix};
use super::location::OpenError;

/// Bytes per request of a stream. Each request has its own time limit, so a slow reader never runs into one.
const WINDOW: u64 = 4 * 1024 * 1024;
/// The object that [`ObjectStore::check`] writes and removes.
const PROBE: &str = "millrace-probe";

/// An object store in one bucket, below one prefix.
///
/// A process that dies in the middle of a multipart upload leaves its parts behind, invisible but paid for: give the bucket
/// a life-cycle rule that aborts incomplete uploads after a day or more.
pub struct S3ObjectStore {
    client: Arc<AmazonS3>,
    /// Without slashes at its ends; empty for the whole bucket.
    prefix: String,
    aborts: TaskTracker,
}

impl S3ObjectStore {
    /// A client for `bucket`; keys lie below `prefix` (folders without a slash at either end, or empty). Sends nothing.
    ///
    /// # Errors
    /// [`OpenError`] for options that cannot work.
    pub fn open(bucket: &str, prefix: &str, options: &S3Options) -> Result<Self, OpenError> {
        let client = Arc::new(options.client(bucket)?);
        Ok(Self { client, prefix: prefix.to_owned(), aborts: TaskTracker::new() })
    }

    /// Waits until the multipart uploads of dropped writers are aborted. For the end of a process, and for tests.
    pub async fn settle(&self) {
        self.aborts.close();
        self.aborts.wait().await;
    }

    fn path(&self, key: &str) -> Result<Path, ObjectError> {
        check_key(key)?;
        let full = if self.prefix.is_empty() { key.to_owned() } else { format!("{}/{key}", self.prefix) };
        // Plain keys need no encoding, so this is the text itself.
        Ok(Path::from(full))
    }

    fn s3_writer(&self, key: &str) -> Result<S3Writer, ObjectError> {
        Ok(S3Writer::new(Arc::clone(&self.client), self.path(key)?, self.aborts.clone()))
    }
}

#[async_trait]
impl ObjectStore for S3ObjectStore {
    async fn put(&self, key: &str, bytes: Bytes) -> Result<StoredObject, ObjectError> {
        if bytes.len() > writer::PART {
            let mut writer = Box::new(self.s3_writer(key)?);
            writer.write(bytes).await?;
            return writer.finish().await;
        }
        let path = self.path(key)?;
        let stored = Digest::of(&bytes);
        self.client.put(&path, bytes.into()).await.map_err(unavailable)?;
        Ok(stored)
    }

    async fn writer(&self, key: &str) -> Result<Box<dyn ObjectWriter>, ObjectError> {
        Ok(Box::new(self.s3_writer(key)?))
    }

    async fn get(&self, key: &str) -> Result<Bytes, ObjectError> {
        let path = self.path(key)?;
        let object = self.client.get(&path).await.map_err(|error| read_error(key, error))?;
        object.bytes().await.map_err(|error| read_error(key, error))
    }

    async fn stream(&self, key: &str) -> Result<BoxStream<'static, Result<Bytes, ObjectError>>, ObjectError> {
        let path = self.path(key)?;
        let head = self.client.head(&path).await.map_err(|error| read_error(key, error))?;
        let (client, key, size) = (Arc::clone(&self.client), key.to_owned(), head.size);
        let windows = stream::try_unfold(0, move |start| {
            let (client, path, key) = (Arc::clone(&client), path.clone(), key.clone());
            // Overwritten meanwhile, the object is another one: an error, rather than a mixture of both.
            let if_match = head.e_tag.clone();
            async move {
                if start >= size {
                    return Ok(None);
                }
                let end = size.min(start + WINDOW);
                let range = Some(GetRange::Bounded(start..end));
                let options = GetOptions { range, if_match, ..GetOptions::default() };
                let window = client.get_opts(&path, options).await.map_err(|error| read_error(&key, error))?;
                let bytes = window.bytes().await.map_err(|error| read_error(&key, error))?;
                Ok(Some((bytes, end)))
            }
        });
        Ok(windows.boxed())
    }

    fn local_path(&self, _key: &str) -> Option<PathBuf> {
        None
    }

    async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        let path = self.path(key)?;
        match self.client.delete(&path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(unavailable(error)),
        }
    }

    fn list(&self, prefix: &str) -> BoxStream<'static, Result<ListedObject, ObjectError>> {
        let folder = match check_prefix(prefix) {
            Ok(folder) => folder,
            Err(error) => return stream::iter([Err(error)]).boxed(),
        };
        let parts = [self.prefix.as_str(), folder].into_iter().filter(|part| !part.is_empty());
        let folder = Path::from_iter(parts.flat_map(|part| part.split('/')));
        let own = if self.prefix.is_empty() { String::new() } else { format!("{}/", self.prefix) };
        let objects = self.client.list(Some(&folder)).map_err(unavailable);
        objects
            .try_filter_map(move |object| {
                let key = object.location.as_ref().strip_prefix(&own).map(str::to_owned);
                let listed = key.map(|key| ListedObject { key, size: object.size, modified_at: object.last_modified });
                std::future::ready(Ok(listed))
            })
            .boxed()
    }

    async fn check(&self) -> Result<(), ObjectError> {
        self.put(PROBE, Bytes::from_static(b"probe")).await?;
        self.delete(PROBE).await
    }
}

fn unavailable(error: object_store::Error) -> ObjectError {
    ObjectError::Unavailable(Box::new(error))
}

/// For reads alone: a *write* that finds nothing means that the bucket is missing, which is no matter of one key.
fn read_error(key: &str, error: object_store::Error) -> ObjectError {
    match error {
        object_store::Error::NotFound { .. } => ObjectError::NotFound(key.to_owned()),
        error => unavailable(error),
    }
}
