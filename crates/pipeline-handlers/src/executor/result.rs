//! From a parsed document to a stored result, with what belongs to it.

use std::sync::Arc;

use bytes::Bytes;
use millrace_domain::artifact::{ArtifactKind, NewArtifact};
use millrace_domain::citation::CitationCount;
use millrace_domain::ports::{Job, TaskControl};
use millrace_domain::task::{StageDetail, TaskResult};
use millrace_domain::usage::Spent;
use millrace_domain::{Task, TaskFailure};
use serde_json::value::RawValue;

use super::{DocumentExecutor, PARSED, TRANSFORMED, images, result_of, rule_of};
use crate::transform::{Trace, TransformError, TransformInput, Transformed, unreadable_artifact};

/// A result that is stored, and what the task tells of it.
pub(super) struct Made {
    pub(super) value: Arc<RawValue>,
    pub(super) pages: u32,
    pub(super) parser: String,
    pub(super) warnings: Vec<String>,
    pub(super) citations: Option<CitationCount>,
    pub(super) tokens: Option<u64>,
    pub(super) cost_usd: Option<f64>,
}

impl Made {
    /// What models took for it.
    pub(super) fn spent(&self) -> Option<Spent> {
        self.tokens.map(|tokens| Spent { tokens, cost_usd: self.cost_usd })
    }
}

/// JSON as the bytes that it is, shared with whoever mounts it: a result is in memory once.
struct SharedJson(Arc<RawValue>);

impl AsRef<[u8]> for SharedJson {
    fn as_ref(&self) -> &[u8] {
        self.0.get().as_bytes()
    }
}

impl DocumentExecutor {
    /// The result with what was stored for it; what was stored is kept when something else fails.
    pub(super) async fn make_and_store(
        &self,
        job: &Job,
        control: &Arc<dyn TaskControl>,
        parsed: Bytes,
    ) -> (Result<(Made, TaskResult), TaskFailure>, Vec<NewArtifact>) {
        let mut artifacts = Vec::new();
        let outcome = self.make(job, control, parsed, &mut artifacts).await;
        (outcome, artifacts)
    }

    async fn make(
        &self,
        job: &Job,
        control: &Arc<dyn TaskControl>,
        parsed: Bytes,
        artifacts: &mut Vec<NewArtifact>,
    ) -> Result<(Made, TaskResult), TaskFailure> {
        let task = &job.task;
        let rule = rule_of(job);
        let (progress, spending) = (Arc::clone(control), Arc::clone(control));
        let input = TransformInput {
            filename: Arc::clone(&task.filename),
            parsed,
            images: task.spec.source.as_ref().and_then(|source| images::of_stored(&self.parts, source)),
            user_id: task.user_id,
            project_id: task.project_id,
            task_id: Some(task.id),
            progress: Arc::new(move |done, total| progress.progress(PARSED, StageDetail { done, total })),
            spending: Arc::new(move |spent| spending.spent(spent)),
            trace: Arc::new(Trace::default()),
            rule: Arc::clone(&rule),
        };
        let made = match self.parts.transforms.get(rule.mode)?.apply(input).await {
            Ok(made) => made,
            Err(TransformError { failure, exchange }) => {
                if let Some(exchange) = exchange {
                    artifacts.extend(self.store(task, ArtifactKind::Exchange, exchange).await.ok());
                }
                return Err(failure);
            }
        };
        control.progress(TRANSFORMED, StageDetail { done: made.pages, total: made.pages });
        let spent = made.tokens.map(|tokens| Spent { tokens, cost_usd: made.cost_usd });
        // It is paid for, whatever becomes of the result.
        self.keep(task, made, artifacts).await.map_err(|failure| TaskFailure { spent, ..failure })
    }

    /// Stores a result and what belongs to it.
    async fn keep(
        &self,
        task: &Task,
        made: Transformed,
        artifacts: &mut Vec<NewArtifact>,
    ) -> Result<(Made, TaskResult), TaskFailure> {
        if let Some(exchange) = &made.exchange {
            artifacts.push(self.store(task, ArtifactKind::Exchange, exchange.clone()).await?);
        }
        if let Some(citations) = &made.citations {
            let bytes = serde_json::to_vec(citations).map_err(|_error| unreadable_artifact())?;
            artifacts.push(self.store(task, ArtifactKind::Citations, bytes.into()).await?);
        }
        let value: Arc<RawValue> = Arc::from(made.value);
        let bytes = Bytes::from_owner(SharedJson(Arc::clone(&value)));
        let artifact = self.store(task, ArtifactKind::Result, bytes).await?;
        let result = result_of(&artifact);
        artifacts.push(artifact);
        let made = Made {
            value,
            pages: made.pages,
            parser: made.parser,
            warnings: made.warnings,
            citations: made.citations.as_ref().map(CitationCount::of),
            tokens: made.tokens,
            cost_usd: made.cost_usd,
        };
        Ok((made, result))
    }
}
