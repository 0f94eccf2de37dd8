//! From the stored bytes of a task to its parsed document: an earlier parse of the same bytes, or the engines.

use std::sync::Arc;

use bytes::Bytes;
use millrace_domain::artifact::ParseKey;
use millrace_domain::ids::UserId;
use millrace_domain::parse_options::ParseOptions;
use millrace_domain::ports::{ObjectError, TaskControl};
use millrace_domain::task::{SourceFile, StageDetail};
use millrace_domain::{ErrorStage, Task, TaskFailure};

use super::{DocumentExecutor, PARSED, PARSING, Parsed, rows, storage};
use crate::engine::{EngineRequest, ParseProgress, Source, source_missing};
use crate::media::{has_rows, media_type};
use crate::output;
use crate::rows::RowSpool;
use crate::sniff::HEAD_BYTES;

/// Maps pages to the share of a task's progress that parsing has.
struct PagesOfTask(Arc<dyn TaskControl>);

impl ParseProgress for PagesOfTask {
    fn pages(&self, done: u32, total: u32) {
        let share = u64::from(PARSED - PARSING) * u64::from(done.min(total)) / u64::from(total.max(1));
        let percent = PARSING + u8::try_from(share).unwrap_or(0);
        self.0.progress(percent, StageDetail { done, total });
    }
}

impl DocumentExecutor {
    /// Parses a task's source, or finds an earlier parse of the same bytes. The rows of a large table are stored as an
    /// artifact of their own if they may.
    pub(super) async fn parse(
        &self,
        task: &Task,
        control: &Arc<dyn TaskControl>,
        rows_may_go: bool,
    ) -> Result<Parsed, TaskFailure> {
        let source = task.spec.source.as_ref().ok_or_else(source_missing)?;
        let progress = Arc::new(PagesOfTask(Arc::clone(control)));
        let rows = rows_may_go.then(Arc::<RowSpool>::default);
        let mut parsed =
            self.parse_stored(task.user_id, source, &task.filename, &task.spec.parse, progress, rows.clone()).await?;
        if let Some(spool) = rows
            && let Some(path) = spool.written()
            && let Some(reference) = rows::reference(&parsed.document).await
        {
            parsed.rows = Some(rows::store(&*self.parts.store, task, path, &reference).await?);
            // Another task would need the rows too, which are this task's: such documents are not reused.
            parsed.store = Some(None);
        }
        Ok(parsed)
    }

    /// Parses stored bytes, or finds an earlier parse of them.
    pub(super) async fn parse_stored(
        &self,
        user: UserId,
        file: &SourceFile,
        filename: &Arc<str>,
        options: &ParseOptions,
        progress: Arc<dyn ParseProgress>,
        rows: Option<Arc<RowSpool>>,
    ) -> Result<Parsed, TaskFailure> {
        let limits = &self.parts.limits;
        if file.size > limits.max_file_bytes {
            return Err(output::file_too_large(file.size, limits).into());
        }
        let in_memory = limits.max_in_process_bytes;
        let fetched = Source::fetch(&*self.parts.store, &file.key, file.size, in_memory).await;
        let source = fetched.map_err(|error| match error {
            ObjectError::NotFound(_) => source_missing(),
            other => storage::unavailable(ErrorStage::Mineru, &other),
        })?;
        let request = self.request(source, file, filename, options, progress, rows).await?;
        let mut key = self.parts.cache.as_ref().and_then(|_| self.parts.engines.parse_key(&request));
        if request.rows.is_none()
            && has_rows(request.media_type)
            && let Some(key) = &mut key
        {
            // The same file is another document where its rows may go elsewhere.
            key.fingerprint.push_str(";all rows");
        }
        if let Some(document) = self.find_parsed(user, key.as_ref()).await {
            return Ok(Parsed { document, rows: None, store: Some(key), reused: true, remote_task_id: None });
        }
        let output = self.parts.engines.parse(request).await?;
        Ok(Parsed {
            document: output.document,
            rows: None,
            store: Some(key),
            reused: false,
            remote_task_id: output.remote_task_id,
        })
    }

    /// What the engines are asked; sniffs the head of the file.
    pub(super) async fn request(
        &self,
        source: Source,
        file: &SourceFile,
        filename: &Arc<str>,
        options: &ParseOptions,
        progress: Arc<dyn ParseProgress>,
        rows: Option<Arc<RowSpool>>,
    ) -> Result<EngineRequest, TaskFailure> {
        let source = Arc::new(source);
        let (reading, name) = (Arc::clone(&source), Arc::clone(filename));
        let sniffing = move || reading.head(HEAD_BYTES).map(|head| media_type(&head, &name));
        let sniffed = tokio::task::spawn_blocking(sniffing).await;
        let media_type = match sniffed {
            Ok(Ok(media_type)) => media_type,
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => return Err(source_missing()),
            Ok(Err(error)) => {
                return Err(storage::unavailable(ErrorStage::Mineru, &ObjectError::Unavailable(Box::new(error))));
            }
            Err(_panic) => "application/octet-stream",
        };
        Ok(EngineRequest {
            source,
            size: file.size,
            sha256: file.sha256.clone(),
            filename: Arc::clone(filename),
            media_type,
            options: options.clone(),
            progress,
            rows,
        })
    }

    /// An earlier parse. Whatever goes wrong here only costs a parse.
    async fn find_parsed(&self, user: UserId, key: Option<&ParseKey>) -> Option<Bytes> {
        let (cache, key) = (self.parts.cache.as_ref()?, key?);
        let artifact = match cache.find(user, key).await {
            Ok(found) => found?,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "earlier parses cannot be looked up");
                return None;
            }
        };
        self.parts.store.get(&artifact.key).await.ok()
    }
}
