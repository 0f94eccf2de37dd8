//! The lines of the report.

use std::process::ExitCode;

use super::super::terminal;

/// Prints findings as they come, and counts them.
#[derive(Debug, Default)]
pub(super) struct Report {
    warnings: usize,
    failures: usize,
}

impl Report {
    /// All is well.
    ///
    /// # Errors
    /// When it cannot be printed; so below.
    pub(super) fn ok(&mut self, what: &str, finding: &str) -> anyhow::Result<()> {
        line("ok", what, finding)
    }

    /// Works, but should be looked at.
    pub(super) fn warn(&mut self, what: &str, finding: &str) -> anyhow::Result<()> {
        self.warnings += 1;
        line("warn", what, finding)
    }

    /// Does not work.
    pub(super) fn fail(&mut self, what: &str, finding: &str) -> anyhow::Result<()> {
        self.failures += 1;
        line("fail", what, finding)
    }

    /// The sum of it.
    pub(super) fn finish(self) -> anyhow::Result<ExitCode> {
        let Self { warnings, failures } = self;
        terminal::print(&match (failures, warnings) {
            (0, 0) => "all is well".to_owned(),
            (0, _) => format!("{warnings} to look at; nothing is broken"),
            _ => format!("{failures} broken, {warnings} to look at"),
        })?;
        Ok(if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn line(verdict: &str, what: &str, finding: &str) -> anyhow::Result<()> {
    // Further lines of a finding, such as the end of a log, stand under its first.
    terminal::print(&format!(
        "{verdict:<5} {what:<15} {}",
        finding.trim_end().replace('\n', "\n                      ")
    ))
}
