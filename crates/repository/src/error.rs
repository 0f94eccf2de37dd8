//! The one error type of all stores.

use millrace_domain::assembly::WriteRefused;
use millrace_domain::mount::MountRejection;
use millrace_domain::{ErrorKind, Fault, IllegalTransition};

/// Result of a store.
pub type Result<T> = std::result::Result<T, RepositoryError>;

/// What a unique or foreign key stood for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Clash {
    /// A receipt with this idempotency key exists.
    IdempotencyKey,
    /// Something with this name exists.
    Name,
    /// The row that this one refers to does not exist (any more).
    Reference,
    /// Other rows still refer to this one.
    InUse,
    /// Any other constraint.
    Other,
}

/// Why a store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// No such row, or it belongs to somebody else. The text names the noun, for instance `task`.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// A constraint stands against it.
    #[error("conflict: {0:?}")]
    Conflict(Clash),
    /// The task's state does not allow it.
    #[error(transparent)]
    IllegalTransition(#[from] IllegalTransition),
    /// The mount cannot be applied.
    #[error(transparent)]
    Mount(#[from] MountRejection),
    /// The value cannot be written there.
    #[error(transparent)]
    Write(#[from] WriteRefused),
    /// The database does not answer, or gave up the transaction; the same call may work later.
    #[error("the database does not answer")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A stored row cannot be read, or a statement failed for a reason nobody foresaw.
    #[error("the database holds or said something unexpected")]
    Corrupt(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl RepositoryError {
    /// Whether the same call may work later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

impl From<RepositoryError> for Fault {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::NotFound(noun) => match noun {
                "task" => Self::not_found("task_not_found", "no such task"),
                "project" => Self::not_found("project_not_found", "no such project"),
                "rule" => Self::not_found("rule_not_found", "no such rule"),
                "upload" => Self::not_found("upload_not_found", "no such upload"),
                "table" => Self::not_found("table_not_found", "no such table"),
                "mount" => Self::not_found("mount_not_found", "no such mount"),
                "provider" => Self::not_found("provider_not_found", "no such provider"),
                "api key" => Self::not_found("api_key_not_found", "no such API key"),
                _ => Self::not_found("not_found", "no such object"),
            },
            RepositoryError::Conflict(Clash::IdempotencyKey) => Self::conflict(
                "idempotency_key_in_use",
                "another request with this Idempotency-Key has just finished; repeat it",
            ),
            RepositoryError::Conflict(Clash::Name) => Self::conflict("name_taken", "this name is taken"),
            RepositoryError::Conflict(Clash::Reference) => {
                Self::conflict("reference_gone", "something this refers to does not exist any more")
            }
            RepositoryError::Conflict(Clash::InUse) => {
                Self::conflict("in_use", "other objects still refer to this one")
            }
            RepositoryError::Conflict(Clash::Other) => {
                Self::conflict("conflict", "the present state does not allow this")
            }
            RepositoryError::IllegalTransition(error) => Self::conflict("illegal_transition", error.to_string()),
            RepositoryError::Mount(rejection) => {
                let kind = match rejection {
                    MountRejection::TableNotFound => ErrorKind::NotFound,
                    MountRejection::InvalidPointer(_) => ErrorKind::Invalid,
                    _ => ErrorKind::Conflict,
                };
                Self::new(kind, rejection.code(), rejection.to_string())
            }
            RepositoryError::Write(refused) => Self::conflict("not_a_container", refused.to_string()),
            RepositoryError::Unavailable(cause) => Self::unavailable("the database does not answer", cause),
            RepositoryError::Corrupt(cause) => Self::internal(cause),
        }
    }
}
