//! Earlier parses, found among the artifacts that are recorded.

use std::sync::Arc;

use async_trait::async_trait;
use millrace_domain::artifact::{NewArtifact, ParseKey};
use millrace_domain::ports::ParseCache;
use millrace_domain::{Fault, UserId};

use crate::ArtifactRepository;

/// The parses that tasks have left. Nothing is stored for it: a parse is found as long as its task keeps it.
pub struct RecordedParses(Arc<dyn ArtifactRepository>);

impl RecordedParses {
    /// Looks among these artifacts.
    pub fn new(artifacts: Arc<dyn ArtifactRepository>) -> Self {
        Self(artifacts)
    }
}

#[async_trait]
impl ParseCache for RecordedParses {
    async fn find(&self, user: UserId, key: &ParseKey) -> Result<Option<NewArtifact>, Fault> {
        Ok(self.0.find_parse(user, key).await?)
    }
}
