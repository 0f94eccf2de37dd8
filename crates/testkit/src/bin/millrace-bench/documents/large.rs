//! Files that must not be held in memory: a PDF of thousands of pages and a CSV of half a gigabyte, each through a server
//! with its default limits.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};

use super::pdf;
use crate::arguments::Scale;
use crate::cluster::generator_runtime;
use crate::connection::Connection;
use crate::figure::{Figure, grouped};
use crate::processes;
use crate::scratch::Scratch;
use crate::server::{Server, Workplace};
use crate::upload_form::{UPLOAD_AND_SUBMIT, UploadForm};

/// Bytes of each line of the CSV, so that its length is known before it is made.
const LINE_BYTES: usize = 100;
/// Lines sent at once.
const LINES_PER_PIECE: usize = 2_000;
/// What the server may grow by, and what its parser process may have, at their peaks, in megabytes.
const CSV_TARGET: f64 = 64.0;
const PDF_TARGET: f64 = 256.0;
/// How often the memory of parser processes is looked at; each keeps its own peak in between.
const SAMPLE_EVERY: Duration = Duration::from_millis(50);

/// Measures both.
///
/// # Errors
/// When one of them does not complete.
pub(super) fn measure(folder: &Path, scale: Scale) -> Result<Vec<Figure>> {
    let pages = scale.pick(2_000, 200);
    let report = pdf(0, pages);
    let mut figures =
        through(folder, &format!("one PDF of {} pages", grouped(pages as u64)), PDF_TARGET, async |place| {
            let mut form = UploadForm::new(place.project);
            form.field("table_id", &place.table.to_string());
            form.file("report.pdf", &report);
            place.connection.send(&form.into_request(place.address, UPLOAD_AND_SUBMIT)).await?.json(202)
        })?;
    let lines = scale.pick(5_000_000, 250_000);
    let name = format!("one CSV of {} MB", lines * LINE_BYTES / 1_000_000);
    figures.extend(through(folder, &name, CSV_TARGET, async |place| stream_csv(place, lines).await)?);
    Ok(figures)
}

/// Sends one file to a server of its own and looks at both processes until it is mounted.
fn through(
    folder: &Path,
    name: &str,
    target: f64,
    submit: impl AsyncFnOnce(&mut Workplace) -> Result<serde_json::Value>,
) -> Result<Vec<Figure>> {
    let own = Scratch::new(folder)?;
    let server = Server::start(own.path(), &[])?;
    let (took, before, peak, parser) = generator_runtime()?.block_on(async {
        let mut place = server.workplace().await?;
        // Until the first lease renewals and the warm parser are behind it.
        tokio::time::sleep(Duration::from_secs(6)).await;
        let before = processes::memory(server.pid())?.resident;
        processes::forget_peak(server.pid())?;
        let watch = Watch::start(server.pid());
        let started = Instant::now();
        let submitted = submit(&mut place).await?;
        ended(&mut place, &submitted["task_id"]).await?;
        let took = started.elapsed();
        anyhow::Ok((took, before, processes::peak_resident(server.pid())?, watch.stop()?))
    })?;
    server.stop()?;
    let (growth, parser) = (peak.saturating_sub(before) as f64 / 1e6, parser as f64 / 1e6);
    let memory = |label: &str, measured: String, megabytes: f64, sign: &str| {
        Figure::judged(label, measured, format!("≤ {sign}{target} MB"), megabytes <= target)
    };
    Ok(vec![
        Figure::note(format!("{name}, default limits: submit → mounted"), format!("{:.1} s", took.as_secs_f64())),
        memory("… the server at its peak", format!("+{growth:.1} MB resident"), growth, "+"),
        memory("… its parser process at its peak", format!("{parser:.1} MB resident"), parser, ""),
    ])
}

/// Waits until a task has completed.
async fn ended(place: &mut Workplace, id: &serde_json::Value) -> Result<()> {
    loop {
        let task = place.connection.get(&format!("/api/v1/etl/tasks/{id}?wait=60")).await?;
        match task["status"].as_str().context("a task without status")? {
            "completed" => return Ok(()),
            "failed" | "cancelled" => return Err(anyhow!("a task ended otherwise: {task}")),
            _ => {}
        }
    }
}

/// Sends a CSV of so many lines, which is never whole in this process either.
async fn stream_csv(place: &Workplace, lines: usize) -> Result<serde_json::Value> {
    let mut form = UploadForm::new(place.project);
    form.field("table_id", &place.table.to_string());
    form.begin_file("orders.csv");
    let end = UploadForm::end();
    let mut connection = Connection::open(place.address).await?;
    let rest = lines * LINE_BYTES + end.len();
    connection.write(&form.begin_request(place.address, UPLOAD_AND_SUBMIT, rest)).await?;
    let mut piece = Vec::with_capacity(LINES_PER_PIECE * LINE_BYTES);
    for first in (0..lines).step_by(LINES_PER_PIECE) {
        piece.clear();
        for number in first..(first + LINES_PER_PIECE).min(lines) {
            csv_line(&mut piece, number)?;
        }
        connection.write(&piece).await?;
    }
    connection.write(&end).await?;
    connection.answer().await?.json(202)
}

/// The header, or the row with this number, of [`LINE_BYTES`] bytes.
fn csv_line(piece: &mut Vec<u8>, number: usize) -> Result<()> {
    let begun = piece.len();
    if number == 0 {
        write!(piece, "number,day,customer,address,amount,currency,note")?;
    } else {
        let (day, amount) = (number % 28 + 1, number % 100_000);
        write!(
            piece,
            "{number:08},2026-01-{day:02},Customer {number:08},\"Mill Street {:03}, Oslo\",{amount}.50,EUR,note ",
            number % 999
        )?;
    }
    let filled = piece.len() - begun;
    ensure!(filled < LINE_BYTES, "a line of {filled} bytes is too long");
    piece.resize(begun + LINE_BYTES - 1, b'x');
    piece.push(b'\n');
    Ok(())
}

/// Watches the parser processes of a server.
struct Watch {
    done: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
}

impl Watch {
    fn start(server: u32) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let done = done.clone();
            move || {
                let mut most = 0;
                while !done.load(Ordering::Relaxed) {
                    // A parser process may end while it is looked at.
                    let children = processes::children(server, "parse-worker").unwrap_or_default();
                    let peaks = children.into_iter().filter_map(|child| processes::peak_resident(child).ok());
                    most = peaks.fold(most, u64::max);
                    std::thread::sleep(SAMPLE_EVERY);
                }
                most
            }
        });
        Self { done, thread }
    }

    /// The most that one parser process had, in bytes.
    fn stop(self) -> Result<u64> {
        self.done.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_panic| anyhow!("the watch over parser processes broke"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_the_length_that_was_announced() {
        let mut piece = Vec::new();
        for number in [0, 1, 4_999_999] {
            csv_line(&mut piece, number).unwrap();
        }
        let text = String::from_utf8(piece).unwrap();
        assert!(text.split_inclusive('\n').all(|line| line.len() == LINE_BYTES), "{text}");
        assert_eq!(text.lines().count(), 3);
    }
}
