//! When a failed attempt is followed by another: pure.

use std::time::Duration;

use millrace_domain::TaskFailure;

/// Exponential backoff with full jitter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts in all, the first included.
    pub max_attempts: i32,
    /// Upper bound of the first delay; doubles with every attempt.
    pub base: Duration,
    /// Upper bound of any delay.
    pub max: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { max_attempts: 3, base: Duration::from_secs(2), max: Duration::from_secs(60) }
    }
}

/// What follows a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryDecision {
    /// Another attempt after this time.
    After(Duration),
    /// None.
    GiveUp,
}

impl RetryPolicy {
    /// Decides after attempt number `attempt` (from 1) ended with `failure`. `jitter` is uniform in `0.0..1.0`.
    ///
    /// The delay is `jitter × min(max, base × 2^(attempt−1))` ("full jitter", AWS Architecture Blog, 2015), but never
    /// less than what the remote side asked for.
    pub fn decide(&self, attempt: i32, failure: &TaskFailure, jitter: f64) -> RetryDecision {
        if !failure.retryable || attempt >= self.max_attempts {
            return RetryDecision::GiveUp;
        }
        let doublings = u32::try_from(attempt - 1).unwrap_or(0).min(20);
        let bound = self.base.saturating_mul(1 << doublings).min(self.max);
        let asked = Duration::from_secs(failure.retry_after_seconds.unwrap_or(0));
        RetryDecision::After(bound.mul_f64(jitter.clamp(0.0, 1.0)).max(asked))
    }
}

#[cfg(test)]
mod tests {
    use millrace_domain::ErrorStage;

    use super::*;

    fn failure(retryable: bool, retry_after: Option<u64>) -> TaskFailure {
        let mut failure = TaskFailure::transient(ErrorStage::Mineru, "x", "x");
        failure.retryable = retryable;
        failure.retry_after_seconds = retry_after;
        failure
    }

    #[test]
    fn decisions() {
        let policy = RetryPolicy { max_attempts: 4, base: Duration::from_secs(2), max: Duration::from_secs(5) };
        let check = |attempt, failure: TaskFailure, jitter, expected| {
            assert_eq!(policy.decide(attempt, &failure, jitter), expected);
        };
        let after = |seconds| RetryDecision::After(Duration::from_secs(seconds));
        check(1, failure(true, None), 1.0, after(2));
        check(1, failure(true, None), 0.5, after(1));
        check(1, failure(true, None), 0.0, after(0));
        check(2, failure(true, None), 1.0, after(4));
        check(3, failure(true, None), 1.0, after(5));
        check(4, failure(true, None), 1.0, RetryDecision::GiveUp);
        check(1, failure(false, None), 1.0, RetryDecision::GiveUp);
        check(1, failure(true, Some(30)), 0.1, after(30));
    }
}
