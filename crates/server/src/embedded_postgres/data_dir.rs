//! The data folder, and the lock that keeps two processes out of one.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use nix::unistd::Uid;

use super::error::{PostgresError, io_error};

/// A folder that exists, by its canonical path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataDir {
    path: PathBuf,
}

impl DataDir {
    /// Opens the folder, making it and its parents when missing.
    ///
    /// A new folder is private to its user. Under root, others may pass through it (mode 0711) but not list it, so that the
    /// unprivileged user who runs Postgres reaches `postgres/`. The mode of a folder that exists is left alone.
    ///
    /// # Errors
    /// [`PostgresError::Io`] when it cannot be made or resolved.
    pub fn open(path: &Path) -> Result<Self, PostgresError> {
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            fs::create_dir_all(parent).map_err(io_error("make the folder", parent))?;
        }
        let mode = if Uid::effective().is_root() { 0o711 } else { 0o700 };
        match DirBuilder::new().mode(mode).create(path) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(io_error("make the folder", path)(error)),
        }
        let path = path.canonicalize().map_err(io_error("open the folder", path))?;
        Ok(Self { path })
    }

    /// The canonical path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the folder for this process, until the lock is dropped or the process ends, however it ends.
    ///
    /// # Errors
    /// [`PostgresError::Locked`] when another process has it; [`PostgresError::Io`] when the lock file cannot be written.
    pub fn lock(&self) -> Result<DataDirLock, PostgresError> {
        let path = self.path.join("millrace.lock");
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(io_error("open the lock file", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(PostgresError::Locked { path: self.path.clone(), pid: holder(&mut file) });
            }
            Err(TryLockError::Error(error)) => return Err(io_error("lock", &path)(error)),
        }
        // The number is a courtesy to whoever is refused; the lock itself is the kernel's.
        let written = file
            .set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| writeln!(file, "{}", std::process::id()));
        written.map_err(io_error("write", &path))?;
        Ok(DataDirLock { file })
    }
}

/// Proof that no other process uses the folder. The file stays; only the lock on it counts.
#[derive(Debug)]
pub struct DataDirLock {
    file: File,
}

impl Drop for DataDirLock {
    fn drop(&mut self) {
        // Not left to closing the file: a child that another thread is just starting holds a copy of the handle until it runs
        // its own program. A lock that cannot be undone here ends with the process.
        let _ = self.file.unlock();
    }
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
