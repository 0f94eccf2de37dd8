//! What `GET /tasks/{id}` of a running task costs, beside a handler of the same web framework in the same process that
//! returns constant JSON of the same size.
//!
//! Each has an HTTP server with as many threads as the product has by default; the load generator has one thread. They take
//! turns, so that whatever else the machine does meets both.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use bytes::Bytes;
use millrace_domain::ports::{Job, JobError, JobOutput, TaskControl, TaskExecutor};
use millrace_domain::{ErrorStage, TaskFailure};
use millrace_server::compose::AppBuilder;
use millrace_server::config::Config;
use millrace_server::http;
use serde_json::{Value, json};
use tokio::task::LocalSet;

use crate::arguments::Scale;
use crate::cluster::{generator_runtime, runtime};
use crate::connection::{Connection, get_request};
use crate::figure::{Figure, rate};
use crate::processes;
use crate::upload_form::{UPLOAD_AND_SUBMIT, UploadForm};

/// Connections of the load generator.
const CONNECTIONS: usize = 16;
/// Share of the constant handler's rate to reach.
const TARGET: f64 = 0.8;

/// Never ends by itself, so that its tasks stay alive.
struct Endless;

#[async_trait]
impl TaskExecutor for Endless {
    async fn execute(&self, _job: Job, control: Arc<dyn TaskControl>) -> Result<JobOutput, JobError> {
        control.cancellation().cancelled().await;
        let failure = TaskFailure::permanent(ErrorStage::Mineru, "stopped", "the measurement is over");
        Err(JobError { failure, artifacts: Vec::new() })
    }
}

/// Measures both in turns.
///
/// # Errors
/// When the application does not start, or a request fails.
pub fn measure(folder: &Path, scale: Scale) -> Result<Vec<Figure>> {
    let mut config = Config { data_dir: folder.join("data"), ..Config::default() };
    config.server.bind = "127.0.0.1:0".parse()?;
    config.queue.drain_seconds = 1;
    let servers = runtime()?;
    let builder = AppBuilder::from_config(config.clone()).executor(Arc::new(Endless));
    let app = servers.block_on(builder.build())?;
    let listener = http::listen(config.server.bind)?;
    let address = listener.local_addr()?;
    let live_server = {
        let _context = servers.enter();
        http::serve(app.api.clone(), listener, &config.server, Duration::from_secs(1))?
    };
    let live_handle = live_server.handle();
    servers.spawn(live_server);

    let generator = generator_runtime()?;
    let (path, body) = generator.block_on(live_task(address))?;
    let size = body.len();
    let constant_listener = http::listen(config.server.bind)?;
    let constant_address = constant_listener.local_addr()?;
    let constant_server = {
        let _context = servers.enter();
        HttpServer::new(move || {
            let body = body.clone();
            let answer = move || {
                let body = body.clone();
                async move { HttpResponse::Ok().content_type("application/json").body(body) }
            };
            App::new().route("/constant", web::get().to(answer))
        })
        .disable_signals()
        .listen(constant_listener)?
        .run()
    };
    let constant_handle = constant_server.handle();
    servers.spawn(constant_server);

    let time = scale.pick(Duration::from_secs(3), Duration::from_millis(300));
    let rounds = scale.pick(6, 2);
    let live = Target { address, path, size };
    let constant = Target { address: constant_address, path: "/constant".to_owned(), size };
    let (mut of_live, mut of_constant) = (Load::default(), Load::default());
    generator.block_on(LocalSet::new().run_until(async {
        live.load(time / 3).await?;
        constant.load(time / 3).await?;
        for _ in 0..rounds {
            of_live.add(live.load(time).await?);
            of_constant.add(constant.load(time).await?);
        }
        anyhow::Ok(())
    }))?;
    servers.block_on(async {
        live_handle.stop(false).await;
        constant_handle.stop(false).await;
        app.shutdown().await
    })?;
    Ok(figures(&of_live, &of_constant, size))
}

fn figures(live: &Load, constant: &Load, size: usize) -> Vec<Figure> {
    let share = live.rate() / constant.rate();
    vec![
        Figure::judged(
            format!(
                "GET /tasks/{{id}} of a live task, of a handler that returns constant JSON of that size ({size} bytes)"
            ),
            format!("{:.0} % ({} of {})", share * 100.0, rate(live.rate()), rate(constant.rate())),
            format!("≥ {:.0} %", TARGET * 100.0),
            share >= TARGET,
        ),
        Figure::note(
            "… processor time of the server per request: live task, constant",
            format!("{:.1} µs, {:.1} µs", live.server_microseconds(), constant.server_microseconds()),
        ),
        Figure::note(
            "… share of the time in which the load generator's thread was busy: live task, constant",
            format!("{:.0} %, {:.0} %", live.generator_share(), constant.generator_share()),
        ),
    ]
}

/// Submits a file and waits until it runs; the path of its task and what is read there.
async fn live_task(address: SocketAddr) -> Result<(String, Bytes)> {
    let mut connection = Connection::open(address).await?;
    let project = connection.create("/api/v1/projects", &json!({"name": "bench"})).await?;
    let mut form = UploadForm::new(project["project_id"].as_u64().context("a project without id")?);
    form.text_file(1)?;
    let submitted = connection.send(&form.into_request(address, UPLOAD_AND_SUBMIT)).await?.json(202)?;
    let path = format!("/api/v1/etl/tasks/{}", submitted["task_id"]);
    for _ in 0..1000 {
        let answer = connection.send(&get_request(address, &path)).await?;
        let task: Value = answer.json(200)?;
        if task["status"] == "mineru_parsing" {
            return Ok((path, Bytes::copy_from_slice(answer.body)));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    anyhow::bail!("the task does not begin")
}

/// What was done in some time.
#[derive(Debug, Default)]
struct Load {
    requests: u64,
    elapsed: Duration,
    /// Processor time of everything but the generator.
    server: Duration,
    generator: Duration,
}

impl Load {
    fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.elapsed += other.elapsed;
        self.server += other.server;
        self.generator += other.generator;
    }

    fn rate(&self) -> f64 {
        self.requests as f64 / self.elapsed.as_secs_f64()
    }

    fn server_microseconds(&self) -> f64 {
        self.server.as_secs_f64() * 1e6 / self.requests as f64
    }

    fn generator_share(&self) -> f64 {
        self.generator.as_secs_f64() * 100.0 / self.elapsed.as_secs_f64()
    }
}

/// What is asked.
struct Target {
    address: SocketAddr,
    path: String,
    size: usize,
}

impl Target {
    /// Asks for some time over all connections, on each as soon as it is answered.
    async fn load(&self, time: Duration) -> Result<Load> {
        let request: Bytes = get_request(self.address, &self.path).into();
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            connections.push(Connection::open(self.address).await?);
        }
        let (process, thread, started) = (processes::process_time()?, processes::thread_time()?, Instant::now());
        let end = started + time;
        let askers: Vec<_> = connections
            .into_iter()
            .map(|mut connection| {
                let (request, size) = (request.clone(), self.size);
                tokio::task::spawn_local(async move {
                    let mut requests = 0;
                    while Instant::now() < end {
                        let answer = connection.send(&request).await?;
                        let whole = answer.status == 200 && answer.body.len() == size;
                        ensure!(whole, "{}: {}", answer.status, answer.text());
                        requests += 1;
                    }
                    anyhow::Ok(requests)
                })
            })
            .collect();
        let mut requests = 0;
        for asker in askers {
            requests += asker.await??;
        }
        let (process, generator) = (processes::process_time()? - process, processes::thread_time()? - thread);
        Ok(Load { requests, elapsed: started.elapsed(), server: process.saturating_sub(generator), generator })
    }
}
