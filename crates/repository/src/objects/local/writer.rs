//! A local object written piece by piece: small ones stay in memory and join a batch, larger ones go to a file.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use millrace_domain::ports::{ObjectError, ObjectWriter, StoredObject};

use super::super::digest::Digest;
use super::commit::{Committer, Content};
use super::staging::StagedFile;
use super::{blocking, unavailable};

/// Bytes held in memory before they are written on; an object below this size never has a file of its own in staging.
pub(super) const BLOCK: usize = 256 * 1024;
/// Bytes that may be dirty before they are synced: neither memory nor the next barrier ever meets a whole large upload.
const DIRTY: u64 = 16 * 1024 * 1024;

/// The part of a writer that blocking threads work on. Dropped in any thread, it removes its file.
struct Spilled {
    file: StagedFile,
    digest: Digest,
    dirty: u64,
}

impl Spilled {
    fn create(committer: &Committer) -> io::Result<Self> {
        Ok(Self { file: committer.staging.create()?, digest: Digest::default(), dirty: 0 })
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.file.write_all(bytes)?;
        self.digest.update(bytes);
        self.dirty += bytes.len() as u64;
        if self.dirty >= DIRTY {
            self.file.file.sync_data()?;
            self.dirty = 0;
        }
        Ok(())
    }
}

enum State {
    /// Everything so far fits into the buffer.
    Small,
    /// The buffer is what follows on the file.
    Large(Spilled),
    /// A write failed or was cancelled halfway; the file is gone.
    Broken,
}

/// Writes one object of the local store.
pub(super) struct LocalWriter {
    committer: Arc<Committer>,
    target: PathBuf,
    buffer: Vec<u8>,
    state: State,
}

impl LocalWriter {
    pub(super) fn new(committer: Arc<Committer>, target: PathBuf) -> Self {
        Self { committer, target, buffer: Vec::new(), state: State::Small }
    }

    /// Moves the buffer, then `chunk`, to the file. Cancelled halfway, it leaves the writer broken and the file removed.
    async fn spill(&mut self, chunk: Bytes) -> io::Result<()> {
        let state = std::mem::replace(&mut self.state, State::Broken);
        let mut buffer = std::mem::take(&mut self.buffer);
        let committer = Arc::clone(&self.committer);
        let (spilled, buffer) = blocking(move || {
            let mut spilled = match state {
                State::Large(spilled) => spilled,
                State::Small => Spilled::create(&committer)?,
                State::Broken => return Err(broken()),
            };
            spilled.append(&buffer)?;
            spilled.append(&chunk)?;
            buffer.clear();
            Ok((spilled, buffer))
        })
        .await?;
        self.state = State::Large(spilled);
        self.buffer = buffer;
        Ok(())
    }
}

#[async_trait]
impl ObjectWriter for LocalWriter {
    async fn write(&mut self, chunk: Bytes) -> Result<(), ObjectError> {
        if matches!(self.state, State::Broken) {
            return Err(unavailable(broken()));
        }
        if self.buffer.len() + chunk.len() < BLOCK {
            self.buffer.extend_from_slice(&chunk);
            return Ok(());
        }
        self.spill(chunk).await.map_err(unavailable)
    }

    async fn finish(mut self: Box<Self>) -> Result<StoredObject, ObjectError> {
        let buffer = std::mem::take(&mut self.buffer);
        let (stored, content) = match std::mem::replace(&mut self.state, State::Broken) {
            State::Small => (Digest::of(&buffer), Content::Bytes(Bytes::from(buffer))),
            State::Large(mut spilled) => blocking(move || {
                spilled.append(&buffer)?;
                spilled.file.file.sync_data()?;
                Ok((spilled.digest.finish(), Content::Staged(spilled.file)))
            })
            .await
            .map_err(unavailable)?,
            State::Broken => return Err(unavailable(broken())),
        };
        self.committer.commit(self.target.clone(), content).await.map_err(unavailable)?;
        Ok(stored)
    }

    async fn abort(mut self: Box<Self>) {
        if let State::Large(spilled) = std::mem::replace(&mut self.state, State::Broken) {
            let removed = blocking(move || {
                drop(spilled);
                Ok(())
            });
            if let Err(error) = removed.await {
                tracing::warn!(%error, "could not wait for the removal of an unfinished object");
            }
        }
    }
}

impl Drop for LocalWriter {
    /// Unlinking a large file takes a while; it must not hold up the thread that drops a request.
    fn drop(&mut self) {
        if let State::Large(spilled) = std::mem::replace(&mut self.state, State::Broken)
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn_blocking(move || drop(spilled));
        }
    }
}

fn broken() -> io::Error {
    io::Error::other("an earlier write to this object failed or was cancelled")
}
