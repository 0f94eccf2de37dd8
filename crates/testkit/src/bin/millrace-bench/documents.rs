//! Documents through the whole server: the time of a 10-page PDF, files of great size, and what thousands of files leave in
//! memory.

mod large;

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use millrace_testkit::files;

use crate::arguments::Scale;
use crate::cluster::generator_runtime;
use crate::docx;
use crate::figure::{Figure, grouped};
use crate::latency::{judged, run};
use crate::processes;
use crate::scratch::Scratch;
use crate::server::{Server, Workplace};
use crate::upload_form::{UPLOAD_AND_SUBMIT, UploadForm};

/// Lines on a page of the PDF.
const LINES: usize = 40;
/// Files in one request.
const PER_REQUEST: u32 = 20;
/// What memory may have grown by, in megabytes.
const SLOPE_TARGET: f64 = 5.0;

/// Measures all of it.
///
/// # Errors
/// When a file does not complete.
pub fn measure(folder: &Path, scale: Scale) -> Result<Vec<Figure>> {
    let mut figures = vec![one_pdf(folder, scale)?];
    figures.extend(large::measure(folder, scale)?);
    figures.extend(many(folder, scale.pick(5_000, 200))?);
    Ok(figures)
}

fn one_pdf(folder: &Path, scale: Scale) -> Result<Figure> {
    let own = Scratch::new(folder)?;
    let server = Server::start(own.path(), &[])?;
    let times = generator_runtime()?.block_on(async {
        let mut place = server.workplace().await?;
        run(&mut place, scale.pick(200, 10), |form, number| {
            form.file(&format!("report-{number}.pdf"), &pdf(number, 10));
            Ok(())
        })
        .await
    })?;
    server.stop()?;
    Ok(judged("submit → mounted, one 10-page PDF, `skip`, p50", &times, 0.5, 120.0))
}

/// A PDF that no other number has.
fn pdf(number: u32, pages: usize) -> Vec<u8> {
    files::pdf_of(pages, |page| {
        let text =
            |line| format!("Report {number}, page {page}, line {line}: every delivery is weighed and entered at once.");
        (0..LINES).map(text).collect()
    })
}

/// Memory of the server after a first fifth of the files and after all of them.
fn many(folder: &Path, count: u32) -> Result<Vec<Figure>> {
    let own = Scratch::new(folder)?;
    let server = Server::start(own.path(), &[])?;
    let (first, last) = generator_runtime()?.block_on(async {
        let mut place = server.workplace().await?;
        send(&mut place, 0..count / 5).await?;
        let first = settled(&server).await?;
        send(&mut place, count / 5..count).await?;
        anyhow::Ok((first, settled(&server).await?))
    })?;
    server.stop()?;
    let growth = last - first;
    Ok(vec![
        Figure::judged(
            format!(
                "memory of the server, from {} to {} documents",
                grouped((count / 5).into()),
                grouped(count.into())
            ),
            format!("{growth:+.1} MB resident"),
            format!("±{SLOPE_TARGET} MB"),
            growth <= SLOPE_TARGET,
        ),
        Figure::note("… in all at the end", format!("{last:.1} MB resident")),
    ])
}

/// Resident megabytes of the server process once it is idle.
async fn settled(server: &Server) -> Result<f64> {
    // Lease renewals, idle parsers and the allocator come to rest.
    tokio::time::sleep(Duration::from_secs(8)).await;
    Ok(processes::memory(server.pid())?.resident as f64 / 1e6)
}

/// Sends a mixture of documents, each request when the one before has completed.
async fn send(place: &mut Workplace, numbers: std::ops::Range<u32>) -> Result<()> {
    for start in numbers.clone().step_by(PER_REQUEST as usize) {
        let mut form = UploadForm::new(place.project);
        form.field("table_id", &place.table.to_string());
        for number in start..(start + PER_REQUEST).min(numbers.end) {
            match number % 4 {
                0 => form.file(&format!("report-{number}.pdf"), &pdf(number, 3)),
                1 => form.file(&format!("handbook-{number}.docx"), &docx::two_pages(number)?),
                2 => form.file(&format!("page-{number}.html"), html(number).as_bytes()),
                _ => form.text_file(number)?,
            }
        }
        let submitted = place.connection.send(&form.into_request(place.address, UPLOAD_AND_SUBMIT)).await?.json(202)?;
        for id in submitted["task_ids"].as_array().into_iter().flatten() {
            let task = place.connection.get(&format!("/api/v1/etl/tasks/{id}?wait=60")).await?;
            ensure!(task["status"] == "completed", "a task ended otherwise: {task}");
        }
    }
    Ok(())
}

fn html(number: u32) -> String {
    let rows: String = (0..30).map(|row| format!("<tr><td>Article {row}</td><td>{}</td></tr>", row * number)).collect();
    format!("<!doctype html><html><body><h1>Prices {number}</h1><table>{rows}</table></body></html>")
}
