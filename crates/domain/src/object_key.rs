//! The layout of keys in the object store.
//!
//! A key is made of ids alone (and a checked extension), so that nothing a client chose can leave its prefix, and so
//! that the sweeper can tell from a key alone which row must vouch for it.

use crate::artifact::ArtifactKind;
use crate::ids::{ProjectId, TaskId, UploadId, UserId};

/// Longest extension kept, in characters.
const MAX_EXTENSION: usize = 12;

/// What a key belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyOwner {
    /// The bytes of an upload.
    Upload(UploadId),
    /// An artifact of one attempt of a task.
    Artifact(TaskId, ArtifactKind, i64),
}

/// `users/{user}/raw/{project}/{upload}{.ext}`
pub fn upload_key(user: UserId, project: ProjectId, upload: UploadId, filename: &str) -> String {
    format!("users/{user}/raw/{project}/{upload}{}", safe_extension(filename))
}

/// The folder of each kind of artifact.
fn folder(kind: ArtifactKind) -> &'static str {
    match kind {
        ArtifactKind::Result => "processed",
        ArtifactKind::Parsed => "etl_artifacts",
        ArtifactKind::Rows => "etl_rows",
        ArtifactKind::Citations => "etl_citations",
        ArtifactKind::Exchange => "etl_exchanges",
    }
}

/// `users/{user}/processed/{project}/{task}-{attempt_epoch}.json` for results,
/// `users/{user}/etl_artifacts/{project}/{task}-{attempt_epoch}.json` for parsed documents, and so on.
pub fn artifact_key(user: UserId, project: ProjectId, task: TaskId, kind: ArtifactKind, attempt_epoch: i64) -> String {
    let folder = folder(kind);
    format!("users/{user}/{folder}/{project}/{task}-{attempt_epoch}.json")
}

/// Reads a key back; `None` for keys that are not ours.
pub fn owner_of(key: &str) -> Option<KeyOwner> {
    let mut parts = key.split('/');
    if parts.next()? != "users" {
        return None;
    }
    let _user: UserId = parts.next()?.parse().ok()?;
    let second = parts.next()?;
    let _project: ProjectId = parts.next()?.parse().ok()?;
    let name = parts.next()?;
    if parts.next().is_some() {
        return None;
    }
    if second == "raw" {
        return name.split('.').next()?.parse().ok().map(KeyOwner::Upload);
    }
    let kind = ArtifactKind::ALL.into_iter().find(|kind| folder(*kind) == second)?;
    let (task, epoch) = name.strip_suffix(".json")?.split_once('-')?;
    Some(KeyOwner::Artifact(task.parse().ok()?, kind, epoch.parse().ok()?))
}

/// `.pdf` for `Report.PDF`; empty unless the extension is short ASCII letters and digits.
fn safe_extension(filename: &str) -> String {
    match filename.rsplit_once('.') {
        Some((stem, extension))
            if !stem.is_empty()
                && !extension.is_empty()
                && extension.len() <= MAX_EXTENSION
                && extension.bytes().all(|byte| byte.is_ascii_alphanumeric()) =>
        {
            format!(".{}", extension.to_ascii_lowercase())
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id<T: TryFrom<i64>>(value: i64) -> T {
        T::try_from(value).ok().expect("a valid id")
    }

    #[test]
    fn keys_read_back() {
        let key = upload_key(id(1), id(2), id(3), "Report.PDF");
        assert_eq!(key, "users/1/raw/2/3.pdf");
        assert_eq!(owner_of(&key), Some(KeyOwner::Upload(id(3))));
        for kind in ArtifactKind::ALL {
            let key = artifact_key(id(1), id(2), id(9), kind, 4);
            assert_eq!(owner_of(&key), Some(KeyOwner::Artifact(id(9), kind, 4)));
        }
        assert_eq!(owner_of("users/1/raw/2/x.pdf"), None);
        assert_eq!(owner_of("elsewhere/1"), None);
    }

    proptest! {
        #[test]
        fn no_filename_leaves_the_prefix(name in ".{0,40}") {
            let key = upload_key(id(1), id(2), id(3), &name);
            prop_assert!(key.starts_with("users/1/raw/2/3"));
            prop_assert_eq!(key.split('/').count(), 5);
            prop_assert!(!key.contains(".."));
            prop_assert_eq!(owner_of(&key), Some(KeyOwner::Upload(id(3))));
        }
    }
}
