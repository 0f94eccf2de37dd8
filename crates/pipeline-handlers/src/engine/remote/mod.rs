//! What the engines over remote services share: requests with limits, the meaning of refusals, asking after tasks, and how
//! answers come back.
//!
//! Only the configured addresses are ever asked, and no redirect is followed. Answers are spooled within a limit and
//! read in a parser process (`answer`). Cancelling drops the future: polling stops; none of the protocols
//! can cancel the task at the service.

mod callbacks;
pub mod form;
mod http;
mod polling;
mod spool;
pub(super) mod table;
mod task;
mod upload;

use std::sync::Arc;

use bytes::Bytes;
use millrace_domain::TaskFailure;
use millrace_domain::parse_options::PageRanges;
use millrace_domain::secret::Secret;
use tokio::sync::{Semaphore, SemaphorePermit};

pub use callbacks::Callbacks;
pub(super) use callbacks::Expected;
pub(super) use http::{Credentials, Http, with_length};
pub(super) use polling::Polling;
pub(super) use spool::Spooled;
pub(super) use task::{Asked, Attempt, failed, fetch, span, unknown_status, until_done};
pub(super) use upload::{body, extension, part};

use self::form::{AnswerForm, Service};
use super::{EngineFailure, EngineOutput, EngineRequest};
use crate::failure::{FailureCode, ParseFailure};
use crate::limits::ParserLimits;
use crate::pool::ParserPool;

/// Longest text of a service that is passed on, in characters.
const MAX_TOLD: usize = 300;

/// Where a service is, and what its use may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteConfig {
    /// Its address, as in `http://127.0.0.1:8000`.
    pub url: String,
    /// What lets us in.
    pub token: Option<Secret>,
    /// Largest file sent, in bytes.
    pub max_file_bytes: u64,
    /// Largest answer read, in bytes.
    pub max_result_bytes: u64,
    /// Files at the service at a time.
    pub concurrency: usize,
    /// Time of one file at the service, waiting there included, in milliseconds.
    pub deadline_ms: u64,
    /// Time of one request, uploads and downloads aside, in milliseconds.
    pub request_timeout_ms: u64,
    /// Pause before the second question how far a task is, in milliseconds; it doubles from there.
    pub poll_first_ms: u64,
    /// Longest pause between two such questions, in milliseconds.
    pub poll_max_ms: u64,
    /// How often a task that the service lost is sent again.
    pub resubmissions: u32,
}

impl Default for RemoteConfig {
    fn default() -> Self {
        Self {
            url: String::new(),
            token: None,
            max_file_bytes: 200 << 20,
            max_result_bytes: 256 << 20,
            concurrency: 4,
            deadline_ms: 540_000,
            request_timeout_ms: 30_000,
            poll_first_ms: 500,
            poll_max_ms: 15_000,
            resubmissions: 2,
        }
    }
}

/// The parts of every remote engine.
pub(super) struct Remote {
    pub(super) config: RemoteConfig,
    pub(super) http: Http,
    pool: Arc<ParserPool>,
    limits: ParserLimits,
    slots: Semaphore,
}

impl Remote {
    /// Parts by the configuration.
    ///
    /// # Errors
    /// An address that is none, for people.
    pub(super) fn new(
        config: RemoteConfig,
        service: &'static str,
        credentials: Option<Credentials>,
        hosts: &[String],
        pool: Arc<ParserPool>,
        limits: ParserLimits,
    ) -> Result<Self, String> {
        let http = Http::new(&config, service, credentials, hosts)?;
        let slots = Semaphore::new(config.concurrency.max(1));
        Ok(Self { config, http, pool, limits, slots })
    }

    /// Waits for a place at the service.
    pub(super) async fn slot(&self, request: &EngineRequest) -> Result<SemaphorePermit<'_>, EngineFailure> {
        if request.size > self.config.max_file_bytes {
            let limit = self.config.max_file_bytes;
            let service = self.http.service();
            let text = format!("the file has {} bytes, and the limit for {service} is {limit}", request.size);
            return Err(tried(FailureCode::FileTooLarge, text));
        }
        self.slots.acquire().await.map_err(|_closed| tried(FailureCode::ParserUnavailable, "the engine is closed"))
    }

    /// Has an answer read by a parser process.
    pub(super) async fn understand(
        &self,
        answer: &Spooled,
        service: Service,
        pages: Option<PageRanges>,
    ) -> Result<Bytes, ParseFailure> {
        // The limits of answers are their own: JSON of a document may be larger than the file.
        let limits = ParserLimits { max_file_bytes: self.config.max_result_bytes, ..self.limits.clone() };
        self.pool.read_answer(answer.input(), AnswerForm { service, pages }, limits).await
    }

    /// Sends a file of one of these formats until the service does not lose it, and reads the answer.
    ///
    /// `attempt` gives `None` for a task that was lost.
    pub(super) async fn run<'a, F>(
        &'a self,
        request: &'a EngineRequest,
        service: Service,
        formats: &[&str],
        attempt: impl Fn(&'a EngineRequest, Polling) -> F,
    ) -> Result<EngineOutput, EngineFailure>
    where
        F: Future<Output = Attempt>,
    {
        if !reads(formats, request.media_type) {
            return Err(ParseFailure::unsupported(request.media_type).into());
        }
        let _slot = self.slot(request).await?;
        let polling = Polling::start(&self.config);
        let mut unreadable: Option<EngineFailure> = None;
        for _ in 0..=self.config.resubmissions {
            match attempt(request, polling.clone()).await? {
                Some((remote_task_id, answer)) => {
                    match self.understand(&answer, service, request.options.pages.clone()).await {
                        Ok(document) => return Ok(EngineOutput { document, remote_task_id }),
                        // Cut off on its way, maybe.
                        Err(failure) if failure.code == FailureCode::ParserProtocol => {
                            unreadable = Some(failure.into());
                        }
                        Err(failure) => return Err(failure.into()),
                    }
                }
                None => {
                    tracing::info!(service = self.http.service(), "a remote parser lost a task");
                    unreadable = None;
                }
            }
        }
        Err(unreadable.unwrap_or_else(|| {
            let text = format!("{} lost the task {} times", self.http.service(), self.config.resubmissions + 1);
            tried(FailureCode::ParserLost, text)
        }))
    }
}

/// Whether a media type is among the formats, named by extension, that a service reads.
pub(super) fn reads(formats: &[&str], media_type: &str) -> bool {
    extension(media_type).is_some_and(|extension| formats.contains(&extension))
}

/// A failure after which another engine may be asked, whatever its code says of files elsewhere.
pub(super) fn tried(code: FailureCode, message: impl Into<String>) -> EngineFailure {
    EngineFailure::tried(TaskFailure::from(ParseFailure::new(code, message)))
}

/// What a service says, fit to be passed on: on one line, bounded, without control characters.
pub(super) fn told(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut told: String = line.chars().filter(|character| !character.is_control()).take(MAX_TOLD).collect();
    if line.chars().count() > MAX_TOLD {
        told.push('…');
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_services_are_tamed() {
        assert_eq!(told("  two\nlines\u{7} "), "two lines");
        assert_eq!(told(&"x".repeat(1_000)).chars().count(), MAX_TOLD + 1);
    }
}
