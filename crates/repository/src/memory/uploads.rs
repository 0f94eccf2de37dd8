//! Uploads and artifacts.

use std::collections::hash_map::Entry;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use millrace_domain::artifact::{Artifact, ArtifactKind, NewArtifact, ParseKey};
use millrace_domain::object_key::{KeyOwner, artifact_key};
use millrace_domain::upload::Upload;
use millrace_domain::{ProjectId, TaskId, UploadId, UserId};

use super::MemoryStore;
use super::state::State;
use crate::{ArtifactRepository, Clash, Receipt, RepositoryError, Result, UploadRepository};

impl State {
    /// Checks that uploads can be stored: their project is there, their ids and keys are new.
    pub(super) fn check_uploads(&self, uploads: &[Upload]) -> Result<()> {
        for upload in uploads {
            if !self.owns_project(upload.user_id, upload.project_id) {
                return Err(RepositoryError::Conflict(Clash::Reference));
            }
            if self.uploads.contains_key(&upload.id) || self.uploads_by_key.contains_key(&upload.key) {
                return Err(RepositoryError::Conflict(Clash::Other));
            }
        }
        Ok(())
    }

    /// Stores uploads that were checked.
    pub(super) fn put_uploads(&mut self, uploads: &[Upload]) {
        for upload in uploads {
            self.uploads_by_key.insert(upload.key.clone(), upload.id);
            self.uploads.insert(upload.id, upload.clone());
        }
    }

    /// Records artifacts of a task; each replaces an earlier one of its kind.
    pub(super) fn put_artifacts(&mut self, task: TaskId, new: &[NewArtifact], now: DateTime<Utc>) -> Result<()> {
        for content in new {
            let id = self.sequences.artifacts.next()?;
            let artifact = Artifact { id, task_id: task, content: content.clone(), created_at: now };
            let rows = self.artifacts.entry(task).or_default();
            let earlier = rows.iter().position(|row| row.content.kind == content.kind).map(|at| rows.remove(at));
            rows.push(artifact);
            self.index_parse(task, earlier.as_ref().map(|row| &row.content), content);
        }
        Ok(())
    }

    /// Keeps the index of parses true when an artifact is recorded.
    fn index_parse(&mut self, task: TaskId, earlier: Option<&NewArtifact>, new: &NewArtifact) {
        let Some(user) = self.tasks.get(&task).map(|row| row.task.user_id) else { return };
        if let Some(key) = earlier.and_then(|earlier| earlier.parse_key.clone())
            && let Entry::Occupied(mut entry) = self.parses.entry((user, key))
        {
            entry.get_mut().remove(&task);
            if entry.get().is_empty() {
                entry.remove();
            }
        }
        if let (ArtifactKind::Parsed, Some(key)) = (new.kind, &new.parse_key) {
            self.parses.entry((user, key.clone())).or_default().insert(task);
        }
    }

    /// The artifact of this kind that a task left.
    fn artifact_of(&self, task: TaskId, kind: ArtifactKind) -> Option<&Artifact> {
        self.artifacts.get(&task)?.iter().find(|row| row.content.kind == kind)
    }

    fn is_vouched_for(&self, owner: KeyOwner) -> bool {
        match owner {
            KeyOwner::Upload(id) => self.uploads.contains_key(&id),
            KeyOwner::Artifact(task, kind, attempt_epoch) => {
                let Some(row) = self.tasks.get(&task) else { return false };
                let key = artifact_key(row.task.user_id, row.task.project_id, task, kind, attempt_epoch);
                let recorded =
                    self.artifacts.get(&task).is_some_and(|rows| rows.iter().any(|row| row.content.key == key));
                recorded || !row.task.state.is_terminal()
            }
        }
    }
}

#[async_trait]
impl UploadRepository for MemoryStore {
    async fn next_ids(&self, count: usize) -> Result<Vec<UploadId>> {
        self.lock().sequences.uploads.take(count)
    }

    async fn create_many(&self, uploads: &[Upload], receipt: Option<&Receipt<[Upload]>>) -> Result<()> {
        let now = uploads.first().map_or_else(|| self.clock.now(), |upload| upload.created_at);
        let mut state = self.lock();
        state.receipts.check(receipt, now)?;
        state.check_uploads(uploads)?;
        state.put_uploads(uploads);
        state.receipts.store(receipt, uploads);
        Ok(())
    }

    async fn get(&self, user: UserId, id: UploadId) -> Result<Option<Upload>> {
        Ok(self.lock().uploads.get(&id).filter(|upload| upload.user_id == user).cloned())
    }

    async fn find_by_key(&self, user: UserId, key: &str) -> Result<Option<Upload>> {
        let state = self.lock();
        let upload = state.uploads_by_key.get(key).and_then(|id| state.uploads.get(id));
        Ok(upload.filter(|upload| upload.user_id == user).cloned())
    }

    async fn find_newest(&self, user: UserId, project: ProjectId, filename: &str) -> Result<Option<Upload>> {
        let state = self.lock();
        let mut newest_first = state.uploads.values().rev();
        let found = newest_first
            .find(|upload| upload.user_id == user && upload.project_id == project && upload.filename == filename);
        Ok(found.cloned())
    }
}

#[async_trait]
impl ArtifactRepository for MemoryStore {
    async fn list(&self, task: TaskId) -> Result<Vec<Artifact>> {
        Ok(self.lock().artifacts.get(&task).cloned().unwrap_or_default())
    }

    async fn find_parse(&self, user: UserId, key: &ParseKey) -> Result<Option<NewArtifact>> {
        let state = self.lock();
        let tasks = state.parses.get(&(user, key.clone()));
        let found = tasks.into_iter().flatten().find_map(|task| state.artifact_of(*task, ArtifactKind::Parsed));
        Ok(found.map(|artifact| artifact.content.clone()))
    }

    async fn unknown(&self, owners: &[KeyOwner], _now: DateTime<Utc>) -> Result<Vec<KeyOwner>> {
        let state = self.lock();
        Ok(owners.iter().copied().filter(|owner| !state.is_vouched_for(*owner)).collect())
    }
}
