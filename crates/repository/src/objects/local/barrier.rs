//! Makes written files durable, many at a time where the system can.
//!
//! One `fdatasync` per file costs a journal commit and a disk flush each. `syncfs` pays for both once per batch: about
//! half the processor time per object and one and a half times the rate (measured on ext4). It also writes what others
//! left dirty on that file system, so a slow one is avoided for a while.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// From this many files on, one `syncfs` beats as many `fdatasync`s.
const WHOLE_FROM: usize = 3;
/// A `syncfs` slower than this was busy with other people's data.
const SLOW: Duration = Duration::from_millis(150);
/// How long files are synced one by one after a slow `syncfs`.
const AVOID_FOR: Duration = Duration::from_secs(5);
/// Files synced at the same time when each is synced by itself; more gains nothing on any disk measured.
const PARALLEL: usize = 8;

type SyncOne = fn(&File) -> io::Result<()>;

/// The way to durability on one file system.
pub(super) struct Barrier {
    root: PathBuf,
    whole_works: bool,
    avoid_whole_until: Mutex<Option<Instant>>,
}

impl Barrier {
    /// For the file system that `root` lies on.
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        let whole_works = system::reports_errors() && system::is_known(&File::open(root)?);
        Ok(Self { root: root.to_owned(), whole_works, avoid_whole_until: Mutex::new(None) })
    }

    /// Starts a batch; to be called before its first byte is written.
    ///
    /// A write-back error is reported once per descriptor, to the next `syncfs` on it, and only if it came after the
    /// descriptor was opened. One per batch, opened first, means that no batch can swallow the error of another.
    pub(super) fn batch(&self) -> Batch<'_> {
        let root = self.whole_is_wise().then(|| File::open(&self.root).ok()).flatten();
        Batch { barrier: self, root }
    }

    fn whole_is_wise(&self) -> bool {
        self.whole_works && self.avoid_whole_until.lock().is_none_or(|until| Instant::now() >= until)
    }
}

/// The durability of one batch.
pub(super) struct Batch<'a> {
    barrier: &'a Barrier,
    /// Where `syncfs` is called; `None` when each file is synced by itself.
    root: Option<File>,
}

impl Batch<'_> {
    /// Makes the content of these files durable; one answer per file.
    pub(super) fn sync(&self, files: &[&File]) -> Vec<io::Result<()>> {
        self.sync_by(files, File::sync_data)
    }

    fn sync_by(&self, files: &[&File], each: SyncOne) -> Vec<io::Result<()>> {
        if files.len() >= WHOLE_FROM
            && let Some(root) = &self.root
        {
            // An error says that some write failed, not whose, and a second try would report success: all fail.
            let code = self.sync_whole(root).err().map(|error| error.raw_os_error());
            let answer = |_| match code {
                None => Ok(()),
                Some(None) => Err(io::Error::other("syncfs failed")),
                Some(Some(code)) => Err(io::Error::from_raw_os_error(code)),
            };
            return files.iter().map(answer).collect();
        }
        sync_each(files, each)
    }

    /// Makes the entries of these folders durable; one answer per folder.
    pub(super) fn sync_folders(&self, folders: &[&Path]) -> Vec<io::Result<()>> {
        let opened: io::Result<Vec<File>> = folders.iter().map(File::open).collect();
        match opened {
            // Not `fdatasync`: ext4 counts a folder's entries as its data only when the folder grows.
            Ok(opened) => self.sync_by(&opened.iter().collect::<Vec<_>>(), File::sync_all),
            // One of them cannot be opened: let each speak for itself.
            Err(_) => folders.iter().map(|folder| File::open(folder)?.sync_all()).collect(),
        }
    }

    fn sync_whole(&self, root: &File) -> io::Result<()> {
        let started = Instant::now();
        let result = system::sync_whole(root);
        let now = Instant::now();
        if now.duration_since(started) > SLOW {
            *self.barrier.avoid_whole_until.lock() = Some(now + AVOID_FOR);
        }
        result
    }
}

fn sync_each(files: &[&File], each: SyncOne) -> Vec<io::Result<()>> {
    let share = files.len().div_ceil(PARALLEL);
    if files.len() < 2 {
        return files.iter().map(|file| each(file)).collect();
    }
    std::thread::scope(|scope| {
        let workers: Vec<_> = files
            .chunks(share)
            .map(|chunk| scope.spawn(move || chunk.iter().map(|file| each(file)).collect::<Vec<_>>()))
            .collect();
        let answers = workers.into_iter().zip(files.chunks(share));
        answers
            .flat_map(|(worker, chunk)| {
                let lost = |_| chunk.iter().map(|_| Err(io::Error::other("a sync thread panicked"))).collect();
                worker.join().unwrap_or_else(lost)
            })
            .collect()
    })
}

#[cfg(target_os = "linux")]
mod system {
    use std::fs::File;
    use std::io;

    use rustix::fs::FsWord;

    /// File systems on which `syncfs` waits until data and metadata are on the disk.
    const KNOWN: [FsWord; 4] = [
        0xEF53,      // ext4
        0x5846_5342, // XFS
        0x9123_683E, // Btrfs
        0x0102_1994, // tmpfs: nothing to wait for
    ];

    pub(super) fn is_known(root: &File) -> bool {
        rustix::fs::fstatfs(root).is_ok_and(|stat| KNOWN.contains(&stat.f_type))
    }

    /// Before Linux 5.8 `syncfs` kept write-back errors to itself.
    pub(super) fn reports_errors() -> bool {
        std::fs::read_to_string("/proc/sys/kernel/osrelease").is_ok_and(|release| at_least_5_8(&release))
    }

    pub(super) fn at_least_5_8(release: &str) -> bool {
        let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse::<u32>().ok());
        let major = numbers.next().flatten();
        let minor = numbers.next().flatten();
        matches!((major, minor), (Some(major), Some(minor)) if (major, minor) >= (5, 8))
    }

    pub(super) fn sync_whole(root: &File) -> io::Result<()> {
        Ok(rustix::fs::syncfs(root)?)
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::fs::File;
    use std::io;

    pub(super) fn is_known(_root: &File) -> bool {
        false
    }

    pub(super) fn reports_errors() -> bool {
        false
    }

    pub(super) fn sync_whole(_root: &File) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn old_kernels_are_told_apart() {
        for (release, expected) in
            [("6.18.44-fc", true), ("5.8.0", true), ("5.7.19-generic", false), ("4.18.0-553.el8", false), ("", false)]
        {
            assert_eq!(system::at_least_5_8(release), expected, "{release}");
        }
    }

    #[test]
    fn a_slow_file_system_is_avoided_for_a_while() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut barrier = Barrier::open(folder.path()).expect("a barrier");
        barrier.whole_works = true;
        assert!(barrier.batch().root.is_some());
        *barrier.avoid_whole_until.lock() = Some(Instant::now() + AVOID_FOR);
        assert!(barrier.batch().root.is_none());
        *barrier.avoid_whole_until.lock() = Some(Instant::now());
        assert!(barrier.batch().root.is_some());
    }

    #[test]
    fn each_file_gets_its_answer() {
        let folder = tempfile::tempdir().expect("a folder");
        let files: Vec<File> =
            (0..20).map(|n| File::create(folder.path().join(n.to_string())).expect("a file")).collect();
        let files: Vec<&File> = files.iter().collect();
        let barrier = Barrier::open(folder.path()).expect("a barrier");
        let batch = barrier.batch();
        for count in [0, 1, 2, 3, 9, 20] {
            let answers = batch.sync(&files[..count]);
            assert_eq!((answers.len(), answers.iter().all(Result::is_ok)), (count, true));
            let one_by_one = sync_each(&files[..count], File::sync_all);
            assert_eq!((one_by_one.len(), one_by_one.iter().all(Result::is_ok)), (count, true));
        }
        let missing = folder.path().join("missing");
        let answers = batch.sync_folders(&[folder.path(), &missing]);
        assert_eq!(answers.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false]);
    }
}
