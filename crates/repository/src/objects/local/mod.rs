//! Objects as files under one folder: durable when acknowledged, visible whole or not at all.
//!
//! The path of an object is its key. What is being written lies in `.staging` until it is fsynced, is then renamed to its
//! key, and is acknowledged when the folder that names it is fsynced too. After a crash only `.staging` holds rubbish.

mod barrier;
mod commit;
mod folders;
mod read;
mod staging;
#[cfg(test)]
mod tests;
mod writer;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use millrace_domain::ports::{ListedObject, ObjectError, ObjectStore, ObjectWriter, StoredObject};

use self::commit::{Committer, Content};
use self::writer::LocalWriter;
use super::digest::Digest;
use super::key::{check_key, check_prefix};

/// An object store in a local folder.
pub struct LocalObjectStore {
    root: PathBuf,
    committer: Arc<Committer>,
}

impl LocalObjectStore {
    /// Opens the store in `root`, which is made when missing.
    ///
    /// Several processes may share one folder. Does file I/O: meant for the start of a process.
    ///
    /// # Errors
    /// What the file system says, for instance that the folder may not be written.
    pub fn open(root: &Path) -> io::Result<Self> {
        create_durably(root)?;
        let root = root.canonicalize()?;
        let committer = Arc::new(Committer::open(&root)?);
        Ok(Self { root, committer })
    }

    /// Removes what a crash left half written; returns how many files. To be called once, before any process writes, by
    /// whoever owns the folder: it would take the files of running writers too.
    ///
    /// # Errors
    /// What the file system says.
    pub fn clear_staging(root: &Path) -> io::Result<u64> {
        staging::clear(root)
    }

    fn path(&self, key: &str) -> Result<PathBuf, ObjectError> {
        check_key(key)?;
        Ok(self.root.join(key))
    }
}

#[async_trait]
impl ObjectStore for LocalObjectStore {
    async fn put(&self, key: &str, bytes: Bytes) -> Result<StoredObject, ObjectError> {
        if bytes.len() >= writer::BLOCK {
            let mut writer = self.writer(key).await?;
            writer.write(bytes).await?;
            return writer.finish().await;
        }
        let target = self.path(key)?;
        let stored = Digest::of(&bytes);
        self.committer.commit(target, Content::Bytes(bytes)).await.map_err(unavailable)?;
        Ok(stored)
    }

    async fn writer(&self, key: &str) -> Result<Box<dyn ObjectWriter>, ObjectError> {
        Ok(Box::new(LocalWriter::new(Arc::clone(&self.committer), self.path(key)?)))
    }

    async fn get(&self, key: &str) -> Result<Bytes, ObjectError> {
        let path = self.path(key)?;
        let read = blocking(move || fs::read(path)).await;
        read.map(Bytes::from).map_err(|error| read_error(key, error))
    }

    async fn stream(&self, key: &str) -> Result<BoxStream<'static, Result<Bytes, ObjectError>>, ObjectError> {
        let path = self.path(key)?;
        let file = blocking(move || read::open(&path)).await.map_err(|error| read_error(key, error))?;
        Ok(read::chunks(key.to_owned(), file))
    }

    fn local_path(&self, key: &str) -> Option<PathBuf> {
        self.path(key).ok()
    }

    /// Durable like a put, in the same batches: a crash after the answer does not bring the object back.
    async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        let path = self.path(key)?;
        match self.committer.remove(path).await.map_err(|error| read_error(key, error)) {
            Err(ObjectError::NotFound(_)) => Ok(()),
            result => result,
        }
    }

    fn list(&self, prefix: &str) -> BoxStream<'static, Result<ListedObject, ObjectError>> {
        match check_prefix(prefix) {
            Ok(folder) => read::list(self.root.clone(), folder.to_owned()),
            Err(error) => stream::iter([Err(error)]).boxed(),
        }
    }

    async fn check(&self) -> Result<(), ObjectError> {
        let committer = Arc::clone(&self.committer);
        let probe = blocking(move || {
            let mut probe = committer.staging.create()?;
            io::Write::write_all(&mut probe.file, b"probe")?;
            probe.file.sync_all()
        });
        probe.await.map_err(unavailable)
    }
}

/// Makes a folder and its ancestors, each of them fsynced into the one above it.
fn create_durably(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = match folder.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => return Err(io::ErrorKind::NotFound.into()),
    };
    create_durably(parent)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists || !folder.is_dir() => Err(error),
        _ => fs::File::open(parent)?.sync_all(),
    }
}

/// Runs file I/O where it may block.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|lost| Err(io::Error::other(lost)))
}

fn unavailable(error: io::Error) -> ObjectError {
    ObjectError::Unavailable(Box::new(error))
}

/// A folder, or something below an object, is no object.
fn read_error(key: &str, error: io::Error) -> ObjectError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory => {
            ObjectError::NotFound(key.to_owned())
        }
        _ => unavailable(error),
    }
}
