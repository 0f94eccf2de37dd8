//! How far it is: a bar on a terminal, plain lines otherwise.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::super::terminal;

/// The progress of an upload.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    files: usize,
    sent: usize,
}

impl Progress {
    /// Begins.
    pub(super) fn new(files: usize, bytes: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template(
                "uploading {bar:30} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {msg}",
            );
            let bar = ProgressBar::new(bytes).with_style(style.unwrap_or_else(|_bad| ProgressStyle::default_bar()));
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self { bar, files, sent: 0 }
    }

    /// A counter of the bytes that are sent from here on.
    pub(super) fn counter(&self) -> impl Fn(u64) + Send + Sync + 'static {
        let bar = self.bar.clone();
        move |bytes| {
            if let Some(bar) = &bar {
                bar.inc(bytes);
            }
        }
    }

    /// Where the bar stands, to go back to when a request is repeated.
    pub(super) fn position(&self) -> u64 {
        self.bar.as_ref().map_or(0, ProgressBar::position)
    }

    /// Goes back.
    pub(super) fn reset_to(&self, position: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(position);
        }
    }

    /// Notes that so many more files have been dealt with.
    pub(super) fn sent(&mut self, files: usize) {
        self.sent += files;
        let text = format!("{} of {} files", self.sent, self.files);
        match &self.bar {
            Some(bar) => bar.set_message(text),
            None => terminal::complain(&format!("uploaded {text}")),
        }
    }

    /// Says something between.
    pub(super) fn note(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => terminal::complain(text),
        }
    }

    /// Ends.
    pub(super) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
