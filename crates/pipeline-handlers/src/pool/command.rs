//! How a parser process is started.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

/// The hidden subcommand of the server binary that runs [`parse_worker_main`](super::parse_worker_main).
const SUBCOMMAND: &str = "parse-worker";

/// Program, arguments and environment of a parser process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Its whole environment: secrets of the server's are not handed down.
    pub env: Vec<(OsString, OsString)>,
}

impl WorkerCommand {
    /// A program without arguments.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), args: Vec::new(), env: Vec::new() }
    }

    /// This very program with the subcommand `parse-worker`.
    ///
    /// # Errors
    /// When the system does not tell where the program is.
    pub fn current_exe() -> io::Result<Self> {
        Ok(Self { args: vec![SUBCOMMAND.into()], ..Self::new(std::env::current_exe()?) })
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.args.push(argument.into());
        self
    }
}
