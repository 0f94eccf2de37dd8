//! How long one file takes on a server that has nothing else to do: from the submit to the answer that says `completed`.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use millrace_testkit::files;

use crate::arguments::Scale;
use crate::cluster::generator_runtime;
use crate::figure::Figure;
use crate::server::{Server, Workplace};
use crate::statistics::Times;
use crate::upload_form::{UPLOAD_AND_SUBMIT, UploadForm};

/// The document with two pages.
const DOCX: &str = "quality-handbook.docx";
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
        let document = std::fs::read(files::examples().join(DOCX)).with_context(|| format!("no {DOCX}"))?;
        let docx = run(&mut place, scale.pick(200, 10), |form, number| {
            form.file(&format!("handbook-{number}.docx"), &with_comment(&document, number)?);
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

fn judged(name: &str, times: &Times, share: f64, target: f64) -> Figure {
    let reached = times.milliseconds(share);
    Figure::judged(name, format!("{reached:.1} ms"), format!("≤ {target} ms"), reached <= target)
}

/// Sends one file after the other, each only when the one before has completed.
async fn run(place: &mut Workplace, count: u32, add: impl Fn(&mut UploadForm, u32) -> Result<()>) -> Result<Times> {
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
    }
    Ok(times)
}

/// The same archive with other bytes, so that no cache knows it: the number becomes the comment at its end.
fn with_comment(archive: &[u8], number: u32) -> Result<Vec<u8>> {
    // The last two bytes of an archive without a comment are the comment's length.
    let Some((body, [0, 0])) = archive.split_last_chunk::<2>() else {
        anyhow::bail!("the document ends with a comment already");
    };
    let comment = format!("{number:08}");
    let mut bytes = body.to_vec();
    bytes.extend_from_slice(&u16::try_from(comment.len())?.to_le_bytes());
    bytes.extend_from_slice(comment.as_bytes());
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commented_archive_is_still_one() {
        let archive = files::zip(&[("a", b"content")]).unwrap();
        let commented = with_comment(&archive, 7).unwrap();
        let read = zip::ZipArchive::new(std::io::Cursor::new(commented.clone())).unwrap();
        assert_eq!((read.comment(), read.len()), (&b"00000007"[..], 1));
        assert!(with_comment(&commented, 8).is_err());
    }
}
