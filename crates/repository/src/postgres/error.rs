//! The one translation of database errors, by SQLSTATE and by constraint *name*.

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_async::pooled_connection::deadpool::PoolError;
use millrace_domain::assembly::WriteRefused;
use millrace_domain::mount::MountRejection;
use millrace_domain::{IllegalTransition, InvalidId};

use crate::{Clash, RepositoryError};

/// What a transaction ends with: a database error, or one of ours that rolls it back.
#[derive(Debug)]
pub(super) enum TxError {
    Database(DieselError),
    Ours(RepositoryError),
}

impl From<DieselError> for TxError {
    fn from(error: DieselError) -> Self {
        Self::Database(error)
    }
}

impl From<RepositoryError> for TxError {
    fn from(error: RepositoryError) -> Self {
        Self::Ours(error)
    }
}

impl From<MountRejection> for TxError {
    fn from(error: MountRejection) -> Self {
        Self::Ours(error.into())
    }
}

impl From<WriteRefused> for TxError {
    fn from(error: WriteRefused) -> Self {
        Self::Ours(error.into())
    }
}

impl From<IllegalTransition> for TxError {
    fn from(error: IllegalTransition) -> Self {
        Self::Ours(error.into())
    }
}

impl From<serde_json::Error> for TxError {
    fn from(error: serde_json::Error) -> Self {
        Self::Ours(RepositoryError::Corrupt(Box::new(error)))
    }
}

impl From<TxError> for RepositoryError {
    fn from(error: TxError) -> Self {
        match error {
            TxError::Database(error) => error.into(),
            TxError::Ours(error) => error,
        }
    }
}

impl From<DieselError> for RepositoryError {
    fn from(error: DieselError) -> Self {
        match &error {
            DieselError::DatabaseError(kind, information) => match kind {
                DatabaseErrorKind::UniqueViolation => Self::Conflict(unique(information.constraint_name())),
                DatabaseErrorKind::ForeignKeyViolation => {
                    // "update or delete on table … violates foreign key" against "insert or update on table …".
                    let removing = information.message().starts_with("update or delete");
                    Self::Conflict(if removing { Clash::InUse } else { Clash::Reference })
                }
                DatabaseErrorKind::CheckViolation | DatabaseErrorKind::NotNullViolation => Self::Corrupt(error.into()),
                DatabaseErrorKind::SerializationFailure
                | DatabaseErrorKind::ReadOnlyTransaction
                | DatabaseErrorKind::ClosedConnection
                | DatabaseErrorKind::UnableToSendCommand => Self::Unavailable(error.into()),
                _ if is_transient(information.message()) => Self::Unavailable(error.into()),
                _ => Self::Corrupt(error.into()),
            },
            DieselError::BrokenTransactionManager => Self::Unavailable(error.into()),
            _ => Self::Corrupt(error.into()),
        }
    }
}

impl From<PoolError> for RepositoryError {
    fn from(error: PoolError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<InvalidId> for RepositoryError {
    fn from(error: InvalidId) -> Self {
        Self::Corrupt(error.into())
    }
}

fn unique(constraint: Option<&str>) -> Clash {
    match constraint {
        Some("idempotency_receipt_pkey") => Clash::IdempotencyKey,
        Some("model_provider_name_key") => Clash::Name,
        _ => Clash::Other,
    }
}

/// Diesel keeps no SQLSTATE for kinds it does not know. Whatever is not a fault of the data or of the statement (shutdown,
/// a lost connection, deadlock, a timeout, disk or memory full, a pooler's own words) may pass.
fn is_transient(message: &str) -> bool {
    const LASTING: [&str; 12] = [
        "invalid input syntax",
        "unsupported Unicode escape",
        "invalid byte sequence",
        "out of range",
        "index row",
        "too long",
        "too large",
        "exceeds",
        "does not exist",
        "syntax error",
        "permission denied",
        "is of type",
    ];
    !LASTING.iter().any(|text| message.contains(text))
}
