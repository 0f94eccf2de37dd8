//! Parses every file of a folder tree as the product does, in a parser process, and writes `<out>/<same path>.md`: for
//! looking at, and scoring, what the parsers make of a corpus. Prints per folder what was read and how fast.
//!
//! usage: eval IN_DIR OUT_DIR [--rounds N] [--json]
//!
//! One parser process, one file at a time. With more than one round the first is not counted, since it starts the
//! process. `--json` writes the whole parsed document beside each Markdown file. Files named `*.expected.md` are skipped.

#![expect(clippy::print_stdout, reason = "the table is what the program is for")]

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use millrace_domain::document::ParsedDocument;
use millrace_domain::parse_options::ParseOptions;
use millrace_pipeline_handlers::limits::ParserLimits;
use millrace_pipeline_handlers::pool::{ParseJob, ParserPool, PoolConfig, WorkerCommand, WorkerInput};

/// What was measured of one folder.
#[derive(Default)]
struct Tally {
    files: u32,
    pages: u32,
    failures: Vec<String>,
    /// Seconds of each round.
    rounds: Vec<Duration>,
}

struct Arguments {
    input: PathBuf,
    output: PathBuf,
    rounds: usize,
    with_json: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let Some(arguments) = arguments() else {
        return Err(io::Error::other("usage: eval IN_DIR OUT_DIR [--rounds N] [--json]"));
    };
    let worker = std::env::current_exe()?.with_file_name("../millrace-parse-worker");
    let command = WorkerCommand::new(worker.canonicalize().map_err(|error| {
        io::Error::other(format!(
            "the parser process is not built (cargo build -p millrace-pipeline-handlers): {error}"
        ))
    })?);
    let pool = ParserPool::start(PoolConfig { size: 1, warm: 1, ..PoolConfig::new(command) })?;
    let mut files = Vec::new();
    collect(&arguments.input, &mut files)?;
    files.sort();
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for round in 0..arguments.rounds {
        for tally in tallies.values_mut() {
            tally.rounds.push(Duration::ZERO);
        }
        for file in &files {
            let relative = file.strip_prefix(&arguments.input).map_err(io::Error::other)?;
            let folder = relative.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
            let tally = tallies.entry(folder).or_default();
            tally.rounds.resize(round + 1, Duration::ZERO);
            let job = ParseJob {
                input: WorkerInput::Path(file.clone()),
                filename: relative.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
                limits: ParserLimits::default(),
                options: ParseOptions::default(),
                rows: None,
            };
            let started = Instant::now();
            let parsed = pool.parse(job).await;
            tally.rounds[round] += started.elapsed();
            if round > 0 {
                continue;
            }
            tally.files += 1;
            match parsed {
                Ok(document) => tally.pages += write(&arguments, relative, &document)?,
                Err(failure) => {
                    tally.failures.push(format!("{}: {}: {failure}", relative.display(), failure.code.as_str()));
                }
            }
        }
    }
    report(&tallies);
    Ok(())
}

fn arguments() -> Option<Arguments> {
    let mut words = std::env::args_os().skip(1);
    let (input, output) = (words.next()?.into(), words.next()?.into());
    let mut arguments = Arguments { input, output, rounds: 1, with_json: false };
    while let Some(word) = words.next() {
        match word.to_str()? {
            "--rounds" => arguments.rounds = words.next()?.to_str()?.parse().ok().filter(|rounds| *rounds > 0)?,
            "--json" => arguments.with_json = true,
            _ => return None,
        }
    }
    Some(arguments)
}

/// Writes what was parsed; gives the number of pages.
fn write(arguments: &Arguments, relative: &Path, json: &[u8]) -> io::Result<u32> {
    let document: ParsedDocument = serde_json::from_slice(json)?;
    let target = arguments.output.join(relative);
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(format!("{}.md", target.display()), &document.markdown)?;
    if arguments.with_json {
        fs::write(format!("{}.json", target.display()), serde_json::to_vec_pretty(&document)?)?;
    }
    Ok(document.pages)
}

fn report(tallies: &BTreeMap<String, Tally>) {
    println!("kind      files  pages  seconds  pages/s  failed");
    for (kind, tally) in tallies {
        let counted = if tally.rounds.len() > 1 { &tally.rounds[1..] } else { &tally.rounds };
        let best = counted.iter().min().copied().unwrap_or_default().as_secs_f64();
        println!(
            "{kind:<9} {:>5}  {:>5}  {best:>7.3}  {:>7.1}  {:>6}",
            tally.files,
            tally.pages,
            f64::from(tally.pages) / best,
            tally.failures.len()
        );
    }
    for failure in tallies.values().flat_map(|tally| &tally.failures) {
        println!("  {failure}");
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if !path.to_string_lossy().ends_with(".expected.md") {
            files.push(path);
        }
    }
    Ok(())
}
