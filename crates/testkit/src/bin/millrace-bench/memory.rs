//! Memory of the server process: idle, with many waiting tasks, and during a large upload.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::arguments::Scale;
use crate::cluster::generator_runtime;
use crate::connection::Connection;
use crate::docx;
use crate::figure::{Figure, grouped};
use crate::processes::{self, Memory};
use crate::scratch::Scratch;
use crate::server::{Server, Workplace};
use crate::upload_form::{UPLOAD_AND_SUBMIT, UploadForm};

/// Megabytes.
const IDLE_TARGET: f64 = 60.0;
const PENDING_TARGET: f64 = 150.0;
const UPLOAD_TARGET: f64 = 32.0;
/// Bytes sent at once during the large upload.
const PIECE: usize = 256 * 1024;
/// Files in one request.
const PER_REQUEST: u32 = 100;

/// Measures all three.
///
/// # Errors
/// When the server does not take what it is sent.
pub fn measure(folder: &Path, scale: Scale) -> Result<Vec<Figure>> {
    let mut figures = during_upload(folder, scale.pick(2_000_000_000, 100_000_000))?;
    figures.insert(1, with_pending(folder, scale.pick(100_000, 2_000))?);
    Ok(figures)
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// The idle server, then the peak while one file of this size comes in.
fn during_upload(folder: &Path, size: usize) -> Result<Vec<Figure>> {
    let own = Scratch::new(folder)?;
    let server = Server::start(own.path(), &[])?;
    let (idle, children, before, peak) = generator_runtime()?.block_on(async {
        let place = server.workplace().await?;
        // Until the first lease renewals and the warm parser are behind it.
        tokio::time::sleep(Duration::from_secs(6)).await;
        let idle = processes::memory(server.pid())?;
        let children = parsers(&server)?;
        processes::forget_peak(server.pid())?;
        upload(&place, size).await?;
        anyhow::Ok((idle, children, idle.resident, processes::peak_resident(server.pid())?))
    })?;
    server.stop()?;
    let growth = megabytes(peak.saturating_sub(before));
    Ok(vec![
        Figure::judged(
            "memory of the idle server process",
            format!(
                "{:.1} MB resident ({:.1} MB proportional)",
                megabytes(idle.resident),
                megabytes(idle.proportional)
            ),
            format!("≤ {IDLE_TARGET} MB"),
            megabytes(idle.resident) <= IDLE_TARGET,
        ),
        Figure::judged(
            format!("… during an upload of {:.1} GB, peak", size as f64 / 1e9),
            format!("+{growth:.1} MB resident"),
            format!("≤ +{UPLOAD_TARGET} MB"),
            growth <= UPLOAD_TARGET,
        ),
        Figure::note("… of its idle parser processes, each", children),
    ])
}

fn parsers(server: &Server) -> Result<String> {
    let memories: Vec<Memory> =
        processes::children(server.pid(), "parse-worker")?.into_iter().map(processes::memory).collect::<Result<_>>()?;
    let texts = memories.iter().map(|memory| {
        format!("{:.1} MB resident ({:.1} MB proportional)", megabytes(memory.resident), megabytes(memory.proportional))
    });
    Ok(texts.collect::<Vec<_>>().join("; "))
}

/// Streams one file.
async fn upload(place: &Workplace, size: usize) -> Result<()> {
    let mut form = UploadForm::new(place.project);
    form.begin_file("large.bin");
    let end = UploadForm::end();
    let mut connection = Connection::open(place.address).await?;
    connection.write(&form.begin_request(place.address, "/api/v1/etl/upload", size + end.len())).await?;
    let piece: Vec<u8> = (0..PIECE).map(|index| (index % 251) as u8).collect();
    let mut left = size;
    while left > 0 {
        let count = left.min(PIECE);
        connection.write(&piece[..count]).await?;
        left -= count;
    }
    connection.write(&end).await?;
    connection.answer().await?.json(201)?;
    Ok(())
}

/// Growth with so many tasks waiting. One task may run at once, and its parser is halted, so that all others wait.
fn with_pending(folder: &Path, count: u32) -> Result<Figure> {
    let own = Scratch::new(folder)?;
    let server = Server::start(
        own.path(),
        &[
            ("MILLRACE_QUEUE__CONCURRENCY__DOCUMENT", "1"),
            ("MILLRACE_QUEUE__MAX_PENDING", "200000"),
            ("MILLRACE_PARSERS__WORKERS", "1"),
            ("MILLRACE_PARSERS__WALL_SECONDS", "600"),
            ("MILLRACE_QUEUE__DRAIN_SECONDS", "1"),
        ],
    )?;
    let (before, after) = generator_runtime()?.block_on(async {
        let mut place = server.workplace().await?;
        tokio::time::sleep(Duration::from_secs(6)).await;
        let before = processes::memory(server.pid())?;
        block_the_queue(&server, &mut place).await?;
        for number in (0..count).step_by(PER_REQUEST as usize) {
            let mut form = UploadForm::new(place.project);
            form.field("table_id", &place.table.to_string());
            (number..number + PER_REQUEST).try_for_each(|number| form.text_file(number))?;
            place.connection.send(&form.into_request(place.address, UPLOAD_AND_SUBMIT)).await?.json(202)?;
        }
        let path = format!("/api/v1/etl/tasks?project_id={}&status=pending&limit=1&include_total=true", place.project);
        let pending = place.connection.get(&path).await?["total"].as_u64();
        ensure!(pending == Some(count.into()), "{pending:?} of {count} tasks wait");
        anyhow::Ok((before, processes::memory(server.pid())?))
    })?;
    server.stop()?;
    let growth = megabytes(after.resident.saturating_sub(before.resident));
    Ok(Figure::judged(
        format!("… with {} pending tasks", grouped(count.into())),
        format!("+{growth:.1} MB resident"),
        format!("≤ +{PENDING_TARGET} MB"),
        growth <= PENDING_TARGET,
    ))
}

/// Submits a document whose parser does not move.
async fn block_the_queue(server: &Server, place: &mut Workplace) -> Result<()> {
    let children = processes::children(server.pid(), "parse-worker")?;
    ensure!(!children.is_empty(), "there is no warm parser process");
    for child in children {
        kill(Pid::from_raw(child.try_into()?), Signal::SIGSTOP)?;
    }
    let mut form = UploadForm::new(place.project);
    form.field("priority", "100");
    form.file("blocking.docx", &docx::two_pages(0)?);
    let request = form.into_request(place.address, UPLOAD_AND_SUBMIT);
    let submitted = place.connection.send(&request).await?.json(202)?;
    let path = format!("/api/v1/etl/tasks/{}?wait=1", submitted["task_id"]);
    let task = place.connection.get(&path).await?;
    ensure!(task["status"] == "mineru_parsing", "the blocking task does not run: {task}");
    Ok(())
}
