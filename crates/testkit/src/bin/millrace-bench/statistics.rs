//! Percentiles.

use std::time::Duration;

/// Times that were measured.
#[derive(Debug, Default)]
pub struct Times(Vec<Duration>);

impl Times {
    /// Adds one.
    pub fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// The time that this share (0–1) of all times does not exceed (nearest rank); zero when there are none.
    pub fn percentile(&self, share: f64) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (share * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }

    /// The same in milliseconds.
    pub fn milliseconds(&self, share: f64) -> f64 {
        self.percentile(share).as_secs_f64() * 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_the_nearest() {
        let mut times = Times::default();
        assert_eq!(times.percentile(0.5), Duration::ZERO);
        (1..=100).rev().for_each(|n| times.push(Duration::from_millis(n)));
        for (share, expected) in [(0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100), (0.0, 1)] {
            assert_eq!(times.percentile(share), Duration::from_millis(expected));
        }
    }
}
