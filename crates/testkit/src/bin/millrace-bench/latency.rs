//! How long one file takes on a server that has nothing else to do: from the submit to the answer that says `completed`.

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};

use crate::arguments::Scale;
use crate::cluster::generator_runtime;
use crate::docx;
use crate::figure::Figure;
use crate::server::{Server, Workplace};
use crate::statistics::Times;
use crate::upload_form::{UPLOAD_AND_SUBMIT, UploadForm};

/// Files before the clock starts.
const WARM_UP: u32 = 20;

/// Measures a text file and a DOCX.
///
/// # Errors
/// When a file does not complete.
pub fn measure(folder: &Path, scale: Scale) -> Result<Vec<Figure>> {
    let server = Server::start(folder, &[])?;
    let (text, docx) = generator_runtime()?.block_on(async {
        let mut place = server.workplace().await?;
        let text = run(&mut place, scale.pick(1000, 50), |form, number| form.text_file(number)).await?;
        let docx = run(&mut place, scale.pick(200, 10), |form, number| {
            form.file(&format!("handbook-{number}.docx"), &docx::two_pages(number)?);
            Ok(())
        })
        .await?;
        anyhow::Ok((text, docx))
    })?;
    server.stop()?;
    Ok(vec![
        judged("submit → completed on an idle server: one text file of 1 KB, p50", &text, 0.5, 10.0),
        judged("… p99", &text, 0.99, 30.0),
        judged("… one 2-page DOCX through the warm parser child, p50", &docx, 0.5, 40.0),
        Figure::note("… p99", format!("{:.1} ms", docx.milliseconds(0.99))),
    ])
}

pub(crate) fn judged(name: &str, times: &Times, share: f64, target: f64) -> Figure {
    let reached = times.milliseconds(share);
    Figure::judged(name, format!("{reached:.1} ms"), format!("≤ {target} ms"), reached <= target)
}

/// Sends one file after the other, each only when the one before has completed.
pub(crate) async fn run(
    place: &mut Workplace,
    count: u32,
    add: impl Fn(&mut UploadForm, u32) -> Result<()>,
) -> Result<Times> {
    let mut times = Times::default();
    for number in 0..count + WARM_UP {
        let mut form = UploadForm::new(place.project);
        form.field("table_id", &place.table.to_string());
        add(&mut form, number)?;
        let request = form.into_request(place.address, UPLOAD_AND_SUBMIT);
        let started = Instant::now();
        let submitted = place.connection.send(&request).await?.json(202)?;
        let path = format!("/api/v1/etl/tasks/{}?wait=30", submitted["task_id"]);
        let task = place.connection.get(&path).await?;
        if number >= WARM_UP {
            times.push(started.elapsed());
        }
        ensure!(task["status"] == "completed", "a task ended otherwise: {task}");
        // The text is in the result: nothing was taken for an empty file.
        let whole = task["result"]["output_size"].as_u64().is_some_and(|size| size > 1000);
        ensure!(whole, "a result holds too little: {task}");
    }
    Ok(times)
}
