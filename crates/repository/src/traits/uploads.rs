//! Uploads and artifacts: what vouches for objects in the object store.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use millrace_domain::artifact::{Artifact, NewArtifact, ParseKey};
use millrace_domain::object_key::KeyOwner;
use millrace_domain::upload::Upload;
use millrace_domain::{ProjectId, TaskId, UploadId, UserId};

use crate::Result;
use crate::receipt::Receipt;

/// Uploads.
#[async_trait]
pub trait UploadRepository: Send + Sync + 'static {
    /// Takes ids that nobody else gets.
    async fn next_ids(&self, count: usize) -> Result<Vec<UploadId>>;
    /// Stores uploads of one request, all or none.
    ///
    /// # Errors
    /// `Conflict(Reference)` when the project is gone.
    async fn create_many(&self, uploads: &[Upload], receipt: Option<&Receipt<[Upload]>>) -> Result<()>;
    /// One upload.
    async fn get(&self, user: UserId, id: UploadId) -> Result<Option<Upload>>;
    /// The upload with this object key.
    async fn find_by_key(&self, user: UserId, key: &str) -> Result<Option<Upload>>;
    /// The newest upload of a project with this file name.
    async fn find_newest(&self, user: UserId, project: ProjectId, filename: &str) -> Result<Option<Upload>>;
}

/// Artifacts. They are recorded by [`TaskRepository::finish_many`](crate::TaskRepository::finish_many).
#[async_trait]
pub trait ArtifactRepository: Send + Sync + 'static {
    /// A task's artifacts, at most one of each kind.
    async fn list(&self, task: TaskId) -> Result<Vec<Artifact>>;
    /// A parsed document with this key among those of the user's tasks; any of them.
    async fn find_parse(&self, user: UserId, key: &ParseKey) -> Result<Option<NewArtifact>>;
    /// Those of `owners` that no row vouches for: neither an upload, nor an artifact with exactly that key, nor a task
    /// that is still running (its attempt may be about to record the object).
    async fn unknown(&self, owners: &[KeyOwner], now: DateTime<Utc>) -> Result<Vec<KeyOwner>>;
}
