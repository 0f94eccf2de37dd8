//! A clock that tests move by hand.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use millrace_domain::ports::Clock;
use tokio::sync::watch;

/// Seconds since 1970 at which a default clock stands: 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600;

/// A clock that stands still until a test moves it. Clones share their time.
#[derive(Debug, Clone)]
pub struct FakeClock {
    time: Arc<watch::Sender<DateTime<Utc>>>,
    sleepers: Arc<watch::Sender<usize>>,
}

impl FakeClock {
    /// A clock that stands at `start`.
    pub fn starting_at(start: DateTime<Utc>) -> Self {
        Self { time: Arc::new(watch::Sender::new(start)), sleepers: Arc::new(watch::Sender::new(0)) }
    }

    /// This clock as a port; it goes on being moved from here.
    pub fn port(&self) -> Arc<dyn Clock> {
        Arc::new(self.clone())
    }

    /// The present.
    pub fn now(&self) -> DateTime<Utc> {
        *self.time.borrow()
    }

    /// Moves time on and wakes everybody whose sleep is over.
    pub fn advance(&self, by: Duration) {
        let by = TimeDelta::from_std(by).unwrap_or(TimeDelta::MAX);
        self.time.send_modify(|time| *time = time.checked_add_signed(by).unwrap_or(DateTime::<Utc>::MAX_UTC));
    }

    /// Waits until at least so many calls of `sleep` wait. To be called before `advance`, so that time does not move
    /// before the code under test has looked at it.
    pub async fn wait_for_sleepers(&self, count: usize) {
        // The sender lives in `self`, so this cannot fail.
        let _ = self.sleepers.subscribe().wait_for(|sleepers| *sleepers >= count).await;
    }
}

impl Default for FakeClock {
    fn default() -> Self {
        Self::starting_at(DateTime::from_timestamp(START, 0).unwrap_or_default())
    }
}

/// Counts a sleeper, also when its future is dropped half-way.
struct Sleeper<'a>(&'a watch::Sender<usize>);

impl<'a> Sleeper<'a> {
    fn enter(sleepers: &'a watch::Sender<usize>) -> Self {
        sleepers.send_modify(|count| *count += 1);
        Self(sleepers)
    }
}

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

#[async_trait]
impl Clock for FakeClock {
    fn now(&self) -> DateTime<Utc> {
        Self::now(self)
    }

    async fn sleep(&self, duration: Duration) {
        let mut time = self.time.subscribe();
        let by = TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX);
        let end = Self::now(self).checked_add_signed(by).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let _sleeper = Sleeper::enter(&self.sleepers);
        // The sender lives in `self`, so this cannot fail.
        let _ = time.wait_for(|time| *time >= end).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sleep_ends_when_time_has_come() {
        let clock = FakeClock::default();
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(Duration::from_secs(10)).await }
        });
        clock.wait_for_sleepers(1).await;
        clock.advance(Duration::from_secs(9));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_secs(1));
        sleeper.await.expect("it wakes");
        assert_eq!(*clock.sleepers.borrow(), 0);
    }

    #[tokio::test]
    async fn a_sleep_that_is_given_up_does_not_count() {
        let clock = FakeClock::default();
        let mut sleep = clock.sleep(Duration::from_secs(1));
        assert!(futures::poll!(sleep.as_mut()).is_pending());
        assert_eq!(*clock.sleepers.borrow(), 1);
        drop(sleep);
        assert_eq!(*clock.sleepers.borrow(), 0);
    }
}
