//! Group commit: objects that wait together become durable together, and so do removals.
//!
//! Who finds no leader at work becomes one, on a blocking thread. A leader takes all that waits, writes it to staging,
//! makes it durable with one barrier, renames, makes the folders durable with another, answers, and looks again. An
//! idle store so adds no waiting to a single put, and a busy one pays for two barriers per batch, not per object.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::barrier::{Barrier, Batch};
use super::folders::Folders;
use super::staging::{StagedFile, Staging};

/// Batches in flight: while one waits for the disk, the next is written.
const LEADERS: usize = 2;
/// Objects per batch; more only adds to everyone's wait.
const BATCH: usize = 256;

/// What an object is made from.
pub(super) enum Content {
    /// Not written yet.
    Bytes(Bytes),
    /// Written, and made durable by its writer.
    Staged(StagedFile),
}

/// What is to become of a target.
enum Work {
    Write(Content),
    Remove,
}

struct Entry {
    target: PathBuf,
    work: Work,
    answer: oneshot::Sender<io::Result<()>>,
}

struct Staged {
    target: PathBuf,
    file: StagedFile,
    durable: bool,
    answer: oneshot::Sender<io::Result<()>>,
}

#[derive(Default)]
struct Waiting {
    entries: VecDeque<Entry>,
    leaders: usize,
}

/// Writes objects under one root.
pub(super) struct Committer {
    pub(super) staging: Staging,
    barrier: Barrier,
    folders: Folders,
    waiting: Mutex<Waiting>,
}

impl Committer {
    /// For a root that exists.
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        Ok(Self {
            staging: Staging::open(root)?,
            barrier: Barrier::open(root)?,
            folders: Folders::new(root.to_owned()),
            waiting: Mutex::new(Waiting::default()),
        })
    }

    /// Makes an object durable and visible. An error leaves it unknown whether it is visible, never that it is half so.
    pub(super) async fn commit(self: &Arc<Self>, target: PathBuf, content: Content) -> io::Result<()> {
        self.submit(target, Work::Write(content)).await
    }

    /// Removes an object so that no crash brings it back. One that is not there is removed already.
    pub(super) async fn remove(self: &Arc<Self>, target: PathBuf) -> io::Result<()> {
        self.submit(target, Work::Remove).await
    }

    async fn submit(self: &Arc<Self>, target: PathBuf, work: Work) -> io::Result<()> {
        let (answer, answered) = oneshot::channel();
        let lead = {
            let mut waiting = self.waiting.lock();
            waiting.entries.push_back(Entry { target, work, answer });
            let lead = waiting.leaders < LEADERS;
            waiting.leaders += usize::from(lead);
            lead
        };
        if lead {
            let leader = Leader { committer: Arc::clone(self), counted: true };
            tokio::task::spawn_blocking(move || leader.run());
        }
        answered.await.unwrap_or_else(|_lost| Err(io::Error::other("the writer of this object stopped")))
    }

    fn publish(&self, batch: Vec<Entry>) {
        let durability = self.barrier.batch();
        let mut by_folder: BTreeMap<PathBuf, Vec<oneshot::Sender<io::Result<()>>>> = BTreeMap::new();
        let mut staged = Vec::with_capacity(batch.len());
        for Entry { target, work, answer } in batch {
            match work {
                Work::Write(content) => staged.extend(self.stage(target, content, answer)),
                Work::Remove => match unlink(&target) {
                    Ok(Some(folder)) => by_folder.entry(folder).or_default().push(answer),
                    Ok(None) => tell(answer, Ok(())),
                    Err(error) => tell(answer, Err(error)),
                },
            }
        }
        let staged = sync(&durability, staged);
        for mut object in staged {
            let folder = object.target.parent().unwrap_or(Path::new("")).to_owned();
            match self.rename(&mut object, &folder) {
                Ok(()) => by_folder.entry(folder).or_default().push(object.answer),
                Err(error) => tell(object.answer, Err(error)),
            }
        }
        let folders: Vec<&Path> = by_folder.keys().map(PathBuf::as_path).collect();
        let results = durability.sync_folders(&folders);
        for (answers, result) in by_folder.into_values().zip(results) {
            for answer in answers {
                tell(answer, result.as_ref().copied().map_err(|error| io::Error::new(error.kind(), error.to_string())));
            }
        }
    }

    /// Writes an entry to staging; `None` when that failed (and was told) or nobody waits for it any more.
    fn stage(&self, target: PathBuf, content: Content, answer: oneshot::Sender<io::Result<()>>) -> Option<Staged> {
        if answer.is_closed() {
            return None;
        }
        let (file, durable) = match content {
            Content::Staged(file) => (Ok(file), true),
            Content::Bytes(bytes) => (self.write(&bytes), false),
        };
        match file {
            Ok(file) => Some(Staged { target, file, durable, answer }),
            Err(error) => {
                tell(answer, Err(error));
                None
            }
        }
    }

    fn write(&self, bytes: &[u8]) -> io::Result<StagedFile> {
        let mut staged = self.staging.create()?;
        staged.file.write_all(bytes)?;
        Ok(staged)
    }

    fn rename(&self, object: &mut Staged, folder: &Path) -> io::Result<()> {
        self.folders.ensure(folder)?;
        match object.file.publish(&object.target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.folders.forget();
                self.folders.ensure(folder)?;
                object.file.publish(&object.target)
            }
            result => result,
        }
    }
}

/// One turn as leader.
struct Leader {
    committer: Arc<Committer>,
    counted: bool,
}

impl Leader {
    fn run(mut self) {
        loop {
            let batch: Vec<Entry> = {
                let mut waiting = self.committer.waiting.lock();
                if waiting.entries.is_empty() {
                    // Under the same lock as the look: whoever comes next finds one leader fewer, and leads.
                    waiting.leaders -= 1;
                    self.counted = false;
                    return;
                }
                let count = waiting.entries.len().min(BATCH);
                waiting.entries.drain(..count).collect()
            };
            self.committer.publish(batch);
        }
    }
}

impl Drop for Leader {
    /// After a panic, or when the runtime never ran it: the store must not wait for a leader that is gone.
    fn drop(&mut self) {
        if self.counted {
            self.committer.waiting.lock().leaders -= 1;
        }
    }
}

/// Makes the content of the batch durable; what failed is told, removed and left out.
fn sync(durability: &Batch<'_>, staged: Vec<Staged>) -> Vec<Staged> {
    let fresh: Vec<_> = staged.iter().filter(|object| !object.durable).map(|object| &object.file.file).collect();
    let mut answers = durability.sync(&fresh).into_iter();
    let mut synced = Vec::with_capacity(staged.len());
    for object in staged {
        let result = if object.durable { Some(Ok(())) } else { answers.next() };
        match result {
            Some(Ok(())) => synced.push(object),
            Some(Err(error)) => tell(object.answer, Err(error)),
            None => tell(object.answer, Err(io::Error::other("no answer from the disk"))),
        }
    }
    synced
}

/// Removes a file; the folder whose entries are to be made durable. That folder is also named when the file was gone
/// already, since whoever removed it may not have come to that; `None` when there is no such folder either.
fn unlink(target: &Path) -> io::Result<Option<PathBuf>> {
    let folder = target.parent().unwrap_or(Path::new("")).to_owned();
    match std::fs::remove_file(target) {
        Ok(()) => Ok(Some(folder)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(folder.is_dir().then_some(folder)),
        Err(error) => Err(error),
    }
}

fn tell(answer: oneshot::Sender<io::Result<()>>, result: io::Result<()>) {
    // Nobody listens when the caller was cancelled; the object is then found by the sweep.
    let _unheard = answer.send(result);
}
