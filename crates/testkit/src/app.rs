//! The real application, started and ended by tests.
//!
//! Each application has a runtime of its own, so that [`TestApp::crash`] can end it as a killed process ends: whatever
//! it was doing stops where it stands, and only what was stored remains.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use anyhow::{Context, Result, ensure};
use millrace_api::api_key;
use millrace_domain::UserId;
use millrace_domain::ports::ObjectStore;
use millrace_domain::state_machine::{STATUSES, TaskState};
use millrace_pipeline_handlers::pool::WorkerCommand;
use millrace_queue::TaskQueue;
use millrace_repository::testing::faulty::{FaultyObjects, FaultyTasks};
use millrace_repository::{NewApiKey, Stores, TaskFilter};
use millrace_server::compose::{App, AppBuilder};
use millrace_server::config::{Config, StoreKind};
use millrace_server::http;
use tokio::runtime::Runtime;

use crate::client::Client;
use crate::doubles::{FaultyMounts, Scripted};
use crate::programs;
use crate::world::{Backend, World};

/// Longer than any test works on anything.
const PATIENCE: Duration = Duration::from_secs(120);

/// An application to be started.
pub struct TestAppBuilder {
    world: Arc<World>,
    config: Config,
    scripted: bool,
    parse_worker: Option<WorkerCommand>,
}

impl TestAppBuilder {
    /// The application with everything real.
    pub(crate) fn new(world: Arc<World>) -> Self {
        let mut config = Config {
            // Stores and objects are given, so nothing is opened by the configuration.
            store: StoreKind::Memory,
            ..Config::default()
        };
        config.server.bind = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        config.server.workers = Some(1);
        config.auth.local_owner = Some(true);
        config.queue.drain_seconds = 10;
        config.queue.retry_base_ms = 20;
        config.queue.retry_max_ms = 100;
        Self { world, config, scripted: false, parse_worker: None }
    }

    /// Changes the configuration.
    #[must_use]
    pub fn config(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// Runs tasks with [`Scripted`] instead of the document pipeline.
    #[must_use]
    pub fn scripted(mut self) -> Self {
        self.scripted = true;
        self
    }

    /// Starts parser processes with this command instead of the real one.
    #[must_use]
    pub fn parse_worker(mut self, command: WorkerCommand) -> Self {
        self.parse_worker = Some(command);
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// When a part does not start, or the parser program was not built.
    pub async fn start(self) -> Result<TestApp> {
        let Self { world, config, scripted, parse_worker } = self;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let objects = Arc::new(FaultyObjects::new(Arc::clone(&world.objects)));
        let object_port: Arc<dyn ObjectStore> = Arc::clone(&objects) as _;
        let connected = world.connect()?;
        let tasks = Arc::new(FaultyTasks::new(connected.tasks));
        // The faults are those of the database, so they lie below the hot memory.
        let faulty = Stores { tasks: Arc::clone(&tasks) as _, ..connected };
        let stores = if world.backend() == Backend::Postgres { faulty.with_hot_tasks() } else { faulty };
        let mounts = Arc::new(FaultyMounts::default());
        let parse_worker = match parse_worker {
            Some(command) => command,
            None => WorkerCommand::new(programs::find("millrace-parse-worker")?),
        };
        let mut builder = AppBuilder::from_config(config.clone())
            .stores(stores)
            .objects(Arc::clone(&object_port))
            .clock(Arc::clone(&world.clock))
            .mount_service(Arc::clone(&mounts) as _)
            .metrics(Arc::new(|| "# no metrics\n".to_owned()))
            .parse_worker(parse_worker);
        let executor = scripted.then(|| Scripted::new(Arc::clone(&object_port)));
        if let Some(executor) = &executor {
            builder = builder.executor(Arc::clone(executor) as _);
        }
        let app = runtime.spawn(builder.build()).await.context("the start panicked")??;
        let listener = http::listen(config.server.bind)?;
        let address = listener.local_addr()?;
        let server = {
            let _context = runtime.enter();
            http::serve(app.api.clone(), listener, &config.server, Duration::from_secs(1))?
        };
        let http = server.handle();
        runtime.spawn(server);
        let base = format!("http://{address}");
        Ok(TestApp {
            client: Client::new(base.clone(), None),
            queue: Arc::clone(&app.queue),
            objects,
            tasks,
            mounts,
            executor,
            world,
            base,
            running: Some(Running { app, http, runtime }),
        })
    }
}

struct Running {
    app: App,
    http: ServerHandle,
    runtime: Runtime,
}

/// A running application. End it with [`finish`](Self::finish), [`stop`](Self::stop) or [`crash`](Self::crash).
pub struct TestApp {
    /// Acts as the local owner.
    pub client: Client,
    /// The queue.
    pub queue: Arc<TaskQueue>,
    /// The object store as the application sees it.
    pub objects: Arc<FaultyObjects>,
    /// The database's side of the task store.
    pub tasks: Arc<FaultyTasks>,
    /// The mount service.
    pub mounts: Arc<FaultyMounts>,
    /// What it runs on.
    pub world: Arc<World>,
    executor: Option<Arc<Scripted>>,
    base: String,
    running: Option<Running>,
}

impl TestApp {
    /// The scripted executor.
    ///
    /// # Panics
    /// When the application was started with the real one.
    #[track_caller]
    pub fn executor(&self) -> &Arc<Scripted> {
        match &self.executor {
            Some(executor) => executor,
            None => panic!("this application runs the real executor"),
        }
    }

    /// The address of the server.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A user with an API key.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn caller(&self, subject: &str) -> Result<Client> {
        let user = self.world.user("test", subject).await?;
        let key = api_key::generate();
        let new =
            NewApiKey { user_id: user, name: "test".into(), prefix: key.prefix, hash: key.hash, expires_at: None };
        self.world.stores.api_keys.create(&new, self.world.clock.now(), None).await?;
        Ok(Client::new(self.base.clone(), Some(key.secret)))
    }

    /// Returns when nothing waits and nothing runs.
    ///
    /// # Errors
    /// When that takes far longer than any test's work.
    pub async fn run_until_idle(&self) -> Result<()> {
        let idle = tokio::time::timeout(PATIENCE, self.queue.run_until_idle()).await;
        idle.with_context(|| format!("the queue does not come to rest: {:?}", self.queue.health()))
    }

    /// Waits for everything to end, asserts that nothing is left and that every planned fault was met, and stops in
    /// order.
    ///
    /// # Errors
    /// When something is left.
    pub async fn finish(mut self) -> Result<()> {
        self.run_until_idle().await?;
        for user in self.world.users() {
            let left = self.unfinished(user).await?;
            ensure!(left == 0, "{left} tasks of user {user} have not ended");
        }
        let faults = self.tasks.faults().left() + self.objects.faults().left();
        ensure!(faults == 0, "{faults} planned faults were not met: the test did not show what it says");
        self.end().await
    }

    /// Stops in order, whatever is left.
    ///
    /// # Errors
    /// When a part does not stop.
    pub async fn stop(mut self) -> Result<()> {
        self.end().await
    }

    async fn end(&mut self) -> Result<()> {
        let Some(Running { app, http, runtime }) = self.running.take() else { return Ok(()) };
        http.stop(true).await;
        let stopped = runtime.spawn(app.shutdown()).await.context("the stop panicked");
        runtime.shutdown_background();
        stopped?
    }

    /// Ends as a killed process does: nothing is drained, released or answered.
    ///
    /// # Errors
    /// When the runtime cannot be ended.
    pub async fn crash(mut self) -> Result<Arc<World>> {
        if let Some(Running { app, http, runtime }) = self.running.take() {
            // First those who answer, so that nobody hears of what the rest loses.
            http.stop(false).await;
            tokio::task::spawn_blocking(move || runtime.shutdown_timeout(PATIENCE)).await?;
            drop(app);
        }
        Ok(Arc::clone(&self.world))
    }

    async fn unfinished(&self, user: UserId) -> Result<u64> {
        let live = |status: &&str| TaskState::from_status(status).is_some_and(|state| !state.is_terminal());
        let filter = TaskFilter { statuses: STATUSES.into_iter().filter(live).collect(), ..TaskFilter::default() };
        Ok(self.world.stores.tasks.count(user, &filter).await?)
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let Some(Running { runtime, .. }) = self.running.take() else { return };
        runtime.shutdown_background();
        let health = self.queue.health();
        let idle = health.pending == 0 && health.running == 0;
        assert!(idle || std::thread::panicking(), "a test leaves tasks behind: {health:?}");
    }
}
