//! The bus of a single process.

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use millrace_domain::ports::{Bus, Signal};
use tokio::sync::broadcast;

/// Signals that are not yet read by a slow subscriber; older ones are lost, which the bus allows.
const CAPACITY: usize = 1024;

/// Carries signals within one process.
#[derive(Debug)]
pub struct LocalBus {
    sender: broadcast::Sender<Signal>,
}

impl LocalBus {
    /// A bus without subscribers.
    pub fn new() -> Self {
        Self { sender: broadcast::channel(CAPACITY).0 }
    }
}

impl Default for LocalBus {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Bus for LocalBus {
    async fn publish(&self, signal: Signal) {
        // An error means that nobody listens.
        let _ = self.sender.send(signal);
    }

    fn subscribe(&self) -> BoxStream<'static, Signal> {
        let receiver = self.sender.subscribe();
        futures::stream::unfold(receiver, |mut receiver| async move {
            loop {
                match receiver.recv().await {
                    Ok(signal) => return Some((signal, receiver)),
                    Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return None,
                }
            }
        })
        .boxed()
    }
}
