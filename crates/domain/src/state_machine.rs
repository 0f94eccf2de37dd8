//! The task state machine: one pure function.

use serde::{Deserialize, Serialize};

use crate::task::TaskKind;

/// A step of execution inside [`TaskState::Active`]. The order of the variants is the order of execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Documents: bytes → Markdown and blocks.
    Parse,
    /// Documents: Markdown and blocks → result JSON, by a rule.
    Transform,
    /// Documents: result JSON → a JSON table.
    Mount,
    /// Loads and queries: the whole work.
    Run,
}

impl Stage {
    /// Whether a task of this kind has this stage.
    pub fn belongs_to(self, kind: TaskKind) -> bool {
        match kind {
            TaskKind::Document => self != Self::Run,
            TaskKind::Load | TaskKind::Query => self == Self::Run,
        }
    }

    /// The first stage of a kind.
    pub fn first(kind: TaskKind) -> Self {
        match kind {
            TaskKind::Document => Self::Parse,
            TaskKind::Load | TaskKind::Query => Self::Run,
        }
    }
}

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TaskState {
    /// Stored, not started (or waiting for its next attempt).
    Pending,
    /// A worker runs this stage.
    Active(Stage),
    /// Cancel was asked for while a worker ran it.
    Cancelling,
    /// Done; result stored and, if wanted, mounted.
    Completed,
    /// Ended with an error.
    Failed,
    /// Ended because somebody asked for it.
    Cancelled,
}

impl TaskState {
    /// The status text of the API and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active(Stage::Parse) => "mineru_parsing",
            Self::Active(Stage::Transform | Stage::Mount) => "llm_processing",
            Self::Active(Stage::Run) => "running",
            Self::Cancelling => "cancelling",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads a stored status text. `llm_processing` reads as the transform stage.
    pub fn from_status(text: &str) -> Option<Self> {
        Some(match text {
            "pending" => Self::Pending,
            "mineru_parsing" => Self::Active(Stage::Parse),
            "llm_processing" => Self::Active(Stage::Transform),
            "running" => Self::Active(Stage::Run),
            "cancelling" => Self::Cancelling,
            "completed" => Self::Completed,
            "failed" => Self::Failed,
            "cancelled" => Self::Cancelled,
            _ => return None,
        })
    }

    /// Whether nothing more happens unless somebody asks.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

/// All status texts, in the order a task passes them.
pub const STATUSES: [&str; 8] =
    ["pending", "mineru_parsing", "llm_processing", "running", "cancelling", "completed", "failed", "cancelled"];

/// What happens to a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TaskEvent {
    /// A worker begins at this stage.
    Start(Stage),
    /// The running worker goes on to a later stage.
    Advance(Stage),
    /// The work is done.
    Complete,
    /// The work ended with an error that is not retried.
    Fail,
    /// The attempt ended and another will follow (retry, drain, or the owner died).
    Requeue,
    /// Somebody asks to stop.
    RequestCancel,
    /// The worker has stopped as asked.
    ConfirmCancel,
    /// Somebody asks to run an ended task again.
    Reopen,
}

/// An event that a state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a task that is {} does not allow {event:?}", .from.as_str())]
pub struct IllegalTransition {
    /// The state it was in.
    pub from: TaskState,
    /// The event that came.
    pub event: TaskEvent,
}

/// The next state, or why there is none.
///
/// # Errors
/// [`IllegalTransition`] when the state does not allow the event.
pub fn step(kind: TaskKind, from: TaskState, event: TaskEvent) -> Result<TaskState, IllegalTransition> {
    use TaskEvent::{Advance, Complete, ConfirmCancel, Fail, Reopen, RequestCancel, Requeue, Start};
    use TaskState::{Active, Cancelled, Cancelling, Completed, Failed, Pending};
    match (from, event) {
        (Pending, Start(stage)) if stage.belongs_to(kind) => Ok(Active(stage)),
        (Active(now), Advance(next)) if next.belongs_to(kind) && next > now => Ok(Active(next)),
        (Active(_), Complete) => Ok(Completed),
        (Pending | Active(_), Fail) => Ok(Failed),
        (Active(_), Requeue) => Ok(Pending),
        (Pending, RequestCancel) => Ok(Cancelled),
        (Active(_) | Cancelling, RequestCancel) => Ok(Cancelling),
        (Cancelling, ConfirmCancel) => Ok(Cancelled),
        (Completed | Failed | Cancelled, Reopen) => Ok(Pending),
        _ => Err(IllegalTransition { from, event }),
    }
}

#[cfg(test)]
#[path = "state_machine_tests.rs"]
mod tests;
