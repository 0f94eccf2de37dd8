//! Projects.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use millrace_domain::project::{Project, ProjectDefinition};
use millrace_domain::{ProjectId, UserId};

use super::MemoryStore;
use super::state::State;
use crate::{Clash, Page, ProjectRepository, Receipt, RepositoryError, Result};

const NOT_FOUND: RepositoryError = RepositoryError::NotFound("project");

#[async_trait]
impl ProjectRepository for MemoryStore {
    async fn create(
        &self,
        user: UserId,
        definition: &ProjectDefinition,
        now: DateTime<Utc>,
        receipt: Option<&Receipt<Project>>,
    ) -> Result<Project> {
        let mut state = self.lock();
        state.receipts.check(receipt, now)?;
        if !state.users.contains_key(&user) {
            return Err(RepositoryError::Conflict(Clash::Reference));
        }
        let project = Project {
            id: state.sequences.projects.next()?,
            user_id: user,
            name: definition.name.clone(),
            description: definition.description.clone(),
            created_at: now,
            updated_at: now,
        };
        state.projects.insert(project.id, project.clone());
        state.receipts.store(receipt, &project);
        Ok(project)
    }

    async fn get(&self, user: UserId, id: ProjectId) -> Result<Option<Project>> {
        Ok(self.lock().projects.get(&id).filter(|project| project.user_id == user).cloned())
    }

    async fn list(&self, user: UserId, page: Page<ProjectId>) -> Result<Vec<Project>> {
        let state = self.lock();
        let newest_first = state.projects.values().rev().filter(|project| project.user_id == user);
        let older = newest_first.filter(|project| page.before.is_none_or(|before| project.id < before));
        Ok(older.take(page.limit).cloned().collect())
    }

    async fn update(
        &self,
        user: UserId,
        id: ProjectId,
        definition: &ProjectDefinition,
        now: DateTime<Utc>,
    ) -> Result<Project> {
        let mut state = self.lock();
        let project = state.projects.get_mut(&id).filter(|project| project.user_id == user).ok_or(NOT_FOUND)?;
        project.name.clone_from(&definition.name);
        project.description.clone_from(&definition.description);
        project.updated_at = now;
        Ok(project.clone())
    }

    async fn delete(&self, user: UserId, id: ProjectId) -> Result<()> {
        let mut state = self.lock();
        if !state.owns_project(user, id) {
            return Err(NOT_FOUND);
        }
        if is_in_use(&state, user, id) {
            return Err(RepositoryError::Conflict(Clash::InUse));
        }
        state.projects.remove(&id);
        // Events are about things that are gone by now.
        state.events.retain(|_, event| event.content.project_id != id);
        state.usage.retain(|(project, _), _| *project != id);
        state.model_usage.retain(|(project, _, _), _| *project != id);
        Ok(())
    }
}

fn is_in_use(state: &State, user: UserId, id: ProjectId) -> bool {
    let tasks = state.tasks_by_user.get(&user).into_iter().flatten();
    state.uploads.values().any(|upload| upload.project_id == id)
        || state.tables.values().any(|table| table.info.project_id == id)
        || tasks.filter_map(|task| state.tasks.get(task)).any(|row| row.task.project_id == id)
}
