//! The pool and the handle that implements every storage trait.

use std::sync::Arc;
use std::time::Duration;

use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::AsyncDieselConnectionManager;
use diesel_async::pooled_connection::deadpool::{Object, Pool};

use super::ids::IdBlocks;
use crate::{Result, Stores};

pub(super) type PgPool = Pool<AsyncPgConnection>;
pub(super) type PgConnection = Object<AsyncPgConnection>;

/// How to reach the database.
#[derive(Clone)]
pub struct PgOptions {
    /// `postgres://user:password@host:port/database`; a socket folder goes percent-encoded into the host.
    pub url: String,
    /// Connections at most. Admission and completion use one each; the rest serve reads.
    pub max_connections: usize,
    /// How long a caller waits for a free connection.
    pub acquire_timeout: Duration,
}

impl std::fmt::Debug for PgOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PgOptions").field("max_connections", &self.max_connections).finish_non_exhaustive()
    }
}

/// All stores on one PostgreSQL database. Cheap to clone.
#[derive(Clone)]
pub struct PgStore {
    pub(super) pool: PgPool,
    pub(super) url: Arc<str>,
    pub(super) task_ids: Arc<IdBlocks>,
    pub(super) upload_ids: Arc<IdBlocks>,
}

impl PgStore {
    /// Opens a pool; connections are made when needed.
    ///
    /// # Errors
    /// `Unavailable` when the pool cannot be built.
    pub fn connect(options: &PgOptions) -> Result<Self> {
        let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new(&options.url);
        let pool = Pool::builder(manager)
            .max_size(options.max_connections.max(2))
            .wait_timeout(Some(options.acquire_timeout))
            .create_timeout(Some(options.acquire_timeout))
            .recycle_timeout(Some(options.acquire_timeout))
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .map_err(|error| crate::RepositoryError::Unavailable(Box::new(error)))?;
        Ok(Self {
            pool,
            url: options.url.as_str().into(),
            task_ids: Arc::new(IdBlocks::new("task_id_seq")),
            upload_ids: Arc::new(IdBlocks::new("upload_id_seq")),
        })
    }

    /// This database behind every trait.
    pub fn stores(&self) -> Stores {
        let store = Arc::new(self.clone());
        Stores {
            users: Arc::clone(&store) as _,
            api_keys: Arc::clone(&store) as _,
            idempotency: Arc::clone(&store) as _,
            projects: Arc::clone(&store) as _,
            providers: Arc::clone(&store) as _,
            rules: Arc::clone(&store) as _,
            uploads: Arc::clone(&store) as _,
            artifacts: Arc::clone(&store) as _,
            tasks: Arc::clone(&store) as _,
            tables: Arc::clone(&store) as _,
            mounts: Arc::clone(&store) as _,
            events: Arc::clone(&store) as _,
            nodes: Arc::clone(&store) as _,
            health: Arc::clone(&store) as _,
            usage: store as _,
        }
    }

    pub(super) async fn connection(&self) -> Result<PgConnection> {
        Ok(self.pool.get().await?)
    }
}
