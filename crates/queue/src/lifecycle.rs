//! How the queue of a node begins and ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures::StreamExt;
use millrace_domain::ports::{Bus, Clock, MountService, ObjectStore, Signal, TaskExecutor};
use millrace_repository::{RecoverSource, RepositoryError, Stores};
use parking_lot::{Mutex, RwLock};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::admission::{self, Admissions};
use crate::completion::{self, Completer};
use crate::config::QueueConfig;
use crate::core::Core;
use crate::queue::TaskQueue;
use crate::ready::ReadyQueue;
use crate::runs::RunTable;
use crate::watch::WatchHub;
use crate::{dispatch, lease, recovery};

/// What the queue is made of; everything is injected.
pub struct QueueParts {
    /// Limits and times.
    pub config: QueueConfig,
    /// Stores.
    pub stores: Stores,
    /// The object store, for mounts by hand.
    pub objects: Arc<dyn ObjectStore>,
    /// Runs the tasks.
    pub executor: Arc<dyn TaskExecutor>,
    /// Plans mounts.
    pub mount_service: Arc<dyn MountService>,
    /// Wakes other nodes.
    pub bus: Arc<dyn Bus>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl TaskQueue {
    /// Registers the node, takes over what earlier incarnations left, and begins to work.
    ///
    /// # Errors
    /// When the node cannot be registered.
    pub async fn start(parts: QueueParts) -> Result<Arc<Self>, RepositoryError> {
        let QueueParts { config, stores, objects, executor, mount_service, bus, clock } = parts;
        let (completer, outcomes) = Completer::new();
        let (admissions, tickets) = Admissions::new();
        let owner = stores.nodes.register(&config.node_name, config.lease_ttl).await?;
        let core = Arc::new(Core {
            config,
            tasks: stores.tasks,
            rules: stores.rules,
            known_rules: Mutex::default(),
            artifacts: stores.artifacts,
            mounts: stores.mounts,
            nodes: stores.nodes,
            objects,
            executor,
            mount_service,
            bus,
            clock,
            ready: Mutex::new(ReadyQueue::default()),
            look: Notify::new(),
            adopt: Notify::new(),
            ended: Notify::new(),
            runs: RunTable::default(),
            watches: Arc::new(WatchHub::default()),
            owner: RwLock::new(Some(owner)),
            accepting: AtomicBool::new(true),
            completer,
            stop: CancellationToken::new(),
            hang_up: CancellationToken::new(),
        });
        let mut loops = vec![
            tokio::spawn(admission::run(Arc::clone(&core), tickets)),
            tokio::spawn(dispatch::run(Arc::clone(&core))),
            tokio::spawn(completion::run(Arc::clone(&core), outcomes)),
            tokio::spawn(lease::run(Arc::clone(&core))),
            tokio::spawn(listen(Arc::clone(&core))),
        ];
        // The lease is renewed meanwhile, however much there is to take over.
        recovery::adopt(&core, RecoverSource::EarlierSelf).await;
        loops.push(tokio::spawn(recovery::run(Arc::clone(&core))));
        Ok(Arc::new(Self { core, admissions, admitting: AtomicUsize::new(0), loops: Mutex::new(loops) }))
    }

    /// Stops taking and starting tasks, waits for those that run, gives back what does not end in time, and ends the
    /// lease. What waits stays stored and comes back at the next start.
    pub async fn shutdown(&self) {
        let core = &self.core;
        core.accepting.store(false, Ordering::Release);
        core.ready.lock().clear();
        let drained = tokio::time::timeout(core.config.drain_timeout, self.run_until_idle()).await;
        core.stop.cancel();
        if drained.is_err() {
            tracing::warn!(running = core.runs.len(), "tasks still run at the end of the drain time; giving them back");
            core.runs.cancel_all();
            let _ = tokio::time::timeout(Duration::from_secs(10), self.run_until_idle()).await;
        }
        let owner = core.owner.write().take();
        if let Some(owner) = owner
            && let Err(error) = core.nodes.release(owner).await
        {
            tracing::warn!(error = %error, "the lease was not released; it lapses by itself");
        }
        for handle in self.loops.lock().drain(..) {
            handle.abort();
        }
    }
}

/// Heeds other nodes' signals.
async fn listen(core: Arc<Core>) {
    let mut signals = core.bus.subscribe();
    while let Some(signal) = tokio::select! {
        signal = signals.next() => signal,
        () = core.stop.cancelled() => None,
    } {
        match signal {
            Signal::WorkAvailable => recovery::adopt(&core, RecoverSource::Unowned).await,
            Signal::CancelRequested(id) => {
                core.runs.cancel(id);
            }
        }
    }
}
