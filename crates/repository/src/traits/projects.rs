//! Projects.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use millrace_domain::project::{Project, ProjectDefinition};
use millrace_domain::{ProjectId, UserId};

use crate::receipt::Receipt;
use crate::{Page, Result};

/// Projects.
#[async_trait]
pub trait ProjectRepository: Send + Sync + 'static {
    /// Stores a project. Names need not be unique.
    async fn create(
        &self,
        user: UserId,
        definition: &ProjectDefinition,
        now: DateTime<Utc>,
        receipt: Option<&Receipt<Project>>,
    ) -> Result<Project>;
    /// One project.
    async fn get(&self, user: UserId, id: ProjectId) -> Result<Option<Project>>;
    /// A user's projects.
    async fn list(&self, user: UserId, page: Page<ProjectId>) -> Result<Vec<Project>>;
    /// Replaces name and description.
    ///
    /// # Errors
    /// `NotFound("project")`.
    async fn update(
        &self,
        user: UserId,
        id: ProjectId,
        definition: &ProjectDefinition,
        now: DateTime<Utc>,
    ) -> Result<Project>;
    /// Removes an empty project.
    ///
    /// # Errors
    /// `NotFound("project")`; `Conflict(InUse)` while it has uploads, tasks or tables.
    async fn delete(&self, user: UserId, id: ProjectId) -> Result<()>;
}
