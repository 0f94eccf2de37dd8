//! The file that rows are written to on their way into the object store.

use std::io;
use std::path::Path;
use std::sync::OnceLock;

use tempfile::{NamedTempFile, TempPath};

/// A temporary file for rows, made when it is first asked for and removed with this value.
#[derive(Debug, Default)]
pub struct RowSpool(OnceLock<TempPath>);

impl RowSpool {
    /// The file; made now if there is none yet.
    ///
    /// # Errors
    /// When the temporary folder takes no file.
    pub fn path(&self) -> io::Result<&Path> {
        if self.0.get().is_none() {
            // Losing a race only makes a file that goes away at once.
            let _lost = self.0.set(NamedTempFile::new()?.into_temp_path());
        }
        self.0.get().map(|path| &**path).ok_or_else(|| io::Error::other("a temporary file is gone"))
    }

    /// The file, if somebody has written to it.
    pub fn written(&self) -> Option<&Path> {
        let path = self.0.get()?;
        std::fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0).then_some(&**path)
    }
}
