//! Where the programs of the workspace lie: beside the one that runs.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

/// The path of a built program of the workspace, of the same profile as the running one.
///
/// # Errors
/// When it was not built.
pub fn find(name: &str) -> Result<PathBuf> {
    let running = std::env::current_exe().context("this program's own path is unknown")?;
    // Tests lie in `deps/` below the folder of the profile.
    let found = running.ancestors().skip(1).take(2).map(|folder| folder.join(name)).find(|path| path.is_file());
    match found {
        Some(path) => Ok(path),
        None => bail!("{name} is not beside {}; build it first: cargo build --workspace --bins", running.display()),
    }
}
