//! The composition root: one place where everything is made and put together, readable from top to bottom.
//!
//! Each part can be given instead of made from the configuration, which is how tests swap the stores, the mount
//! service, the clock or the executor while the rest is the real application.

mod documents;
mod engines;
mod identity;
mod parts;
mod providers;
mod vault;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use millrace_api::{Api, ApiState, Authenticator, HttpJwksSource, MetricsRenderer};
use millrace_domain::ports::{Bus, Clock, HandlerCatalog, MountService, ObjectStore, RuleTester, TaskExecutor};
use millrace_pipeline_handlers::pool::WorkerCommand;
use millrace_queue::{LocalBus, QueueParts, StandardMountService, SystemClock, TaskQueue};
use millrace_repository::Stores;
use millrace_repository::parse_cache::RecordedParses;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{Config, StoreKind};
use crate::embedded_postgres::{DataDir, DataDirLock, EmbeddedPostgres};
use crate::housekeeping;

pub(crate) use engines::engine_capabilities;
pub use identity::Identity;

/// Builds an [`App`] from the configuration; every part can be overridden.
pub struct AppBuilder {
    config: Config,
    stores: Option<Stores>,
    objects: Option<Arc<dyn ObjectStore>>,
    clock: Arc<dyn Clock>,
    mount_service: Arc<dyn MountService>,
    executor: Option<Arc<dyn TaskExecutor>>,
    bus: Arc<dyn Bus>,
    metrics: MetricsRenderer,
    parse_worker: Option<WorkerCommand>,
}

impl AppBuilder {
    /// The real parts, as the configuration says.
    pub fn from_config(config: Config) -> Self {
        Self {
            config,
            stores: None,
            objects: None,
            clock: Arc::new(SystemClock),
            mount_service: Arc::new(StandardMountService),
            executor: None,
            bus: Arc::new(LocalBus::new()),
            metrics: Arc::new(String::new),
            parse_worker: None,
        }
    }

    /// Uses these stores instead of those of the configuration; no Postgres is started.
    #[must_use]
    pub fn stores(mut self, stores: Stores) -> Self {
        self.stores = Some(stores);
        self
    }

    /// Uses this object store.
    #[must_use]
    pub fn objects(mut self, objects: Arc<dyn ObjectStore>) -> Self {
        self.objects = Some(objects);
        self
    }

    /// Uses this clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Uses this mount service.
    #[must_use]
    pub fn mount_service(mut self, mounts: Arc<dyn MountService>) -> Self {
        self.mount_service = mounts;
        self
    }

    /// Runs tasks with this executor instead of the document pipeline.
    #[must_use]
    pub fn executor(mut self, executor: Arc<dyn TaskExecutor>) -> Self {
        self.executor = Some(executor);
        self
    }

    /// Renders `/metrics` with this.
    #[must_use]
    pub fn metrics(mut self, metrics: MetricsRenderer) -> Self {
        self.metrics = metrics;
        self
    }

    /// Starts parser processes with this command instead of this very program.
    #[must_use]
    pub fn parse_worker(mut self, command: WorkerCommand) -> Self {
        self.parse_worker = Some(command);
        self
    }

    /// Makes and starts everything but HTTP.
    ///
    /// # Errors
    /// With a text for whoever runs the program.
    pub async fn build(self) -> anyhow::Result<App> {
        let Self { config, stores, objects, clock, mount_service, executor, bus, metrics, parse_worker } = self;
        let folder = parts::Folder::open(&config)?;
        let (stores, postgres, folder_lock) = match stores {
            Some(stores) => (stores, None, None),
            None => parts::stores(&config, &folder, Arc::clone(&clock)).await?,
        };
        let objects = match objects {
            Some(objects) => objects,
            None => parts::objects(&config, &folder, Arc::clone(&clock))?,
        };
        let vault = vault::vault(&config, &folder)?;
        let identity = identity::resolve(&config, &stores, &*clock).await?;
        // No file will be parsed when tasks run elsewhere, except to try a rule.
        let warm = if executor.is_some() { 0 } else { config.parsers.warm_workers as usize };
        let cache = Arc::new(RecordedParses::new(Arc::clone(&stores.artifacts)));
        let documents = documents::documents(documents::DocumentParts {
            config: &config,
            stores: &stores,
            objects: Arc::clone(&objects),
            cache,
            vault: Arc::clone(&vault),
            clock: Arc::clone(&clock),
            command: parse_worker,
            warm,
        })?;
        let rule_tester: Arc<dyn RuleTester> = Arc::clone(&documents.executor) as _;
        let executor = executor.unwrap_or(documents.executor);
        let catalog: Arc<dyn HandlerCatalog> = documents.catalog;
        let queue = TaskQueue::start(QueueParts {
            config: parts::queue_config(&config),
            stores: stores.clone(),
            objects: Arc::clone(&objects),
            executor,
            mount_service,
            bus,
            clock: Arc::clone(&clock),
        })
        .await
        .context("the task queue cannot start")?;
        let authenticator = Authenticator::new(
            identity.auth.clone(),
            Arc::clone(&stores.users),
            Arc::clone(&stores.api_keys),
            Arc::clone(&clock),
            Arc::new(HttpJwksSource::new()?),
        );
        let stop = CancellationToken::new();
        let background = TaskTracker::new();
        background.spawn(housekeeping::run(
            stores.clone(),
            Arc::clone(&objects),
            Arc::clone(&clock),
            config.objects.orphan_grace_seconds,
            stop.clone(),
        ));
        background.close();
        let api = Api::new(ApiState {
            stores: stores.clone(),
            queue: Arc::clone(&queue),
            objects: Arc::clone(&objects),
            catalog,
            rule_tester,
            vault,
            callbacks: documents.callbacks,
            clock,
            authenticator: Arc::new(authenticator),
            limits: parts::api_limits(&config),
            metrics,
            sniffer: parts::sniffer(),
        });
        Ok(App { api, queue, stores, objects, identity, postgres, stop, background, _folder_lock: folder_lock })
    }
}

/// The running application without its HTTP listener.
pub struct App {
    /// What the routes work with.
    pub api: Api,
    /// The queue.
    pub queue: Arc<TaskQueue>,
    /// The stores.
    pub stores: Stores,
    /// The object store.
    pub objects: Arc<dyn ObjectStore>,
    /// Who may call.
    pub identity: Identity,
    postgres: Option<EmbeddedPostgres>,
    stop: CancellationToken,
    background: TaskTracker,
    _folder_lock: Option<DataDirLock>,
}

impl App {
    /// Where the private Postgres keeps its cluster, if there is one.
    pub fn cluster(&self) -> Option<PathBuf> {
        self.postgres.as_ref().map(|postgres| postgres.cluster().to_path_buf())
    }

    /// Drains the queue, stops what runs in the background, and stops the private Postgres last.
    ///
    /// # Errors
    /// When Postgres does not stop.
    pub async fn shutdown(self) -> anyhow::Result<()> {
        let Self { api, queue, stores, objects, identity: _, postgres, stop, background, _folder_lock } = self;
        stop.cancel();
        queue.shutdown().await;
        background.wait().await;
        drop((api, queue, stores, objects));
        if let Some(postgres) = postgres {
            postgres.stop().await.context("the private Postgres did not stop")?;
        }
        Ok(())
    }
}

/// Whether the configuration asks for the private Postgres.
pub fn wants_private_postgres(config: &Config) -> bool {
    config.store == StoreKind::Postgres && config.database.url.is_none()
}

/// Opens the data folder of a configuration.
///
/// # Errors
/// When it cannot be made.
pub fn data_dir(config: &Config) -> anyhow::Result<DataDir> {
    Ok(DataDir::open(&config.data_dir)?)
}

/// Opens the object store of a configuration, without the rest.
///
/// # Errors
/// When the configuration or the folder cannot be used.
pub fn open_objects(config: &Config, clock: Arc<dyn Clock>) -> anyhow::Result<Arc<dyn ObjectStore>> {
    parts::open_objects(config, &parts::Folder::open(config)?, clock)
}
