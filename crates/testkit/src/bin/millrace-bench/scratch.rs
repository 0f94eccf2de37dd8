//! Folders for the time of a measurement.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};

static SERIAL: AtomicU32 = AtomicU32::new(0);

/// The folder beside the one of the build profile. A temporary folder will not do: it may be in memory, where nothing
/// is ever synced.
///
/// # Errors
/// When the program does not know its own path.
pub fn beside_the_program() -> Result<PathBuf> {
    let program = std::env::current_exe().context("this program's own path is unknown")?;
    let target = program.ancestors().nth(2).context("this program lies in no build folder")?;
    Ok(target.join("bench"))
}

/// A folder of one's own, removed when dropped. Others may pass through it: under root, Postgres runs as another user.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes one.
    ///
    /// # Errors
    /// When `base` cannot be written.
    pub fn new(base: &Path) -> Result<Self> {
        fs::create_dir_all(base)?;
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let path = base.join(format!("{}-{serial}", std::process::id()));
        DirBuilder::new().mode(0o711).create(&path)?;
        Ok(Self(path))
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("{} was not removed: {error}", self.0.display());
        }
    }
}
