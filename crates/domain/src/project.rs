//! Projects: what users keep their work in.

use chrono::{DateTime, Utc};

use crate::ids::{ProjectId, UserId};

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// Who owns it.
    pub user_id: UserId,
    /// Name for people.
    pub name: String,
    /// Description for people.
    pub description: String,
    /// Stored at.
    pub created_at: DateTime<Utc>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
}

/// What a caller chooses about a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectDefinition {
    /// Name for people.
    pub name: String,
    /// Description for people.
    pub description: String,
}
