//! `make crash`: kills the server at random moments and counts what was lost or done twice.

use std::io::Write;
use std::process::ExitCode;

use millrace_testkit::crash::{Options, run};

fn main() -> ExitCode {
    match crash() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn crash() -> anyhow::Result<bool> {
    let options = Options::parse(std::env::args().skip(1))?;
    say(&format!("{} rounds of {} files, seed {}", options.rounds, options.files, options.seed));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let report = runtime.block_on(run(&options, say))?;
    for violation in &report.violations {
        say(&format!("violation: {violation}"));
    }
    say(&report.to_string());
    Ok(report.violations.is_empty())
}

fn say(line: &str) {
    // A reader that left does not stop the loop.
    let _ = writeln!(std::io::stdout(), "{line}");
}
