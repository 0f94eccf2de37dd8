//! Asking after a task at a service until it is at its end.

use std::time::Duration;

use millrace_domain::parse_options::PageRanges;

use super::callbacks::Expected;
use super::{Polling, Spooled, told, tried};
use crate::engine::EngineFailure;
use crate::failure::FailureCode;

/// What one attempt to have a file parsed gives: the id of the task and the answer; `None` when the task was lost.
pub(in crate::engine) type Attempt = Result<Option<(Option<String>, Spooled)>, EngineFailure>;

/// How far a task is.
pub(in crate::engine) enum Asked<T> {
    /// Not done yet.
    Waits,
    /// Unknown to the service.
    Lost,
    /// At its end: asking again changes nothing.
    Failed(EngineFailure),
    /// Done, with what it gave.
    Done(T),
}

/// Asks again and again, pausing in between, until a task is done; `None` when it was lost. The question is told how
/// much time is left. A callback ends the pause.
///
/// # Errors
/// What the task failed with; `parser_timeout` when the deadline comes first; the failure of a question that is final or
/// one too many.
pub(in crate::engine) async fn until_done<T, F>(
    polling: &mut Polling,
    callback: Option<&Expected>,
    mut ask: impl FnMut(Duration) -> F,
) -> Result<Option<T>, EngineFailure>
where
    F: Future<Output = Result<Asked<T>, EngineFailure>>,
{
    loop {
        match callback {
            Some(expected) => polling.wait_for(expected.news()).await?,
            None => polling.wait(None).await?,
        }
        match ask(polling.left()).await {
            Ok(Asked::Waits) => polling.answered(),
            Ok(Asked::Lost) => return Ok(None),
            Ok(Asked::Failed(failure)) => return Err(failure),
            Ok(Asked::Done(outcome)) => return Ok(Some(outcome)),
            Err(failure) => polling.forgive(failure).await?,
        }
    }
}

/// Fetches what is there to be fetched, and tries again when that goes wrong.
///
/// # Errors
/// As [`until_done`].
pub(in crate::engine) async fn fetch<T, F>(
    polling: &mut Polling,
    mut once: impl FnMut(Duration) -> F,
) -> Result<T, EngineFailure>
where
    F: Future<Output = Result<T, EngineFailure>>,
{
    loop {
        match once(polling.left()).await {
            Ok(fetched) => return Ok(fetched),
            Err(failure) => polling.forgive(failure).await?,
        }
    }
}

/// The failure of a task that the service could not do.
pub(in crate::engine) fn failed(code: FailureCode, service: &str, said: Option<&str>) -> EngineFailure {
    let said = said.map(told).filter(|said| !said.is_empty()).unwrap_or_else(|| "it does not say why".to_owned());
    tried(code, format!("{service} failed at this file: {said}"))
}

/// The failure for a status that the protocol does not have.
pub(in crate::engine) fn unknown_status(service: &str, status: &str) -> EngineFailure {
    tried(FailureCode::ParserProtocol, format!("{service} knows a status {:?}", told(status)))
}

/// First and last of the wanted pages, for services that know one range; what lies between ours is dropped from the answer.
pub(in crate::engine) fn span(pages: Option<&PageRanges>) -> Option<(u32, u32)> {
    let ranges = pages?.ranges();
    Some((ranges.first()?.0, ranges.last()?.1))
}
