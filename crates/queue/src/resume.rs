//! The stage with which an attempt begins when earlier ones have left something.

use millrace_domain::artifact::{Artifact, ArtifactKind, NewArtifact};
use millrace_domain::{ErrorStage, Fault, Stage, Task};

/// Where a task that is reopened begins: where it was told to, or else at the failed stage if what that needs is stored.
///
/// # Errors
/// `Invalid` when its kind has no such stage; `Conflict` when what the stage needs is not stored.
pub(crate) fn stage_of_retry(task: &Task, artifacts: &[Artifact], wanted: Option<Stage>) -> Result<Stage, Fault> {
    let first = Stage::first(task.kind);
    let has = |kind| artifacts.iter().any(|artifact| artifact.content.kind == kind);
    let can_start = |stage| match stage {
        Stage::Parse => task.spec.source.is_some(),
        Stage::Transform => has(ArtifactKind::Parsed),
        Stage::Mount => has(ArtifactKind::Result),
        Stage::Run => true,
    };
    let failed_at = task.error.as_ref().map(|error| error.stage);
    let stage = wanted.unwrap_or(match failed_at {
        Some(ErrorStage::Mount) if can_start(Stage::Mount) => Stage::Mount,
        Some(ErrorStage::Postprocess) if can_start(Stage::Transform) => Stage::Transform,
        _ => first,
    });
    if !stage.belongs_to(task.kind) {
        return Err(Fault::invalid("invalid_stage", "this kind of task has no such stage").at("/from_stage"));
    }
    if can_start(stage) {
        return Ok(stage);
    }
    Err(match stage {
        Stage::Parse => Fault::conflict("no_source", "the file of this task was never stored; upload it again"),
        _ => Fault::conflict("artifact_missing", "nothing is stored for this stage to begin with; retry from 'mineru'"),
    })
}

/// Where a further attempt can begin: at the failed stage if what it needs is stored.
pub(crate) fn restart_stage(failed_at: Stage, stored: &[NewArtifact], task: &Task) -> Stage {
    let first = task.start_stage();
    let has = |kind| stored.iter().any(|artifact| artifact.kind == kind);
    match failed_at {
        Stage::Mount if has(ArtifactKind::Result) || first == Stage::Mount => Stage::Mount,
        Stage::Mount | Stage::Transform if has(ArtifactKind::Parsed) || first == Stage::Transform => Stage::Transform,
        _ => first,
    }
}
