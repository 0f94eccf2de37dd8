//! The pool: who gets which child, and for how long.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use millrace_domain::parse_options::ParseOptions;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::child::{Answer, Broken, WorkerChild};
use super::command::WorkerCommand;
use super::death;
use super::idle::IdleChildren;
use super::protocol::{Request, Work};
use super::spawner::Spawner;
use crate::engine::remote::form::AnswerForm;
use crate::failure::{FailureCode, ParseFailure};
use crate::limits::ParserLimits;
use crate::render::{PageImage, RenderPage};

/// How a pool is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolConfig {
    /// How a child is started.
    pub command: WorkerCommand,
    /// Most children at a time, at least 1.
    pub size: usize,
    /// Children started at once and kept when idle.
    pub warm: usize,
    /// How long the other children are kept when idle, in seconds.
    pub idle_seconds: u64,
    /// Documents after which a child is replaced: what leaks, leaks no further.
    pub documents_per_child: u32,
}

impl PoolConfig {
    /// A child per core (at least 2), one of them warm and the others let go after half a minute, each replaced after 200 documents.
    pub fn new(command: WorkerCommand) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self { command, size: cores.max(2), warm: 1, idle_seconds: 30, documents_per_child: 200 }
    }
}

/// Where the bytes are.
#[derive(Debug, Clone)]
pub enum WorkerInput {
    /// In a local file that the child opens itself.
    Path(PathBuf),
    /// In memory; written to the child.
    Inline(Bytes),
}

/// One document to parse.
#[derive(Debug, Clone)]
pub struct ParseJob {
    /// The file.
    pub input: WorkerInput,
    /// Its original name, which breaks ties among kinds of text.
    pub filename: String,
    /// Limits to keep.
    pub limits: ParserLimits,
    /// What was asked for.
    pub options: ParseOptions,
    /// A file for rows that are too many for a document; `None` when all of them must stand in it.
    pub rows: Option<PathBuf>,
}

/// Parser processes, reused from document to document.
pub struct ParserPool {
    spawner: Spawner,
    permits: Semaphore,
    idle: IdleChildren,
    warm: usize,
    documents_per_child: u32,
}

impl ParserPool {
    /// Starts a pool on the current runtime, and its warm children in the background.
    ///
    /// # Errors
    /// Outside a runtime, and when the system gives no thread.
    pub fn start(config: PoolConfig) -> io::Result<Arc<Self>> {
        let runtime = Handle::try_current().map_err(io::Error::other)?;
        let size = config.size.max(1);
        let warm = config.warm.min(size);
        let pool = Arc::new(Self {
            spawner: Spawner::start(config.command, runtime.clone())?,
            permits: Semaphore::new(size),
            idle: IdleChildren::new(warm, Duration::from_secs(config.idle_seconds)),
            warm,
            documents_per_child: config.documents_per_child.max(1),
        });
        let warming = Arc::clone(&pool);
        runtime.spawn(async move { warming.warm_up().await });
        Ok(pool)
    }

    /// Parses one document in a child; gives the document as JSON. Dropping the future kills the child.
    ///
    /// # Errors
    /// A [`ParseFailure`]; `parser_*` codes when the child did not live to say what is wrong.
    pub async fn parse(&self, job: ParseJob) -> Result<Bytes, ParseFailure> {
        self.run(job.input, job.filename, job.limits, Work::Parse { options: job.options, rows: job.rows }).await
    }

    /// Makes a picture of one page of a PDF in a child. Dropping the future kills the child.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub async fn render(
        &self,
        input: WorkerInput,
        page: RenderPage,
        limits: ParserLimits,
    ) -> Result<PageImage, ParseFailure> {
        let payload = self.run(input, String::new(), limits, Work::Render(page)).await?;
        PageImage::decode(payload)
            .ok_or_else(|| ParseFailure::new(FailureCode::ParserCrashed, "the parser process answered nonsense"))
    }

    /// Reads what a remote parser answered in a child; gives the document as JSON. Dropping the future kills the child.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub(crate) async fn read_answer(
        &self,
        input: WorkerInput,
        form: AnswerForm,
        limits: ParserLimits,
    ) -> Result<Bytes, ParseFailure> {
        self.run(input, String::new(), limits, Work::Answer(form)).await
    }

    async fn run(
        &self,
        input: WorkerInput,
        filename: String,
        limits: ParserLimits,
        work: Work,
    ) -> Result<Bytes, ParseFailure> {
        let _permit = self.permits.acquire().await.map_err(|_closed| unavailable("the pool is closed"))?;
        let (path, inline) = match input {
            WorkerInput::Path(path) => (Some(path), None),
            WorkerInput::Inline(bytes) => (None, Some(bytes)),
        };
        let request = Request { filename, path, limits, work };
        let wall = Duration::from_secs(request.limits.wall_seconds);
        loop {
            let mut child = self.take().await?;
            match tokio::time::timeout(wall, child.exchange(&request, inline.as_deref())).await {
                Ok(Ok(Answer { payload, retire })) => {
                    if !retire {
                        self.give_back(child);
                    }
                    return payload.map(Bytes::from);
                }
                // It died while idle; the document has done nothing. A fresh child never answers so.
                Ok(Err(Broken::BeforeRequest)) => {}
                Ok(Err(Broken::WithDocument)) => {
                    let (status, last_words) = child.bury().await;
                    let failure = death::explain(status, &last_words, &request.limits);
                    // Its last words may quote the document, so they stay out of the log.
                    tracing::warn!(?status, code = failure.code.as_str(), "a parser process died");
                    return Err(failure);
                }
                Err(_elapsed) => {
                    child.bury().await;
                    return Err(death::over_wall_clock(&request.limits));
                }
            }
        }
    }

    /// How many children wait for work.
    pub fn idle_children(&self) -> usize {
        self.idle.len()
    }

    async fn warm_up(&self) {
        // A child counts against the size from its start, whoever asked for it.
        while let Ok(_permit) = self.permits.acquire().await {
            // Documents that came first may have left warm children behind.
            if self.idle.len() >= self.warm {
                return;
            }
            match self.spawner.spawn().await {
                Ok(child) => self.idle.push(child),
                Err(error) => {
                    tracing::error!(%error, "parser processes cannot be started; binary files will fail");
                    return;
                }
            }
        }
    }

    async fn take(&self) -> Result<WorkerChild, ParseFailure> {
        while let Some(mut child) = self.idle.pop() {
            if child.is_alive() {
                return Ok(child);
            }
        }
        self.spawner.spawn().await.map_err(|error| {
            tracing::error!(%error, "a parser process could not be started");
            unavailable("no parser process could be started")
        })
    }

    fn give_back(&self, child: WorkerChild) {
        if child.served < self.documents_per_child {
            self.idle.push(child);
        }
    }
}

fn unavailable(message: &str) -> ParseFailure {
    ParseFailure::new(FailureCode::ParserUnavailable, message)
}
