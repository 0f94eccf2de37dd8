//! Parses one file again and again through a warm parser process and prints the latencies.
//!
//! usage: pool_latency WORKER_PROGRAM FILE [ROUNDS]

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use millrace_domain::parse_options::ParseOptions;
use millrace_pipeline_handlers::limits::ParserLimits;
use millrace_pipeline_handlers::pool::{ParseJob, ParserPool, PoolConfig, WorkerCommand, WorkerInput};

#[tokio::main]
async fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(worker), Some(file)) = (arguments.next(), arguments.next()) else {
        return Err(io::Error::other("usage: pool_latency WORKER_PROGRAM FILE [ROUNDS]"));
    };
    let rounds: usize = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(100);
    let path = PathBuf::from(file);
    let filename = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let pool = ParserPool::start(PoolConfig::new(WorkerCommand::new(worker)))?;
    let mut took: Vec<Duration> = Vec::with_capacity(rounds);
    for round in 0..=rounds {
        let job = ParseJob {
            input: WorkerInput::Path(path.clone()),
            filename: filename.clone(),
            limits: ParserLimits::default(),
            options: ParseOptions::default(),
            rows: None,
        };
        let started = Instant::now();
        let outcome = pool.parse(job).await;
        let elapsed = started.elapsed();
        match outcome {
            Ok(document) if round == 0 => eprintln!("first: {elapsed:?}, {} bytes of JSON", document.len()),
            Ok(_) => took.push(elapsed),
            Err(failure) => return Err(io::Error::other(format!("{}: {failure}", failure.code.as_str()))),
        }
    }
    took.sort();
    let at = |share: usize| took[(took.len() - 1) * share / 100];
    eprintln!("{rounds} rounds: p50 {:?}, p90 {:?}, p99 {:?}", at(50), at(90), at(99));
    Ok(())
}
