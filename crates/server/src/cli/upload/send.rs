//! Sends one batch of files, as a stream: however large a file is, it is never in memory.

use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use rand::Rng;
use rand::distr::Alphanumeric;
use reqwest::Body;
use reqwest::multipart::{Form, Part};
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use tokio_util::io::ReaderStream;

use super::super::api_client::ApiClient;
use super::super::api_error::ApiError;
use super::super::patience::patiently;
use super::super::wire::{Submitted, SubmittedItem};
use super::files::LocalFile;
use super::outcome::{Failure, Outcome, Sent};
use super::progress::Progress;

const PATH: &str = "/api/v1/etl/upload_and_submit";
/// Bytes read at a time.
const CHUNK: usize = 256 << 10;
/// Characters of a random idempotency key.
const KEY: usize = 32;

/// Where and how the files go.
pub(super) struct Sender<'a> {
    /// The server.
    pub(super) api: &'a ApiClient,
    /// Form fields that are the same for every batch.
    pub(super) fields: &'a [(&'static str, String)],
}

impl Sender<'_> {
    /// Sends a batch and notes what became of each file. Safe to repeat, so what may pass is tried again.
    ///
    /// # Errors
    /// When the next batch would end the same way.
    pub(super) async fn send(
        &self,
        batch: Vec<LocalFile>,
        progress: &Progress,
        outcome: &mut Outcome,
    ) -> anyhow::Result<()> {
        let batch = readable(batch, outcome).await;
        if batch.is_empty() {
            return Ok(());
        }
        let key: String = rand::rng().sample_iter(Alphanumeric).take(KEY).map(char::from).collect();
        let position = progress.position();
        let notice = |error: &ApiError, pause: Duration| {
            progress.note(&format!("{error}; trying again in {} s", pause.as_secs()));
        };
        let answer = patiently(
            async || {
                progress.reset_to(position);
                let form = self.form(&batch, progress).await;
                self.api.post_form::<Submitted>(PATH, &key, form).await
            },
            notice,
        )
        .await;
        match answer {
            Ok(submitted) => {
                submitted.warnings.iter().for_each(|warning| progress.note(&format!("warning: {warning}")));
                submitted.items.into_iter().for_each(|item| note(item, outcome));
            }
            Err(error) if error.concerns_all() => return Err(error.into()),
            Err(error) => {
                let (code, message) = match &error {
                    ApiError::Refused(refusal) => (refusal.code.clone(), refusal.detail()),
                    other => (String::new(), other.to_string()),
                };
                for file in &batch {
                    let file = file.label().to_owned();
                    outcome.refused(Failure { file, code: code.clone(), message: message.clone() });
                }
            }
        }
        Ok(())
    }

    async fn form(&self, batch: &[LocalFile], progress: &Progress) -> Form {
        let counter = Arc::new(progress.counter());
        let mut form = Form::new();
        for (name, value) in self.fields {
            form = form.text(*name, value.clone());
        }
        for file in batch {
            form = form.part("files", part(file, Arc::clone(&counter)).await);
            form = form.text("paths", file.relative.clone().unwrap_or_default());
        }
        form
    }
}

/// Leaves out the files that cannot be opened, before anything is sent: their neighbours go on.
async fn readable(batch: Vec<LocalFile>, outcome: &mut Outcome) -> Vec<LocalFile> {
    let mut files = Vec::with_capacity(batch.len());
    for file in batch {
        match File::open(&file.path).await {
            Ok(_closed_again) => files.push(file),
            Err(error) => outcome.refused(Failure::local(file.label().to_owned(), error.to_string())),
        }
    }
    files
}

/// A file as a part of a form. It is opened when its turn comes, so that a batch holds one open file at a time.
async fn part(file: &LocalFile, count: Arc<impl Fn(u64) + Send + Sync + 'static>) -> Part {
    // Announced now and kept to below: what is appended to the file while it is sent waits for another upload.
    let size = tokio::fs::metadata(&file.path).await.map_or(file.size, |metadata| metadata.len());
    let path = file.path.clone();
    let opened = async move {
        let file = File::open(path).await?;
        Ok::<_, std::io::Error>(ReaderStream::with_capacity(file.take(size), CHUNK))
    };
    let bytes = futures::stream::once(opened).try_flatten().inspect_ok(move |chunk| count(chunk.len() as u64));
    Part::stream_with_length(Body::wrap_stream(bytes), size).file_name(file.name.clone())
}

fn note(item: SubmittedItem, outcome: &mut Outcome) {
    let open = item.status != "failed";
    if !open {
        let (code, message) = match item.error {
            Some(error) => (error.code, error.message),
            None => (String::new(), "the server gave no reason".to_owned()),
        };
        outcome.failures.push(Failure { file: item.path.unwrap_or(item.filename), code, message });
    }
    outcome.sent.push(Sent { task_id: item.task_id, open });
}
