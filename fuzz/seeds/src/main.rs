//! Writes the first inputs of every fuzz target: small files of every kind, made by the builders that the tests use, and
//! their fixtures. Usage: `millrace-fuzz-seeds FOLDER`, which gets a folder for each target.

mod archives;
mod binaries;
#[path = "../../../crates/pipeline-handlers/tests/support/files.rs"]
#[expect(dead_code, reason = "the tests use other parts of it")]
mod files;
#[path = "../../../crates/pipeline-handlers/tests/support/pages.rs"]
mod pages;
#[path = "../../src/plain.rs"]
#[expect(dead_code, reason = "the targets use other parts of it")]
mod plain;
mod rules;
mod services;
mod texts;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Inputs of one target by their names.
type Seeds = Vec<(String, Vec<u8>)>;

fn main() -> io::Result<()> {
    let folder =
        PathBuf::from(env::args().nth(1).ok_or_else(|| io::Error::other("usage: millrace-fuzz-seeds FOLDER"))?);
    let all = [texts::seeds(), archives::seeds(), binaries::seeds(), rules::seeds(), services::seeds()];
    for (target, seeds) in all.into_iter().flatten() {
        let folder = folder.join(target);
        fs::create_dir_all(&folder)?;
        for (name, bytes) in seeds {
            fs::write(folder.join(name), bytes)?;
        }
    }
    Ok(())
}

/// Seeds without names of their own.
fn numbered<B: Into<Vec<u8>>>(inputs: impl IntoIterator<Item = B>) -> Seeds {
    inputs.into_iter().enumerate().map(|(index, bytes)| (format!("seed-{index:02}"), bytes.into())).collect()
}

/// The plain form of an archive.
fn of_zip(archive: &[u8]) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(io::Cursor::new(archive)).expect("an archive");
    let mut plain = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).expect("an entry");
        plain.extend_from_slice(format!("@@ {}\n", entry.name().expect("a name")).as_bytes());
        entry.read_to_end(&mut plain).expect("its bytes");
        plain.push(b'\n');
    }
    plain
}

/// A file of this repository.
fn file(path: &str) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
