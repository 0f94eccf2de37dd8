//! What outlives a process: the rows and the bytes. Several [`TestApp`](crate::TestApp)s may run on one world, one after
//! the other.

use std::sync::Arc;

use anyhow::Result;
use millrace_domain::UserId;
use millrace_domain::ports::{Clock, ObjectStore};
use millrace_domain::user::{LOCAL_ISSUER, LOCAL_SUBJECT};
use millrace_queue::SystemClock;
use millrace_repository::Stores;
use millrace_repository::objects::LocalObjectStore;
use parking_lot::Mutex;

use crate::app::TestAppBuilder;
use crate::database::TestDatabase;

/// Where rows are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// In memory.
    Memory,
    /// In Postgres, with hot memory in front, as the server does it.
    Postgres,
}

enum Rows {
    Memory,
    Postgres(TestDatabase),
}

/// Rows, bytes and a clock.
pub struct World {
    rows: Rows,
    /// The bytes, in a folder of their own.
    pub objects: Arc<dyn ObjectStore>,
    /// The rows as they are stored, without anybody's hot memory.
    pub stores: Stores,
    /// The time.
    pub clock: Arc<dyn Clock>,
    users: Mutex<Vec<UserId>>,
    _folder: tempfile::TempDir,
}

impl World {
    /// An empty world with the real time.
    ///
    /// # Errors
    /// When there is no Postgres, or no room for files.
    pub async fn new(backend: Backend) -> Result<Self> {
        Self::with_clock(backend, Arc::new(SystemClock)).await
    }

    /// An empty world with this time.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub async fn with_clock(backend: Backend, clock: Arc<dyn Clock>) -> Result<Self> {
        let (rows, stores) = match backend {
            Backend::Memory => (Rows::Memory, Stores::memory(Arc::clone(&clock))),
            Backend::Postgres => {
                let database = TestDatabase::fresh().await?;
                let stores = database.stores()?;
                (Rows::Postgres(database), stores)
            }
        };
        let folder = tempfile::tempdir()?;
        let objects: Arc<dyn ObjectStore> = Arc::new(LocalObjectStore::open(&folder.path().join("objects"))?);
        let world = Self { rows, objects, stores, clock, users: Mutex::default(), _folder: folder };
        world.user(LOCAL_ISSUER, LOCAL_SUBJECT).await?;
        Ok(world)
    }

    /// Where rows are kept.
    pub fn backend(&self) -> Backend {
        match self.rows {
            Rows::Memory => Backend::Memory,
            Rows::Postgres(_) => Backend::Postgres,
        }
    }

    /// The stores for one more process: on Postgres with a pool of its own.
    pub(crate) fn connect(&self) -> Result<Stores> {
        match &self.rows {
            Rows::Memory => Ok(self.stores.clone()),
            Rows::Postgres(database) => database.stores(),
        }
    }

    /// A user, made if need be.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn user(&self, issuer: &str, subject: &str) -> Result<UserId> {
        let user = self.stores.users.ensure(issuer, subject, self.clock.now()).await?.id;
        let mut users = self.users.lock();
        if !users.contains(&user) {
            users.push(user);
        }
        Ok(user)
    }

    /// Everybody who was asked for; the local owner is the first.
    pub fn users(&self) -> Vec<UserId> {
        self.users.lock().clone()
    }

    /// An application on this world, to be started.
    pub fn app(self: &Arc<Self>) -> TestAppBuilder {
        TestAppBuilder::new(Arc::clone(self))
    }
}
