//! What people type. Each command is a file of its own; what it prints goes to standard output, complaints to standard error.
//!
//! `serve` and `worker` are the node; `migrate`, `keys` and `doctor` open the database themselves; the others are clients of
//! a running server and know nothing but its HTTP API.

mod api_client;
mod api_error;
mod database;
mod doctor;
mod healthcheck;
mod keys;
mod lookup;
mod migrate;
mod node;
mod parse_options;
mod patience;
mod rules;
mod signals;
mod table;
mod tasks;
mod terminal;
mod upload;
mod wire;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};

use crate::config::Config;

/// Files and tables go in; clean, queryable data comes out, and nothing acknowledged is ever lost.
#[derive(Debug, Parser)]
#[command(name = "millrace", version, max_term_width = 110)]
struct Cli {
    /// Configuration file [default: millrace.toml, if there is one]
    #[arg(long, global = true, env = "MILLRACE_CONFIG", value_name = "FILE", hide_env = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start everything: the database, the workers, the HTTP API
    Serve,
    /// Start a node that works on tasks but serves no HTTP
    Worker,
    /// Upload files and folders, and submit each file as a task
    Upload(upload::UploadArgs),
    /// List tasks, or show one
    Tasks(tasks::TasksArgs),
    /// List rules, export and import them as files, try them
    Rules(rules::RulesArgs),
    /// Print the data of a JSON table
    Table(table::TableArgs),
    /// Make, list and revoke API keys
    Keys(keys::KeysArgs),
    /// Check this installation and say what to do about what is wrong
    Doctor(doctor::DoctorArgs),
    /// Ask a server whether it is ready: exit code 0 if so, else 1
    Healthcheck(healthcheck::HealthcheckArgs),
    /// Bring the database schema up to date (serve does so by itself)
    Migrate,
    /// Print the configuration in force, secrets masked
    Config,
    /// Print the OpenAPI document as YAML
    Openapi,
    /// Parse documents for another millrace process, over standard input and output
    #[command(hide = true)]
    ParseWorker,
}

/// Runs the program.
pub fn main() -> ExitCode {
    // First of all: a parser process must stay small, and its standard output belongs to its parent.
    if std::env::args_os().nth(1).is_some_and(|argument| argument == "parse-worker") {
        return parse_worker();
    }
    let Cli { config, command } = Cli::parse();
    match run(command, &Settings { file: config }) {
        Ok(code) => code,
        Err(error) if terminal::reader_left(&error) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::complain(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command, settings: &Settings) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve => node::serve(settings.load()?),
        Command::Worker => node::worker(settings.load()?),
        Command::Upload(args) => block_on(upload::run(args, settings)),
        Command::Tasks(args) => block_on(tasks::run(args, settings)),
        Command::Rules(args) => block_on(rules::run(args, settings)),
        Command::Table(args) => block_on(table::run(args, settings)),
        Command::Keys(args) => block_on(keys::run(args, settings)),
        Command::Doctor(args) => block_on(doctor::run(args, settings)),
        Command::Healthcheck(args) => block_on(healthcheck::run(args, settings)),
        Command::Migrate => block_on(migrate::run(settings.load()?)),
        Command::Config => {
            terminal::print(settings.load()?.redacted_toml().trim_end())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Openapi => {
            terminal::print(millrace_api::openapi_yaml()?.trim_end())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::ParseWorker => Ok(parse_worker()),
    }
}

fn parse_worker() -> ExitCode {
    let code = millrace_pipeline_handlers::pool::parse_worker_main();
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the async runtime cannot start")
}

fn block_on(command: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    runtime()?.block_on(command)
}

/// Where the configuration comes from. Read only by commands that need it, so that a client of another machine's server is
/// not held up by a broken file here.
#[derive(Debug)]
struct Settings {
    file: Option<PathBuf>,
}

impl Settings {
    fn load(&self) -> anyhow::Result<Config> {
        // An empty variable counts as unset, as for every other key.
        let file = self.file.as_deref().filter(|path| !path.as_os_str().is_empty());
        let variables =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Config::load(file, variables).context("the configuration cannot be used")
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_option_is_explained() {
        for command in Cli::command().get_subcommands() {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{} {}", command.get_name(), argument.get_id());
            }
        }
    }
}
