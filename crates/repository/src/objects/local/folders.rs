//! The folders that keys lie in: made when first needed, durable before anything in them is acknowledged.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

/// Folders remembered before starting over; bounds memory, not the number of folders.
const REMEMBERED: usize = 16 * 1024;

/// Knows which folders under a root are there and durable.
pub(super) struct Folders {
    root: PathBuf,
    known: Mutex<HashSet<PathBuf>>,
}

impl Folders {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root, known: Mutex::new(HashSet::new()) }
    }

    /// Makes `folder` (under the root) and its ancestors, and fsyncs the folder that holds each.
    ///
    /// What is there already but not remembered is fsynced too: whoever made it may not have come to that yet.
    pub(super) fn ensure(&self, folder: &Path) -> io::Result<()> {
        if folder == self.root || self.known.lock().contains(folder) {
            return Ok(());
        }
        let parent = folder.parent().unwrap_or(&self.root);
        self.ensure(parent)?;
        match fs::create_dir(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => File::open(parent)?.sync_all()?,
        }
        let mut known = self.known.lock();
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(folder.to_owned());
        Ok(())
    }

    /// Forgets everything: somebody removed folders behind our back.
    pub(super) fn forget(&self) {
        self.known.lock().clear();
    }
}
