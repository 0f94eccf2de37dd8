//! Measures the figures of `docs/benchmarks.md` on this machine and prints them as a table.
//!
//! `make bench`, or `cargo run --release --package millrace-testkit --bin millrace-bench -- [--only NAME] [--quick] [--peers]`.
//! Whatever is measured shares the machine with its load generator and its Postgres, which is durable: fsync and
//! synchronous_commit are on. A figure that is missed says LOST; it does not end the program with an error, since the
//! machine may be the reason.

#![expect(clippy::print_stdout, reason = "the table is what the program is for")]

mod arguments;
mod cluster;
mod connection;
mod documents;
mod docx;
mod far_page;
mod figure;
mod latency;
mod live_task;
mod machine;
mod memory;
mod mount_growth;
mod peers;
mod processes;
mod queue_rate;
mod raw_limit;
mod scratch;
mod server;
mod statistics;
mod upload_form;
mod upload_rate;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};

use arguments::{Arguments, Scale};
use figure::Figure;

/// What measures one group of figures: the folder to work in, and how much to do.
type Measurement = fn(&Path, Scale) -> Result<Vec<Figure>>;

/// Every measurement under its name, in the order of the table.
const MEASUREMENTS: [(&str, Measurement); 8] = [
    ("queue", queue_rate::measure),
    ("upload", upload_rate::measure),
    ("latency", latency::measure),
    ("live-task", live_task::measure),
    ("mounts", mount_growth::measure),
    ("list", far_page::measure),
    ("memory", memory::measure),
    ("documents", documents::measure),
];

fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args().skip(1), &MEASUREMENTS.map(|(name, _)| name)) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            println!("{}", arguments::usage(&MEASUREMENTS.map(|(name, _)| name)));
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            println!("error: {error:#}");
            return ExitCode::from(2);
        }
    };
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs what was asked for; `false` when a measurement could not be made.
fn run(arguments: &Arguments) -> Result<bool> {
    let base = match &arguments.dir {
        Some(dir) => dir.clone(),
        None => scratch::beside_the_program()?,
    };
    let folder = scratch::Scratch::new(&base).with_context(|| format!("no folder in {}", base.display()))?;
    println!("{}", machine::describe(folder.path())?);
    if arguments.scale == Scale::Quick {
        println!("Quick: small sizes and short times, to see that everything runs. The figures mean little.\n");
    }
    println!("{}", figure::HEADER);
    let mut all_made = true;
    let wanted = MEASUREMENTS.into_iter().filter(|(name, _)| arguments.wants(name));
    let peers: Option<(&str, Measurement)> = arguments.peers.then_some(("peers", peers::measure));
    for (name, measure) in wanted.chain(peers) {
        // A folder each, so that no measurement finds another one's data.
        let own = scratch::Scratch::new(folder.path())?;
        match measure(own.path(), arguments.scale) {
            Ok(figures) => figures.iter().for_each(|figure| println!("{figure}")),
            Err(error) => {
                all_made = false;
                println!("| {name} | not measured: {error:#} | | |");
            }
        }
    }
    Ok(all_made)
}
