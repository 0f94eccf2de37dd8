//! Projects on the wire.

use chrono::{DateTime, Utc};
use millrace_domain::ProjectId;
use millrace_domain::project::{Project, ProjectDefinition};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::common::{Id, checked_title};
use crate::problem::Problem;

/// What a caller chooses about a project.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Invoices", "description": "Everything from 2026"}))]
pub struct ProjectInput {
    /// Name for people.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Description for people.
    #[serde(default)]
    #[schema(max_length = 10000)]
    pub description: Option<String>,
}

impl ProjectInput {
    /// Checks it.
    ///
    /// # Errors
    /// `invalid_value`, `nul_character`.
    pub fn checked(self) -> Result<ProjectDefinition, Problem> {
        let (name, description) = checked_title(&self.name, self.description.as_deref())?;
        Ok(ProjectDefinition { name, description })
    }
}

/// A project.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Project, example = json!({
    "project_id": 7, "name": "Invoices", "description": "Everything from 2026",
    "created_at": "2026-11-22T08:00:00Z", "updated_at": "2026-11-22T08:00:00Z"
}))]
pub struct ProjectBody {
    /// Its id.
    #[schema(value_type = Id)]
    pub project_id: ProjectId,
    /// Name for people.
    pub name: String,
    /// Description for people.
    pub description: String,
    /// Stored at.
    pub created_at: DateTime<Utc>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
}

impl From<&Project> for ProjectBody {
    fn from(project: &Project) -> Self {
        Self {
            project_id: project.id,
            name: project.name.clone(),
            description: project.description.clone(),
            created_at: project.created_at,
            updated_at: project.updated_at,
        }
    }
}
