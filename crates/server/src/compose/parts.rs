//! The parts as the configuration says.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use millrace_api::{ApiLimits, MediaTypeSniffer};
use millrace_domain::ports::{Clock, ObjectStore};
use millrace_pipeline_handlers::media;
use millrace_queue::{KindLimits, QueueConfig, RetryPolicy};
use millrace_repository::Stores;
use millrace_repository::objects::{self, S3Options};
use millrace_repository::postgres::{PgOptions, PgStore};

use crate::config::{Config, Secret, StoreKind};
use crate::embedded_postgres::{DataDir, DataDirLock, EmbeddedPostgres};

/// The data folder, once something needs it.
pub(super) struct Folder(Option<DataDir>);

impl Folder {
    /// Its path, if it was opened.
    pub(super) fn path(&self) -> Option<&std::path::Path> {
        self.0.as_ref().map(DataDir::path)
    }

    /// Opens the folder if anything local is kept.
    pub(super) fn open(config: &Config) -> anyhow::Result<Self> {
        let postgres_here = config.store == StoreKind::Postgres && config.database.url.is_none();
        let objects_here = config.store == StoreKind::Postgres && config.objects.url.is_none();
        Ok(Self(if postgres_here || objects_here { Some(DataDir::open(&config.data_dir)?) } else { None }))
    }
}

/// The stores, the private Postgres they run on, and the lock on the data folder when no Postgres holds it.
pub(super) async fn stores(
    config: &Config,
    folder: &Folder,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<(Stores, Option<EmbeddedPostgres>, Option<DataDirLock>)> {
    if config.store == StoreKind::Memory {
        tracing::warn!("store=memory: nothing is kept; everything is gone when the process ends");
        return Ok((Stores::memory(clock), None, None));
    }
    let (url, postgres, lock) = match &config.database.url {
        Some(url) => {
            let lock = folder.0.as_ref().map(DataDir::lock).transpose()?;
            (url.expose().to_owned(), None, lock)
        }
        None => {
            let folder = folder.0.as_ref().context("the private Postgres needs a data folder")?;
            let postgres = EmbeddedPostgres::start(folder, &config.database.embedded.postgres_options()).await?;
            (postgres.database_url(), Some(postgres), None)
        }
    };
    let store = PgStore::connect(&pg_options(config, url))?;
    let applied = store.migrate().await.context("the database schema cannot be brought up to date")?;
    if !applied.is_empty() {
        tracing::info!(migrations = applied.len(), "the database schema was brought up to date");
    }
    Ok((store.stores().with_hot_tasks(), postgres, lock))
}

/// How to reach the database.
pub(super) fn pg_options(config: &Config, url: String) -> PgOptions {
    PgOptions {
        url,
        max_connections: config.database.max_connections as usize,
        acquire_timeout: Duration::from_secs(config.database.connect_timeout_seconds),
    }
}

/// The object store, cleared of what a crash left half written. Only for whoever owns the data folder.
pub(super) fn objects(config: &Config, folder: &Folder, clock: Arc<dyn Clock>) -> anyhow::Result<Arc<dyn ObjectStore>> {
    if let Some(location) = object_location(config, folder) {
        let left = objects::clear_staging(&location)?;
        if left > 0 {
            tracing::info!(files = left, "removed files that a crash had left half written");
        }
    }
    open_objects(config, folder, clock)
}

fn object_location(config: &Config, folder: &Folder) -> Option<String> {
    let folder = || folder.0.as_ref().map(|folder| folder.path().join("objects").to_string_lossy().into_owned());
    config.objects.url.clone().or_else(folder)
}

/// The object store as it is.
pub(super) fn open_objects(
    config: &Config,
    folder: &Folder,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Arc<dyn ObjectStore>> {
    let Some(location) = object_location(config, folder) else {
        return Ok(Arc::new(objects::MemoryObjectStore::new(clock)));
    };
    let settings = &config.objects;
    let options = S3Options {
        endpoint: settings.endpoint.clone(),
        region: settings.region.clone(),
        access_key_id: settings.access_key_id.clone(),
        secret_access_key: settings.secret_access_key.as_ref().map(Secret::expose).map(str::to_owned),
        session_token: settings.session_token.as_ref().map(Secret::expose).map(str::to_owned),
        path_style: settings.path_style,
        allow_http: settings.allow_http,
    };
    Ok(objects::open(&location, &options)?)
}

/// The queue's limits and times.
pub(super) fn queue_config(config: &Config) -> QueueConfig {
    let queue = &config.queue;
    let retry = RetryPolicy {
        max_attempts: i32::try_from(queue.max_attempts).unwrap_or(i32::MAX),
        base: Duration::from_millis(queue.retry_base_ms),
        max: Duration::from_millis(queue.retry_max_ms),
    };
    QueueConfig {
        node_name: queue.node_name.clone(),
        max_pending: queue.max_pending as usize,
        concurrency: KindLimits {
            document: queue.concurrency.document_or_default() as usize,
            load: queue.concurrency.load as usize,
            query: queue.concurrency.query as usize,
        },
        batch_max: queue.batch_max as usize,
        completion_linger: Duration::from_millis(queue.completion_delay_ms),
        lease_ttl: Duration::from_secs(queue.lease_seconds),
        lease_renew: Duration::from_secs(queue.lease_renew_seconds),
        drain_timeout: Duration::from_secs(queue.drain_seconds),
        task_timeout: Duration::from_secs(queue.task_timeout_seconds),
        poison_after: i32::try_from(queue.poison_after).unwrap_or(i32::MAX),
        retry_parse: retry,
        retry_transform: retry,
        retry_mount: retry,
    }
}

/// The limits of requests.
pub(super) fn api_limits(config: &Config) -> ApiLimits {
    ApiLimits {
        max_json_bytes: usize::try_from(config.server.max_body_bytes).unwrap_or(usize::MAX),
        max_file_bytes: config.upload.max_file_bytes,
        max_request_bytes: config.upload.max_request_bytes,
        max_files_per_request: config.upload.max_files_per_request as usize,
        allowed_extensions: config.upload.allowed_extensions.clone(),
        upload_idle: Duration::from_secs(config.upload.idle_timeout_seconds),
        max_wait: Duration::from_secs(config.server.max_wait_seconds),
        max_test_bytes: config.rules.test_max_file_bytes,
        concurrent_tests: config.rules.test_concurrency as usize,
        test_timeout: Duration::from_secs(config.rules.test_timeout_seconds),
        max_usage_days: config.llm.max_usage_days,
        idempotency_retention: Duration::from_secs(u64::from(config.idempotency.retention_hours) * 3600),
        ..ApiLimits::default()
    }
}

/// Media types as the parsers would see them.
pub(super) fn sniffer() -> MediaTypeSniffer {
    Arc::new(|head, filename| media::media_type(head, filename).to_owned())
}
