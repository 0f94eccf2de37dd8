//! What became of the files.

use super::super::wire::Task;
use super::super::{tasks, terminal};

/// Why a file failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// The file.
    pub(super) file: String,
    /// Machine code; empty for what never left this machine.
    pub(super) code: String,
    /// Text for people.
    pub(super) message: String,
}

impl Failure {
    /// Of a file that never left this machine.
    pub(super) fn local(file: String, message: String) -> Self {
        Self { file, code: String::new(), message }
    }
}

/// A task that was made for a file.
#[derive(Debug)]
pub(super) struct Sent {
    /// Its id.
    pub(super) task_id: i64,
    /// Whether it still goes on.
    pub(super) open: bool,
}

/// All of it.
#[derive(Debug)]
pub(super) struct Outcome {
    /// Tasks, in the order of the files.
    pub(super) sent: Vec<Sent>,
    /// Files that failed.
    pub(super) failures: Vec<Failure>,
    /// Files that never got a task.
    without_task: usize,
    /// The tasks as they ended, if that was waited for.
    pub(super) ended: Vec<Task>,
}

impl Outcome {
    /// Begins with files that cannot be read.
    pub(super) fn new(failures: Vec<Failure>) -> Self {
        Self { sent: Vec::new(), without_task: failures.len(), failures, ended: Vec::new() }
    }

    /// Notes a file that got no task.
    pub(super) fn refused(&mut self, failure: Failure) {
        self.without_task += 1;
        self.failures.push(failure);
    }

    /// Files dealt with so far.
    pub(super) fn files(&self) -> usize {
        self.sent.len() + self.without_task
    }

    /// Files that failed.
    pub(super) fn failed(&self) -> usize {
        self.failures.len()
    }

    /// Tells it.
    ///
    /// # Errors
    /// When it cannot be printed.
    pub(super) fn print(&self, waited: bool) -> anyhow::Result<()> {
        if !self.ended.is_empty() {
            terminal::print(&tasks::listing(&self.ended))?;
        }
        for Failure { file, code, message } in &self.failures {
            let code = if code.is_empty() { String::new() } else { format!(" [{code}]") };
            terminal::complain(&format!("failed: {}: {}{code}", terminal::clean(file), terminal::clean(message)));
        }
        let good = self.files() - self.failed();
        let verb = if waited { "completed" } else { "submitted" };
        let failed = match self.failed() {
            0 => String::new(),
            failed => format!(", {failed} failed"),
        };
        terminal::print(&format!("{good} of {} files {verb}{failed}", self.files()))?;
        if !waited && self.sent.iter().any(|sent| sent.open) {
            terminal::complain("'millrace tasks' shows how they get on");
        }
        Ok(())
    }
}
