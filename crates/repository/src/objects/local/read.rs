//! Streaming and listing local objects, in bounded pieces on blocking threads.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use millrace_domain::ports::{ListedObject, ObjectError};
use tokio::sync::mpsc;

use super::super::key::check_key;
use super::{blocking, read_error, unavailable};

/// Bytes per piece of a stream.
const CHUNK: usize = 256 * 1024;
/// Listed objects that may wait for a slow reader.
const LISTED: usize = 256;

/// Opens an object for reading; a folder is no object.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::ErrorKind::NotFound.into()) }
}

/// Reads a file piece by piece.
pub(super) fn chunks(key: String, file: File) -> BoxStream<'static, Result<Bytes, ObjectError>> {
    stream::try_unfold((key, file), |(key, mut file)| async move {
        let read = blocking(move || {
            let mut chunk = Vec::with_capacity(CHUNK);
            Read::by_ref(&mut file).take(CHUNK as u64).read_to_end(&mut chunk)?;
            Ok((Bytes::from(chunk), file))
        });
        let (chunk, file) = read.await.map_err(|error| read_error(&key, error))?;
        Ok((!chunk.is_empty()).then_some((chunk, (key, file))))
    })
    .boxed()
}

/// Lists all objects in `folder` (a key without trailing slash, or empty) and below it.
pub(super) fn list(root: PathBuf, folder: String) -> BoxStream<'static, Result<ListedObject, ObjectError>> {
    let (sender, mut receiver) = mpsc::channel(LISTED);
    let walker = Walker { root, sender };
    // Only started by the first poll, so that a listing nobody reads costs nothing.
    let mut start = Some(move || walker.run(folder));
    stream::poll_fn(move |context| {
        if let Some(run) = start.take() {
            tokio::task::spawn_blocking(run);
        }
        receiver.poll_recv(context)
    })
    .boxed()
}

struct Walker {
    root: PathBuf,
    sender: mpsc::Sender<Result<ListedObject, ObjectError>>,
}

impl Walker {
    fn run(self, folder: String) {
        let mut folders = VecDeque::from([folder]);
        while let Some(folder) = folders.pop_back() {
            match self.folder(&folder, &mut folders) {
                Ok(true) => {}
                Ok(false) => return,
                // Somebody removed the folder meanwhile, or the prefix names none: nothing to list.
                Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
                Err(error) => {
                    let _nobody_reads = self.sender.blocking_send(Err(unavailable(error)));
                    return;
                }
            }
        }
    }

    /// Sends the objects of one folder and notes its subfolders; `false` when nobody reads any more.
    fn folder(&self, folder: &str, folders: &mut VecDeque<String>) -> io::Result<bool> {
        for entry in fs::read_dir(self.root.join(folder))? {
            let entry = entry?;
            // What cannot be a key (staging among it) is not ours to list.
            let Ok(name) = entry.file_name().into_string() else { continue };
            let key = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            let kind = entry.file_type()?;
            if check_key(&key).is_err() || !(kind.is_dir() || kind.is_file()) {
                continue;
            }
            if kind.is_dir() {
                folders.push_back(key);
                continue;
            }
            let metadata = match entry.metadata() {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                metadata => metadata?,
            };
            let modified_at = DateTime::<Utc>::from(metadata.modified()?);
            let listed = ListedObject { key, size: metadata.len(), modified_at };
            if self.sender.blocking_send(Ok(listed)).is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
