//! The real clock.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use millrace_domain::ports::Clock;

/// The machine's clock: the one place where the time is taken.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that the ban points to")]
    fn now(&self) -> DateTime<Utc> {
        // PostgreSQL keeps microseconds; cutting here keeps memory and database equal.
        let now = Utc::now();
        DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now)
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
