//! Users and the outside subjects that stand for them.

use chrono::{DateTime, Utc};

use crate::ids::UserId;

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Token issuer (`iss`), or `local` for the owner of a loopback installation.
    pub issuer: String,
    /// Token subject (`sub`), unique within the issuer.
    pub subject: String,
    /// Stored at.
    pub created_at: DateTime<Utc>,
}

/// Issuer of the local owner.
pub const LOCAL_ISSUER: &str = "local";
/// Subject of the local owner.
pub const LOCAL_SUBJECT: &str = "owner";
