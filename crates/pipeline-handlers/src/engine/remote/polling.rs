//! When to ask again how far a task is.

use std::time::Duration;

use tokio::time::Instant;

use super::{RemoteConfig, tried};
use crate::engine::EngineFailure;
use crate::failure::FailureCode;

/// Share of a pause by which it may be longer, so that tasks sent together do not ask together.
const JITTER: f64 = 0.25;
/// Failures of requests in a row after which a service is given up.
const MAX_FAILURES: u32 = 10;

/// Pauses that double, up to a bound, until a deadline.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Polling {
    first: Duration,
    pause: Duration,
    max: Duration,
    until: Instant,
    failures: u32,
}

impl Polling {
    /// Starts the clock of a task.
    pub(super) fn start(config: &RemoteConfig) -> Self {
        let first = Duration::from_millis(config.poll_first_ms);
        Self {
            first,
            pause: first,
            max: Duration::from_millis(config.poll_max_ms),
            until: Instant::now() + Duration::from_millis(config.deadline_ms),
            failures: 0,
        }
    }

    /// Time that is left.
    pub(in crate::engine) fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Waits for the next question, at least so many seconds.
    ///
    /// # Errors
    /// `parser_timeout` when the deadline comes first.
    pub(in crate::engine) async fn wait(&mut self, at_least: Option<u64>) -> Result<(), EngineFailure> {
        let pause = self.next(Instant::now(), at_least)?;
        tokio::time::sleep(pause).await;
        Ok(())
    }

    /// Like [`wait`](Self::wait), but no longer than until there is news; pauses are short again after it.
    ///
    /// # Errors
    /// `parser_timeout` when the deadline comes first.
    pub(in crate::engine) async fn wait_for(&mut self, news: impl Future<Output = ()>) -> Result<(), EngineFailure> {
        let pause = match self.next(Instant::now(), None) {
            Ok(pause) => pause,
            // The next question would come too late, and yet there may be news before.
            Err(failure) if self.left().is_zero() => return Err(failure),
            Err(_too_late) => self.left(),
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = news => self.pause = self.first,
        }
        Ok(())
    }

    /// Forgives a question that went wrong, if another may fare better, and waits.
    ///
    /// # Errors
    /// The failure, when it is final, or one too many; `parser_timeout` when the deadline comes first.
    pub(in crate::engine) async fn forgive(&mut self, failure: EngineFailure) -> Result<(), EngineFailure> {
        let at_least = self.forgiven(failure)?;
        self.wait(at_least).await
    }

    /// How long to pause from now.
    fn next(&mut self, now: Instant, at_least: Option<u64>) -> Result<Duration, EngineFailure> {
        let jittered = self.pause.mul_f64(1.0 + rand::random_range(0.0..JITTER));
        let pause = jittered.max(Duration::from_secs(at_least.unwrap_or(0)));
        self.pause = (self.pause * 2).min(self.max);
        if pause >= self.until.saturating_duration_since(now) {
            return Err(tried(FailureCode::ParserTimeout, "the remote parser did not finish in time"));
        }
        Ok(pause)
    }

    /// The least pause after a failure, in seconds, if it is forgiven.
    fn forgiven(&mut self, failure: EngineFailure) -> Result<Option<u64>, EngineFailure> {
        self.failures += 1;
        if !failure.failure.retryable || self.failures > MAX_FAILURES {
            return Err(failure);
        }
        Ok(failure.failure.retry_after_seconds)
    }

    /// A question was answered.
    pub(in crate::engine) fn answered(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polling(deadline_ms: u64) -> Polling {
        Polling::start(&RemoteConfig { poll_first_ms: 100, poll_max_ms: 400, deadline_ms, ..RemoteConfig::default() })
    }

    #[test]
    fn pauses_double_up_to_a_bound() {
        let mut polling = polling(60_000);
        let now = Instant::now();
        for expected in [100, 200, 400, 400] {
            let pause = polling.next(now, None).expect("in time").as_millis();
            assert!((expected..=expected * 5 / 4).contains(&pause), "{pause} for {expected}");
        }
        assert_eq!(polling.next(now, Some(7)).expect("in time"), Duration::from_secs(7));
    }

    #[test]
    fn a_deadline_is_not_slept_over() {
        let mut polling = polling(1_000);
        let failure = polling.next(Instant::now(), Some(5)).expect_err("too late");
        assert_eq!(failure.failure.code, "parser_timeout");
        assert!(polling.next(Instant::now() + Duration::from_secs(2), None).is_err());
    }

    #[test]
    fn failures_are_forgiven_some_times() {
        let mut polling = polling(600_000);
        let mut gone = tried(FailureCode::ParserUnreachable, "gone");
        gone.failure.retry_after_seconds = Some(3);
        for _ in 0..MAX_FAILURES {
            assert_eq!(polling.forgiven(gone.clone()).expect("forgiven"), Some(3));
        }
        assert_eq!(polling.forgiven(gone.clone()).expect_err("too many").failure.code, "parser_unreachable");
        polling.answered();
        assert!(polling.forgiven(gone).is_ok());
        let refused = tried(FailureCode::ParserUnauthorized, "no");
        assert_eq!(polling.forgiven(refused).expect_err("final").failure.code, "parser_unauthorized");
    }
}
