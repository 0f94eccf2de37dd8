//! Trying a rule: the same engines and transforms as for tasks, with a trace, and nothing stored.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use millrace_domain::ports::{ObjectError, RuleTester};
use millrace_domain::rule_test::{RuleTest, RuleTestFailure, RuleTestInput, RuleTestOutcome};
use millrace_domain::task::SourceFile;
use millrace_domain::{ErrorStage, TaskFailure};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{DocumentExecutor, images, rows, storage};
use crate::engine::{NoProgress, Source};
use crate::transform::{Trace, TransformInput};
use crate::{media, output};

impl DocumentExecutor {
    /// The document that a rule is tried on, and the name of its file.
    async fn trial_document(&self, test: &RuleTest, trace: &Trace) -> Result<(Arc<str>, Bytes), TaskFailure> {
        let (filename, document, reused) = match &test.input {
            RuleTestInput::Parsed { filename, artifact } => {
                let document = self.parts.store.get(&artifact.key).await.map_err(|error| match error {
                    ObjectError::NotFound(_) => storage::missing(artifact.kind),
                    other => storage::unavailable(ErrorStage::Postprocess, &other),
                })?;
                (Arc::from(filename.as_str()), document, true)
            }
            RuleTestInput::Stored { filename, source } => {
                let filename: Arc<str> = Arc::from(filename.as_str());
                let parsed =
                    self.parse_stored(test.user_id, source, &filename, &test.parse, Arc::new(NoProgress), None).await?;
                (filename, parsed.document, parsed.reused)
            }
            RuleTestInput::Bytes { filename, bytes } => {
                let filename: Arc<str> = Arc::from(filename.as_str());
                let file = SourceFile {
                    key: String::new(),
                    sha256: format!("{:x}", Sha256::digest(bytes)),
                    size: bytes.len() as u64,
                    media_type: String::new(),
                };
                if file.size > self.parts.limits.max_file_bytes {
                    return Err(output::file_too_large(file.size, &self.parts.limits).into());
                }
                let source = Source::Memory(bytes.clone());
                let request = self.request(source, &file, &filename, &test.parse, Arc::new(NoProgress), None).await?;
                (filename, self.parts.engines.parse(request).await?.document, false)
            }
        };
        trace.note("parse", "", || json!({ "bytes": document.len(), "reused": reused }));
        Ok((filename, document))
    }
}

#[async_trait]
impl RuleTester for DocumentExecutor {
    async fn test(&self, test: RuleTest) -> Result<RuleTestOutcome, RuleTestFailure> {
        let trace = Arc::new(Trace::recording());
        let outcome = self.try_rule(test, &trace).await;
        outcome.map_err(|failure| RuleTestFailure { failure, trace: trace.steps() })
    }
}

impl DocumentExecutor {
    async fn try_rule(&self, test: RuleTest, trace: &Arc<Trace>) -> Result<RuleTestOutcome, TaskFailure> {
        let transform = Arc::clone(self.parts.transforms.get(test.definition.mode)?);
        let (filename, parsed) = self.trial_document(&test, trace).await?;
        if !transform.accepts_rows_beside() && rows::reference(&parsed).await.is_some() {
            return Err(rows::beside());
        }
        let images = match &test.input {
            RuleTestInput::Parsed { .. } => None,
            RuleTestInput::Stored { source, .. } => images::of_stored(&self.parts, source),
            RuleTestInput::Bytes { filename, bytes } => {
                images::of_bytes(&self.parts, bytes, media::media_type(bytes, filename))
            }
        };
        let made = transform
            .apply(TransformInput {
                filename,
                parsed,
                images,
                rule: Arc::new(test.definition),
                user_id: test.user_id,
                project_id: test.project_id,
                task_id: None,
                progress: Arc::new(|_done, _total| {}),
                spending: Arc::new(|_spent| {}),
                trace: Arc::clone(trace),
            })
            .await
            .map_err(|error| error.failure)?;
        Ok(RuleTestOutcome {
            value: made.value,
            citations: made.citations.unwrap_or_default(),
            trace: trace.steps(),
            warnings: made.warnings,
            tokens: made.tokens,
            cost_usd: made.cost_usd,
        })
    }
}
