//! Finds the files to upload, in an order that is the same every time.

use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::outcome::Failure;

/// A file to upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LocalFile {
    /// Where it is.
    pub(super) path: PathBuf,
    /// Its name.
    pub(super) name: String,
    /// Its path from the folder that was given, that folder's name included; as browsers send it.
    pub(super) relative: Option<String>,
    /// Bytes, when it was found.
    pub(super) size: u64,
}

impl LocalFile {
    /// What people know it by.
    pub(super) fn label(&self) -> &str {
        self.relative.as_deref().unwrap_or(&self.name)
    }
}

/// What there is.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Files.
    pub(super) files: Vec<LocalFile>,
    /// What cannot be read.
    pub(super) failures: Vec<Failure>,
    /// Hidden files and folders left out.
    pub(super) hidden: usize,
}

/// Finds all files at and below the paths. Links are followed. A hidden file that is named itself is taken.
pub(super) fn find(paths: &[PathBuf], hidden: bool) -> Found {
    let mut found = Found::default();
    for path in paths {
        let top = folder_name(path);
        let mut left_out = 0;
        let walk = WalkDir::new(path).follow_links(true).sort_by_file_name().into_iter();
        let walk = walk.filter_entry(|entry| {
            let taken = hidden || entry.depth() == 0 || !is_hidden(entry);
            left_out += usize::from(!taken);
            taken
        });
        for entry in walk {
            match entry {
                Ok(entry) => found.add(path, top.as_deref(), &entry),
                Err(error) => {
                    let place = error.path().unwrap_or(path).display().to_string();
                    let why = match error.io_error() {
                        Some(source) => source.to_string(),
                        None => "a link that leads back to a folder above it".to_owned(),
                    };
                    found.failures.push(Failure::local(place, why));
                }
            }
        }
        found.hidden += left_out;
    }
    found
}

impl Found {
    fn add(&mut self, root: &Path, top: Option<&str>, entry: &DirEntry) {
        let kind = entry.file_type();
        if kind.is_dir() {
            return;
        }
        let place = entry.path().display().to_string();
        if !kind.is_file() {
            self.failures.push(Failure::local(place, "neither a file nor a folder".to_owned()));
            return;
        }
        match entry.metadata() {
            Ok(metadata) => self.files.push(LocalFile {
                path: entry.path().to_path_buf(),
                name: entry.file_name().to_string_lossy().into_owned(),
                relative: (entry.depth() > 0).then(|| relative(root, top, entry.path())),
                size: metadata.len(),
            }),
            Err(error) => self.failures.push(Failure::local(place, error.to_string())),
        }
    }
}

/// The name of a folder however it was written: `docs`, `docs/`, `.`, `../docs`.
fn folder_name(path: &Path) -> Option<String> {
    let full = path.canonicalize().ok()?;
    // The folder one stands in has no name that was typed; paths begin inside of it.
    let typed = !matches!(path.to_str(), Some("." | "./" | ".." | "../"));
    full.file_name().filter(|_| typed).map(|name| name.to_string_lossy().into_owned())
}

fn relative(root: &Path, top: Option<&str>, path: &Path) -> String {
    let inside = path.strip_prefix(root).unwrap_or(path);
    let parts = inside.components().map(|part| part.as_os_str().to_string_lossy().into_owned());
    top.map(str::to_owned).into_iter().chain(parts).collect::<Vec<_>>().join("/")
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let docs = folder.path().join("docs");
        fs::create_dir_all(docs.join("2026/.git")).unwrap();
        for (name, text) in
            [("b.txt", "b"), ("a.txt", "aa"), ("2026/c.txt", ""), (".hidden", "h"), ("2026/.git/config", "g")]
        {
            fs::write(docs.join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn a_folder_goes_with_everything_below_it() {
        let folder = folder();
        let found = find(&[folder.path().join("docs/")], false);
        let labels: Vec<_> = found.files.iter().map(|file| (file.label(), file.name.as_str(), file.size)).collect();
        assert_eq!(labels, [("docs/2026/c.txt", "c.txt", 0), ("docs/a.txt", "a.txt", 2), ("docs/b.txt", "b.txt", 1)]);
        assert_eq!((found.hidden, found.failures.len()), (2, 0));
        assert_eq!(find(&[folder.path().join("docs")], true).files.len(), 5);
    }

    #[test]
    fn a_file_has_no_path_and_may_be_hidden() {
        let folder = folder();
        let found = find(&[folder.path().join("docs/.hidden")], false);
        assert_eq!((found.files[0].relative.as_deref(), found.files[0].name.as_str()), (None, ".hidden"));
    }

    #[test]
    fn what_cannot_be_read_is_told_and_the_rest_goes_on() {
        let folder = folder();
        let docs = folder.path().join("docs");
        symlink(".", docs.join("loop")).unwrap();
        symlink("nowhere", docs.join("dangling")).unwrap();
        let missing = folder.path().join("missing");
        let found = find(&[missing, docs.clone()], false);
        assert_eq!(found.files.len(), 3);
        let whys: Vec<_> = found.failures.iter().map(|failure| failure.message.as_str()).collect();
        assert_eq!(whys.len(), 3, "{whys:?}");
        assert!(whys.contains(&"a link that leads back to a folder above it"), "{whys:?}");
    }
}
