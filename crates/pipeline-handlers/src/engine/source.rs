//! The bytes of a file, where they are cheapest to read.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::PathBuf;

use bytes::Bytes;
use futures::TryStreamExt;
use millrace_domain::ports::{ObjectError, ObjectStore};
use tempfile::{NamedTempFile, TempPath};
use tokio::io::AsyncWriteExt;

use crate::pool::WorkerInput;

/// The bytes of a file.
#[derive(Debug)]
pub enum Source {
    /// The store keeps them as a local file.
    Local(PathBuf),
    /// Small enough for memory.
    Memory(Bytes),
    /// Copied to a file that goes away with this value.
    Spooled(TempPath),
}

impl Source {
    /// Fetches an object: as a path if the store has one, into memory up to `in_memory` bytes, else into a file.
    ///
    /// # Errors
    /// Those of the store, and of the temporary folder.
    pub async fn fetch(store: &dyn ObjectStore, key: &str, size: u64, in_memory: u64) -> Result<Self, ObjectError> {
        if let Some(path) = store.local_path(key) {
            return Ok(Self::Local(path));
        }
        if size <= in_memory {
            return store.get(key).await.map(Self::Memory);
        }
        let spool = NamedTempFile::new().map_err(unavailable)?;
        let (file, path) = spool.into_parts();
        let mut file = tokio::fs::File::from_std(file);
        let mut chunks = store.stream(key).await?;
        while let Some(chunk) = chunks.try_next().await? {
            file.write_all(&chunk).await.map_err(unavailable)?;
        }
        file.flush().await.map_err(unavailable)?;
        Ok(Self::Spooled(path))
    }

    /// Opens the bytes for reading. Blocks.
    ///
    /// # Errors
    /// When the file is gone or cannot be opened.
    pub fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Self::Local(path) => Box::new(File::open(path)?),
            Self::Memory(bytes) => Box::new(Cursor::new(bytes.clone())),
            Self::Spooled(path) => Box::new(File::open(path)?),
        })
    }

    /// The bytes as a parser process takes them. A spooled file must outlive the process's work.
    pub fn worker_input(&self) -> WorkerInput {
        match self {
            Self::Local(path) => WorkerInput::Path(path.clone()),
            Self::Memory(bytes) => WorkerInput::Inline(bytes.clone()),
            Self::Spooled(path) => WorkerInput::Path(path.to_path_buf()),
        }
    }

    /// The first bytes, at most `limit`. Blocks.
    ///
    /// # Errors
    /// As [`open`](Self::open), and when reading fails.
    pub fn head(&self, limit: usize) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        self.open()?.take(limit as u64).read_to_end(&mut head)?;
        Ok(head)
    }
}

/// An error of a file as one of the store.
pub(crate) fn unavailable(error: io::Error) -> ObjectError {
    ObjectError::Unavailable(Box::new(error))
}
