//! What the routes work with.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use millrace_domain::capabilities::Capabilities;
use millrace_domain::ports::{CallbackInbox, Clock, HandlerCatalog, ObjectStore, RuleTester, SecretVault};
use millrace_domain::{Fault, UploadId};
use millrace_queue::TaskQueue;
use millrace_repository::Stores;
use tokio::sync::{Mutex, Semaphore};

use crate::auth::Authenticator;
use crate::in_flight::InFlight;
use crate::known_capabilities::KnownCapabilities;
use crate::lookup::Lookups;

/// Tells the media type of a file from its first bytes and its name.
pub type MediaTypeSniffer = Arc<dyn Fn(&[u8], &str) -> String + Send + Sync>;
/// Renders the metrics of the process as Prometheus text.
pub type MetricsRenderer = Arc<dyn Fn() -> String + Send + Sync>;

/// The parts that the composition root injects.
#[derive(Clone)]
pub struct ApiState {
    /// Storage.
    pub stores: Stores,
    /// The task queue.
    pub queue: Arc<TaskQueue>,
    /// Bytes.
    pub objects: Arc<dyn ObjectStore>,
    /// What this installation can do.
    pub catalog: Arc<dyn HandlerCatalog>,
    /// Tries rules.
    pub rule_tester: Arc<dyn RuleTester>,
    /// Seals the keys of providers.
    pub vault: Arc<dyn SecretVault>,
    /// Takes what remote services send; `None` when none was told to.
    pub callbacks: Option<Arc<dyn CallbackInbox>>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Who sends requests.
    pub authenticator: Arc<Authenticator>,
    /// Limits.
    pub limits: ApiLimits,
    /// For `/metrics`.
    pub metrics: MetricsRenderer,
    /// For uploads.
    pub sniffer: MediaTypeSniffer,
}

/// Limits of requests and answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiLimits {
    /// Largest JSON body, in bytes.
    pub max_json_bytes: usize,
    /// Largest file of an upload, in bytes.
    pub max_file_bytes: u64,
    /// Largest multipart body, in bytes.
    pub max_request_bytes: u64,
    /// Most files in one request.
    pub max_files_per_request: usize,
    /// Extensions (lower case, no dot) of files that are taken; empty takes any.
    pub allowed_extensions: Vec<String>,
    /// How long a client may send nothing in the middle of an upload.
    pub upload_idle: Duration,
    /// Files of one request that are stored at the same time.
    pub concurrent_stores: usize,
    /// Longest `?wait=`.
    pub max_wait: Duration,
    /// Page size when none is asked for.
    pub default_page_size: usize,
    /// Page size that larger ones are cut to.
    pub max_page_size: usize,
    /// Largest file that a rule is tried on, in bytes; it is held in memory.
    pub max_test_bytes: u64,
    /// Rules that are tried at the same time.
    pub concurrent_tests: usize,
    /// How long a trial of a rule may take.
    pub test_timeout: Duration,
    /// Most rules in one file that is imported.
    pub max_rules_per_import: usize,
    /// Most days of usage that one answer tells of.
    pub max_usage_days: u32,
    /// How long answers are kept for repeats of their `Idempotency-Key`.
    pub idempotency_retention: Duration,
}

impl Default for ApiLimits {
    fn default() -> Self {
        Self {
            max_json_bytes: 16 * 1024 * 1024,
            max_file_bytes: 5 * 1024 * 1024 * 1024,
            max_request_bytes: 20 * 1024 * 1024 * 1024,
            max_files_per_request: 10_000,
            allowed_extensions: Vec::new(),
            upload_idle: Duration::from_secs(60),
            concurrent_stores: 16,
            max_wait: Duration::from_secs(60),
            default_page_size: 50,
            max_page_size: 200,
            max_test_bytes: 32 * 1024 * 1024,
            concurrent_tests: 4,
            test_timeout: Duration::from_secs(120),
            max_rules_per_import: 1000,
            max_usage_days: 366,
            idempotency_retention: Duration::from_secs(24 * 60 * 60),
        }
    }
}

/// The state of all workers: the injected parts and what is shared between requests. Cheap to clone.
#[derive(Clone)]
pub struct Api(Arc<Shared>);

struct Shared {
    parts: ApiState,
    in_flight: InFlight,
    lookups: Lookups,
    capabilities: KnownCapabilities,
    trials: Semaphore,
    upload_ids: Mutex<VecDeque<UploadId>>,
}

/// Upload ids are taken from the store in blocks of this.
const UPLOAD_ID_BLOCK: usize = 1000;

impl Api {
    /// Takes the parts.
    pub fn new(parts: ApiState) -> Self {
        let lookups = Lookups::new(parts.stores.clone(), Arc::clone(&parts.clock));
        let trials = Semaphore::new(parts.limits.concurrent_tests.min(Semaphore::MAX_PERMITS));
        Self(Arc::new(Shared {
            parts,
            in_flight: InFlight::default(),
            lookups,
            capabilities: KnownCapabilities::default(),
            trials,
            upload_ids: Mutex::default(),
        }))
    }

    /// Storage.
    pub fn stores(&self) -> &Stores {
        &self.0.parts.stores
    }

    /// The task queue.
    pub fn queue(&self) -> &TaskQueue {
        &self.0.parts.queue
    }

    /// Bytes.
    pub fn objects(&self) -> &Arc<dyn ObjectStore> {
        &self.0.parts.objects
    }

    /// What this installation can do.
    pub fn catalog(&self) -> &dyn HandlerCatalog {
        &*self.0.parts.catalog
    }

    /// Seals the keys of providers.
    pub fn vault(&self) -> &dyn SecretVault {
        &*self.0.parts.vault
    }

    /// Tries rules.
    pub fn rule_tester(&self) -> &dyn RuleTester {
        &*self.0.parts.rule_tester
    }

    /// Hands a callback on.
    ///
    /// # Errors
    /// `callback_unknown`, `callback_checksum`.
    pub(crate) fn take_callback(&self, ticket: &str, checksum: &str, content: &str) -> Result<(), Fault> {
        match &self.0.parts.callbacks {
            Some(inbox) => inbox.deliver(ticket, checksum, content),
            None => Err(Fault::not_found("callback_unknown", "no callbacks are expected here")),
        }
    }

    /// A place for each trial that may run.
    pub(crate) fn trials(&self) -> &Semaphore {
        &self.0.trials
    }

    /// What this installation can do, as of a moment ago.
    pub(crate) async fn capabilities(&self) -> Arc<Capabilities> {
        self.0.capabilities.get(self.catalog(), self.clock()).await
    }

    /// Time.
    pub fn clock(&self) -> &dyn Clock {
        &*self.0.parts.clock
    }

    /// Who sends requests.
    pub fn authenticator(&self) -> &Authenticator {
        &self.0.parts.authenticator
    }

    /// Limits.
    pub fn limits(&self) -> &ApiLimits {
        &self.0.parts.limits
    }

    /// Prometheus text.
    pub fn metrics(&self) -> String {
        (self.0.parts.metrics)()
    }

    /// The media type of a file.
    pub fn sniff(&self, head: &[u8], filename: &str) -> String {
        (self.0.parts.sniffer)(head, filename)
    }

    pub(crate) fn in_flight(&self) -> &InFlight {
        &self.0.in_flight
    }

    /// Whose projects, tables and rules are whose.
    pub(crate) fn lookups(&self) -> &Lookups {
        &self.0.lookups
    }

    /// Ids for uploads. Ids that are never used are lost; there are enough.
    pub(crate) async fn next_upload_id(&self) -> Result<UploadId, Fault> {
        let mut block = self.0.upload_ids.lock().await;
        if let Some(id) = block.pop_front() {
            return Ok(id);
        }
        block.extend(self.stores().uploads.next_ids(UPLOAD_ID_BLOCK).await?);
        block.pop_front().ok_or_else(|| Fault::internal("the store gave no upload ids"))
    }
}
