//! Artifacts in the object store, and what its errors mean for a task.

use bytes::Bytes;
use millrace_domain::artifact::{ArtifactKind, NewArtifact};
use millrace_domain::ports::{Job, ObjectError, ObjectStore};
use millrace_domain::{ErrorStage, TaskFailure};

/// Stores an artifact.
///
/// # Errors
/// A failure that another attempt may mend.
pub(super) async fn store_artifact(
    store: &dyn ObjectStore,
    kind: ArtifactKind,
    key: String,
    bytes: Bytes,
) -> Result<NewArtifact, TaskFailure> {
    let stored = store.put(&key, bytes).await.map_err(|error| unavailable(ErrorStage::Postprocess, &error))?;
    Ok(NewArtifact { kind, key, size: stored.size, sha256: stored.sha256, parse_key: None })
}

/// Loads the artifact of an earlier attempt.
///
/// # Errors
/// `artifact_missing` when there is none, and failures of the store.
pub(super) async fn load_artifact(
    store: &dyn ObjectStore,
    job: &Job,
    kind: ArtifactKind,
) -> Result<(NewArtifact, Bytes), TaskFailure> {
    let artifact = job.artifacts.iter().map(|artifact| &artifact.content).find(|content| content.kind == kind);
    let artifact = artifact.ok_or_else(|| missing(kind))?.clone();
    match store.get(&artifact.key).await {
        Ok(bytes) => Ok((artifact, bytes)),
        Err(ObjectError::NotFound(_)) => Err(missing(kind)),
        Err(error) => Err(unavailable(stage_of(kind), &error)),
    }
}

/// The failure of a stage whose input is gone.
pub(super) fn missing(kind: ArtifactKind) -> TaskFailure {
    let text = match kind {
        ArtifactKind::Parsed => "the parsed document is not there; run the task again from the parse stage",
        ArtifactKind::Result | ArtifactKind::Rows | ArtifactKind::Citations | ArtifactKind::Exchange => {
            "the result is not there; run the task again from an earlier stage"
        }
    };
    TaskFailure::permanent(stage_of(kind), "artifact_missing", text)
}

/// The failure of a store that does not answer.
pub(crate) fn unavailable(stage: ErrorStage, error: &ObjectError) -> TaskFailure {
    tracing::warn!(error = error as &dyn std::error::Error, "the object store failed");
    TaskFailure::transient(stage, "storage_unavailable", "the object store does not answer")
}

/// The stage that reads an artifact of this kind.
fn stage_of(kind: ArtifactKind) -> ErrorStage {
    match kind {
        ArtifactKind::Parsed => ErrorStage::Postprocess,
        ArtifactKind::Result | ArtifactKind::Rows | ArtifactKind::Citations | ArtifactKind::Exchange => {
            ErrorStage::Mount
        }
    }
}
