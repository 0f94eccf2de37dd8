//! Answers on this machine: small ones in memory, others in a file.

use std::io::Write as _;

use bytes::{Bytes, BytesMut};
use tempfile::{NamedTempFile, TempPath};

use super::tried;
use crate::engine::EngineFailure;
use crate::failure::FailureCode;
use crate::pool::WorkerInput;

/// Largest answer kept in memory; larger ones go to a file.
const MAX_IN_MEMORY: usize = 4 << 20;

/// An answer on this machine.
pub(in crate::engine) enum Spooled {
    Memory(Bytes),
    File(TempPath),
}

impl Spooled {
    /// As a parser process takes it. A file must outlive the process's work.
    pub(super) fn input(&self) -> WorkerInput {
        match self {
            Self::Memory(bytes) => WorkerInput::Inline(bytes.clone()),
            Self::File(path) => WorkerInput::Path(path.to_path_buf()),
        }
    }
}

/// An answer that is coming in.
pub(super) struct Spool {
    limit: u64,
    size: u64,
    memory: BytesMut,
    file: Option<NamedTempFile>,
}

impl Spool {
    /// Takes so many bytes at most.
    pub(super) fn new(limit: u64) -> Self {
        Self { limit, size: 0, memory: BytesMut::new(), file: None }
    }

    /// Takes what comes next; false when it is too much.
    ///
    /// # Errors
    /// When there is no room on the disk.
    pub(super) fn add(&mut self, chunk: &[u8]) -> Result<bool, EngineFailure> {
        self.size += chunk.len() as u64;
        if self.size > self.limit {
            return Ok(false);
        }
        match &mut self.file {
            Some(file) => write(file, chunk)?,
            None if self.memory.len() + chunk.len() <= MAX_IN_MEMORY => self.memory.extend_from_slice(chunk),
            None => {
                let mut file = NamedTempFile::new().map_err(|error| no_room(&error))?;
                write(&mut file, &self.memory)?;
                write(&mut file, chunk)?;
                self.memory = BytesMut::new();
                self.file = Some(file);
            }
        }
        Ok(true)
    }

    /// The whole answer.
    pub(super) fn finish(self) -> Spooled {
        match self.file {
            Some(file) => Spooled::File(file.into_temp_path()),
            None => Spooled::Memory(self.memory.freeze()),
        }
    }
}

fn write(file: &mut NamedTempFile, chunk: &[u8]) -> Result<(), EngineFailure> {
    file.write_all(chunk).map_err(|error| no_room(&error))
}

fn no_room(error: &std::io::Error) -> EngineFailure {
    tracing::error!(%error, "the answer of a remote parser cannot be stored");
    tried(FailureCode::ParserUnavailable, "the answer of a remote parser cannot be stored")
}
