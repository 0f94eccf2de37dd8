//! Opening a store by its address.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use millrace_domain::ports::ObjectStore;

use super::key::check_prefix;
use super::local::LocalObjectStore;
use super::s3::{S3ObjectStore, S3Options};

/// Why a store could not be opened. All but [`Folder`](Self::Folder) are mistakes in the configuration.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The configuration can never work; the text says what to change.
    #[error("object store configuration: {0}")]
    Config(String),
    /// The folder cannot be used.
    #[error("cannot use the object folder {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the file system says.
        #[source]
        source: io::Error,
    },
    /// The S3 client cannot be made of these options.
    #[error("object store configuration: the S3 options are not usable")]
    S3(#[source] object_store::Error),
}

/// Where a store is.
enum Location<'a> {
    Folder(&'a Path),
    S3 { bucket: &'a str, prefix: &'a str },
}

impl<'a> Location<'a> {
    fn parse(text: &'a str) -> Result<Self, OpenError> {
        match text.split_once("://") {
            Some(("s3", rest)) => {
                let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
                Self::s3(bucket, prefix)
            }
            Some(("file", path)) if path.starts_with('/') => Ok(Self::Folder(Path::new(path))),
            Some(("file", _)) => {
                Err(config("a file URL has three slashes and an absolute path: file:///var/lib/millrace"))
            }
            Some((scheme, _)) => Err(config(format!("unknown scheme '{scheme}'; use s3://bucket/prefix or a folder"))),
            None if text.is_empty() => Err(config("the location is empty; use s3://bucket/prefix or a folder")),
            None => Ok(Self::Folder(Path::new(text))),
        }
    }

    fn s3(bucket: &'a str, prefix: &'a str) -> Result<Self, OpenError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if bucket.is_empty() || !bucket.bytes().all(plain) {
            return Err(config(
                "the bucket must follow s3:// and be letters, digits, '.', '-' or '_'; keys go elsewhere",
            ));
        }
        let folder = check_prefix(prefix).map_err(|error| config(format!("the prefix after the bucket: {error}")))?;
        Ok(Self::S3 { bucket, prefix: folder })
    }
}

/// Opens the store at `s3://bucket/prefix`, `file:///absolute/folder`, or a folder given as a plain path.
///
/// Nothing is sent to S3 yet: [`ObjectStore::check`] tells whether the bucket answers. Does file I/O for a folder.
///
/// # Errors
/// [`OpenError`], with a text for whoever wrote the configuration.
pub fn open(location: &str, s3: &S3Options) -> Result<Arc<dyn ObjectStore>, OpenError> {
    match Location::parse(location)? {
        Location::Folder(path) => match LocalObjectStore::open(path) {
            Ok(store) => Ok(Arc::new(store)),
            Err(source) => Err(OpenError::Folder { path: path.to_owned(), source }),
        },
        Location::S3 { bucket, prefix } => Ok(Arc::new(S3ObjectStore::open(bucket, prefix, s3)?)),
    }
}

/// Removes what a crash left half written at this location; returns how many files. Zero for S3, where half an object
/// is an unfinished multipart upload, which a life-cycle rule of the bucket expires.
///
/// To be called once, before [`open`], by the one process that owns the data folder.
///
/// # Errors
/// [`OpenError`].
pub fn clear_staging(location: &str) -> Result<u64, OpenError> {
    match Location::parse(location)? {
        Location::Folder(path) => {
            LocalObjectStore::clear_staging(path).map_err(|source| OpenError::Folder { path: path.to_owned(), source })
        }
        Location::S3 { .. } => Ok(0),
    }
}

pub(super) fn config(text: impl Into<String>) -> OpenError {
    OpenError::Config(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_named() {
        for (location, hint) in [
            ("", "empty"),
            ("gs://bucket", "unknown scheme 'gs'"),
            ("file://relative/path", "three slashes"),
            ("s3://", "bucket must follow"),
            ("s3://key:secret@bucket", "bucket must follow"),
            ("s3://bucket/../up", "the prefix"),
        ] {
            let error = open(location, &S3Options::default()).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(hint), "{location}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_folder_opens_by_path_and_by_url() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("objects");
        let path = path.to_str().expect("a path");
        for location in [path.to_owned(), format!("file://{path}")] {
            assert!(open(&location, &S3Options::default()).is_ok(), "{location}");
            assert_eq!(clear_staging(&location).ok(), Some(0));
        }
        let file = folder.path().join("file");
        std::fs::write(&file, b"").expect("a file");
        let error = open(file.to_str().expect("a path"), &S3Options::default()).err();
        assert!(matches!(error, Some(OpenError::Folder { .. })), "{error:?}");
    }
}
