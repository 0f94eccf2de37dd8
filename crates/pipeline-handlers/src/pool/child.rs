//! One parser process, seen from the server.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use tokio::task::JoinHandle;

use super::protocol::{HEAD_LIMIT, Outcome, Request, ResponseHead, receive, send};
use crate::failure::ParseFailure;

/// Bytes kept of what a child writes to standard error.
const LAST_WORDS_BYTES: usize = 8 << 10;
/// How long a killed child's last words are waited for.
const LAST_WORDS_PATIENCE: Duration = Duration::from_secs(1);

/// A running parser process. Dropped, it is killed.
pub(super) struct WorkerChild {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    last_words: JoinHandle<String>,
    /// Documents it has answered for.
    pub served: u32,
}

/// An answer of a parser process.
pub(super) struct Answer {
    /// What was asked for, or why there is none.
    pub payload: Result<Vec<u8>, ParseFailure>,
    /// Whether the process asks to be replaced.
    pub retire: bool,
}

/// An exchange that did not come to its end.
pub(super) enum Broken {
    /// The request could not even be written: the process had died before.
    BeforeRequest,
    /// The process died, or answered nonsense, with the document in its hands.
    WithDocument,
}

impl WorkerChild {
    /// Takes over a process that was just started with all three streams piped.
    pub(super) fn new(mut child: Child) -> io::Result<Self> {
        let missing = || io::Error::other("a parser process has no pipes");
        let stdin = child.stdin.take().ok_or_else(missing)?;
        let stdout = child.stdout.take().ok_or_else(missing)?;
        let stderr = child.stderr.take().ok_or_else(missing)?;
        Ok(Self { child, stdin, stdout, last_words: tokio::spawn(collect(stderr)), served: 0 })
    }

    /// Whether it still runs.
    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends one document and waits for the answer, however long it takes.
    pub(super) async fn exchange(&mut self, request: &Request, inline: Option<&[u8]>) -> Result<Answer, Broken> {
        if self.write(request, inline).await.is_err() && self.served > 0 {
            return Err(Broken::BeforeRequest);
        }
        self.served += 1;
        self.read(request.limits.max_output_bytes).await.map_err(|_gone_or_nonsense| Broken::WithDocument)
    }

    async fn write(&mut self, request: &Request, inline: Option<&[u8]>) -> io::Result<()> {
        send(&mut self.stdin, &serde_json::to_vec(request)?).await?;
        if let Some(bytes) = inline {
            send(&mut self.stdin, bytes).await?;
        }
        self.stdin.flush().await
    }

    async fn read(&mut self, max_output_bytes: u64) -> io::Result<Answer> {
        let head: ResponseHead = serde_json::from_slice(&receive(&mut self.stdout, HEAD_LIMIT).await?)?;
        let frame = receive(&mut self.stdout, max_output_bytes.max(HEAD_LIMIT)).await?;
        let payload = match head.outcome {
            Outcome::Done => Ok(frame),
            Outcome::Failure => Err(serde_json::from_slice(&frame)?),
        };
        Ok(Answer { payload, retire: head.retire })
    }

    /// Ends the process; gives its exit status and what it wrote to standard error.
    pub(super) async fn bury(mut self) -> (Option<ExitStatus>, String) {
        // A process that died by itself keeps its own status: killing a zombie changes nothing.
        if let Err(error) = self.child.start_kill() {
            tracing::debug!(%error, "a parser process could not be killed");
        }
        let status = self.child.wait().await.ok();
        let last_words = tokio::time::timeout(LAST_WORDS_PATIENCE, &mut self.last_words).await;
        (status, last_words.ok().and_then(Result::ok).unwrap_or_default())
    }
}

/// Reads standard error to its end, keeping the first bytes: the cause comes before the backtrace.
async fn collect(mut stderr: ChildStderr) -> String {
    let mut kept = Vec::new();
    let mut chunk = [0_u8; 1024];
    while let Ok(read @ 1..) = stderr.read(&mut chunk).await {
        let room = LAST_WORDS_BYTES.saturating_sub(kept.len());
        kept.extend_from_slice(&chunk[..read.min(room)]);
    }
    String::from_utf8_lossy(&kept).into_owned()
}
