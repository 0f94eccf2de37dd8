//! `data/postgres.log`: opened for Postgres, kept small, quoted when a start fails.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Beyond this many bytes the file moves to `postgres.log.1`, and begins anew.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// How much of the end an error quotes, in bytes.
const TAIL_BYTES: u64 = 2000;

/// Opens the file for appending. Whoever opens it, Postgres writes through the handle it inherits.
pub(super) fn open(path: &Path) -> io::Result<File> {
    File::options().append(true).create(true).mode(0o600).open(path)
}

/// Moves a file that has grown too large aside.
///
/// By copy and truncate, since the running server keeps its handle; lines written in between are lost.
pub(super) fn rotate(path: &Path) -> io::Result<()> {
    rotate_beyond(path, MAX_BYTES)
}

fn rotate_beyond(path: &Path, max_bytes: u64) -> io::Result<()> {
    let size = match fs::metadata(path) {
        Ok(found) => found.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if size <= max_bytes {
        return Ok(());
    }
    let mut previous = PathBuf::from(path);
    previous.as_mut_os_string().push(".1");
    fs::copy(path, previous)?;
    File::options().write(true).open(path)?.set_len(0)
}

/// Length of the file now; [`tail`] shows only what came after.
pub(super) fn len(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |found| found.len())
}

/// The last lines written since the file was `from` bytes long.
pub(super) fn tail(path: &Path, from: u64) -> String {
    read_tail(path, from).unwrap_or_else(|error| format!("(cannot be read: {error})"))
}

fn read_tail(path: &Path, from: u64) -> io::Result<String> {
    let mut file = File::open(path)?;
    let end = file.metadata()?.len();
    file.seek(SeekFrom::Start(from.max(end.saturating_sub(TAIL_BYTES)).min(end)))?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn rotation_keeps_the_writers_handle_usable() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("postgres.log");
        let mut writer = open(&path).unwrap();
        writer.write_all(b"0123456789").unwrap();
        rotate_beyond(&path, 10).unwrap();
        assert_eq!(len(&path), 10, "at the limit nothing moves");
        writer.write_all(b"x").unwrap();
        rotate_beyond(&path, 10).unwrap();
        writer.write_all(b"new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::read_to_string(dir.path().join("postgres.log.1")).unwrap(), "0123456789x");
    }

    #[test]
    fn the_tail_begins_at_this_start() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("postgres.log");
        fs::write(&path, "old\nnew\n").unwrap();
        for (from, expected) in [(0, "old\nnew"), (4, "new"), (99, "")] {
            assert_eq!(tail(&path, from), expected, "{from}");
        }
    }
}
