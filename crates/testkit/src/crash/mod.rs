//! The crash loop: submits files, kills the server at a random moment, starts it again, and counts what was lost or done
//! twice.
//!
//! Knows the server only as its users do, by HTTP, until the end: then it looks at the rows and the bytes themselves.

mod answers;
mod options;
mod sender;
mod server;
mod stored;
mod work;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

pub use options::Options;

use sender::Sender;
use server::Server;

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Rounds, each with one kill or two.
    pub rounds: usize,
    /// Processes that were killed.
    pub kills: usize,
    /// Tasks that were acknowledged.
    pub tasks: usize,
    /// Repeated requests that were answered as before.
    pub replays: usize,
    /// Objects that a crash had left without a row, and that the sweeper removed.
    pub swept: u64,
    /// What must not be; empty if the promise was kept.
    pub violations: Vec<String>,
    /// Wall clock.
    pub elapsed: Duration,
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { rounds, kills, tasks, replays, swept, violations, elapsed } = self;
        write!(
            f,
            "rounds {rounds}  kills {kills}  tasks {tasks}  replays {replays}  swept objects {swept}  seconds {}  violations {}",
            elapsed.as_secs(),
            violations.len()
        )
    }
}

/// Kills so soon after the start hit the start itself.
const EARLY: Duration = Duration::from_millis(1500);
/// Rounds in which the start is hit as well: one in so many.
const EARLY_ONE_IN: u32 = 4;

/// Runs the loop; `say` hears of each round.
///
/// # Errors
/// When the loop itself cannot go on: no binary, no Postgres, a server that does not start. A broken promise is no error
/// but a violation.
pub async fn run(options: &Options, mut say: impl FnMut(&str)) -> Result<Report> {
    let began = Instant::now();
    let mut random = StdRng::seed_from_u64(options.seed);
    let folder = tempfile::Builder::new().prefix("millrace-crash-").tempdir()?;
    let outcome = rounds(options, &mut random, folder.path(), &mut say).await;
    let failed = outcome.as_ref().map_or(true, |report| !report.violations.is_empty());
    if failed {
        say(&format!("the data is kept in {}", folder.keep().display()));
    }
    outcome.map(|report| Report { elapsed: began.elapsed(), ..report })
}

async fn rounds(
    options: &Options,
    random: &mut StdRng,
    folder: &std::path::Path,
    say: &mut impl FnMut(&str),
) -> Result<Report> {
    let mut server = Server::start(&options.binary, folder).await.context("the first start")?;
    let work = Arc::new(sender::prepare(server.base()).await?);
    let mut kills = 0;
    for round in 1..=options.rounds {
        work.add(random, round, options.files);
        let sender = Sender::start(server.base(), Arc::clone(&work), random.random());
        // Anywhere from the first requests to after the last.
        let life = Duration::from_millis(random.random_range(20..=options.longest_life_ms()));
        let sending = tokio::time::timeout(life, sender.finished()).await.is_ok();
        if sending && random.random_bool(0.5) {
            // Everything is acknowledged: now the workers alone are hit.
            tokio::time::sleep(Duration::from_millis(random.random_range(0..200))).await;
        }
        server.kill().await?;
        sender.stop().await;
        kills += 1;
        if random.random_ratio(1, EARLY_ONE_IN) {
            let early = EARLY.mul_f64(random.random());
            Server::start_and_kill(&options.binary, folder, early).await?;
            kills += 1;
        }
        server =
            Server::start(&options.binary, folder).await.with_context(|| format!("the start after round {round}"))?;
        answers::check_some(server.base(), &work, random).await?;
        say(&format!(
            "round {round}: {} acknowledged, {} to be sent again, {} violations",
            work.acknowledged(),
            work.outstanding(),
            work.violations().len()
        ));
    }
    // Now in peace: everything that was not acknowledged is sent until it is, then everything must come to rest.
    Sender::start(server.base(), Arc::clone(&work), random.random()).finished().await;
    answers::check_all(server.base(), &work).await?;
    server.stop().await?;
    let swept = stored::check(folder, &work).await?;
    Ok(Report {
        rounds: options.rounds,
        kills,
        tasks: work.acknowledged(),
        replays: work.replays(),
        swept,
        violations: work.violations(),
        elapsed: Duration::ZERO,
    })
}
