//! What this installation can do, remembered for a moment: asking probes remote services.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use millrace_domain::capabilities::Capabilities;
use millrace_domain::ports::{Clock, HandlerCatalog};
use tokio::sync::Mutex;

/// How long an answer is believed.
const TRUST: TimeDelta = TimeDelta::seconds(10);

/// The latest answer. While one caller asks, the others wait for that answer.
#[derive(Default)]
pub struct KnownCapabilities(Mutex<Option<(Arc<Capabilities>, DateTime<Utc>)>>);

impl KnownCapabilities {
    /// The capabilities, at most [`TRUST`] old.
    pub async fn get(&self, catalog: &dyn HandlerCatalog, clock: &dyn Clock) -> Arc<Capabilities> {
        let mut latest = self.0.lock().await;
        if let Some((known, until)) = &*latest
            && clock.now() < *until
        {
            return Arc::clone(known);
        }
        let found = Arc::new(catalog.capabilities().await);
        *latest = Some((Arc::clone(&found), clock.now() + TRUST));
        found
    }
}
