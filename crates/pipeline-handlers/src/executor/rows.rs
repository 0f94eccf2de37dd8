//! The rows of large tables: from the spool file of a parse into the object store, and their part in later stages.

use std::path::Path;

use bytes::{Bytes, BytesMut};
use millrace_domain::artifact::{ArtifactKind, NewArtifact};
use millrace_domain::document::RowsRef;
use millrace_domain::object_key::artifact_key;
use millrace_domain::ports::{Job, ObjectError, ObjectStore};
use millrace_domain::{ErrorStage, Task, TaskFailure};
use serde::Deserialize;
use tokio::io::AsyncReadExt;

use super::storage::{missing, unavailable};
use crate::engine::file_error;

/// Bytes handed to the store at a time.
const PIECE_BYTES: usize = 256 << 10;
/// Documents up to this size are looked into without leaving the runtime's thread.
const INLINE_BYTES: usize = 128 << 10;

/// Copies the rows into the store, piece by piece. Dropped on the way, it leaves nothing that can be read.
///
/// # Errors
/// A failure that another attempt may mend.
pub(super) async fn store(
    store: &dyn ObjectStore,
    task: &Task,
    path: &Path,
    reference: &RowsRef,
) -> Result<NewArtifact, TaskFailure> {
    let failed = |error: ObjectError| unavailable(ErrorStage::Mineru, &error);
    let key = artifact_key(task.user_id, task.project_id, task.id, ArtifactKind::Rows, task.attempt_epoch);
    let mut file = tokio::fs::File::open(path).await.map_err(|error| failed(file_error(error)))?;
    let mut writer = store.writer(&key).await.map_err(failed)?;
    loop {
        let mut piece = BytesMut::with_capacity(PIECE_BYTES);
        if file.read_buf(&mut piece).await.map_err(|error| failed(file_error(error)))? == 0 {
            break;
        }
        writer.write(piece.freeze()).await.map_err(failed)?;
    }
    let stored = writer.finish().await.map_err(failed)?;
    if (stored.size, stored.sha256.as_str()) != (reference.size, reference.sha256.as_str()) {
        let error = std::io::Error::other("the rows of a document changed on their way into the store");
        return Err(failed(file_error(error)));
    }
    Ok(NewArtifact { kind: ArtifactKind::Rows, key, size: stored.size, sha256: stored.sha256, parse_key: None })
}

/// The reference that a parsed document has to rows beside it.
pub(super) async fn reference(document: &Bytes) -> Option<RowsRef> {
    #[derive(Deserialize)]
    struct View {
        #[serde(default)]
        rows_ref: Option<RowsRef>,
    }
    let read = |document: &[u8]| serde_json::from_slice::<View>(document).ok()?.rows_ref;
    if document.len() <= INLINE_BYTES {
        return read(document);
    }
    let document = document.clone();
    tokio::task::spawn_blocking(move || read(&document)).await.ok().flatten()
}

/// Whether a stored document can be transformed again: its rows are all in it, or they need not be and are there.
///
/// # Errors
/// `rows_beside_document`, `artifact_missing`.
pub(super) async fn check(job: &Job, document: &Bytes, rows_may_go: bool) -> Result<(), TaskFailure> {
    let Some(reference) = reference(document).await else { return Ok(()) };
    if !rows_may_go {
        return Err(beside());
    }
    let stored = job.artifacts.iter().map(|artifact| &artifact.content).any(|content| {
        content.kind == ArtifactKind::Rows && content.sha256 == reference.sha256 && content.size == reference.size
    });
    if stored { Ok(()) } else { Err(missing(ArtifactKind::Parsed)) }
}

/// The failure of a rule that needs all rows of a document that holds the first.
pub(super) fn beside() -> TaskFailure {
    TaskFailure::permanent(
        ErrorStage::Postprocess,
        "rows_beside_document",
        "the stored document holds only the first rows of a large table, and this rule needs all; run the task again from the parse stage",
    )
}
