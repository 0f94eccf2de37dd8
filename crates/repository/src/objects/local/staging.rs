//! Files that are being written, invisible until they are renamed to their key.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Folder of unfinished files; no key can start with a dot, so no key can name it.
pub(super) const FOLDER: &str = ".staging";

/// The folder of unfinished files under one root.
pub(super) struct Staging {
    folder: PathBuf,
    /// Random, so that processes that share a folder (containers too, where process ids repeat) never collide.
    process: u64,
    next: AtomicU64,
}

impl Staging {
    /// Makes the folder when it is missing.
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        let folder = root.join(FOLDER);
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, process: rand::random(), next: AtomicU64::new(0) })
    }

    /// An empty file that nobody else has.
    pub(super) fn create(&self) -> io::Result<StagedFile> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let path = self.folder.join(format!("{:016x}-{number}", self.process));
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        Ok(StagedFile { file, path: Some(path) })
    }
}

/// Removes what a crash left half written under `root`; returns how many files.
pub(super) fn clear(root: &Path) -> io::Result<u64> {
    let entries = match fs::read_dir(root.join(FOLDER)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    let mut removed = 0;
    for entry in entries {
        fs::remove_file(entry?.path())?;
        removed += 1;
    }
    Ok(removed)
}

/// An unfinished file. Dropped before it is published, it is removed.
pub(super) struct StagedFile {
    pub(super) file: File,
    path: Option<PathBuf>,
}

impl StagedFile {
    /// Renames the file to its key. Safe to call again after an error.
    pub(super) fn publish(&mut self, target: &Path) -> io::Result<()> {
        let path = self.path.as_ref().ok_or(io::ErrorKind::NotFound)?;
        fs::rename(path, target)?;
        self.path = None;
        Ok(())
    }
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        if let Some(path) = self.path.take()
            && let Err(error) = fs::remove_file(&path)
        {
            tracing::warn!(%error, path = %path.display(), "could not remove an unfinished object");
        }
    }
}
