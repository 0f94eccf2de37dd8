//! Files per second over HTTP: from the first byte sent until every file is mounted in one table.

use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::task::LocalSet;

use crate::arguments::Scale;
use crate::cluster::generator_runtime;
use crate::connection::Connection;
use crate::figure::{Figure, grouped, rate};
use crate::scratch::Scratch;
use crate::server::{Server, Workplace};
use crate::upload_form::{UPLOAD_AND_SUBMIT, UploadForm};

/// One way to send files.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    files: u32,
    per_request: u32,
    connections: u32,
    target: f64,
}

/// Measures both ways, each on a new server.
///
/// # Errors
/// When a file is not mounted at the end.
pub fn measure(folder: &Path, scale: Scale) -> Result<Vec<Figure>> {
    let cases = [
        Case {
            name: "HTTP upload_and_submit, 1 KB text, until mounted in one table: 100 files a request, 4 connections",
            files: scale.pick(40_000, 2_000),
            per_request: 100,
            connections: 4,
            target: 2_000.0,
        },
        Case {
            name: "… one file a request, 64 connections",
            files: scale.pick(20_000, 1_000),
            per_request: 1,
            connections: 64,
            target: 1_000.0,
        },
    ];
    cases.iter().map(|case| run(folder, *case)).collect()
}

fn run(folder: &Path, case: Case) -> Result<Figure> {
    let own = Scratch::new(folder)?;
    let server = Server::start(own.path(), &[])?;
    let elapsed = generator_runtime()?.block_on(LocalSet::new().run_until(async {
        let mut place = server.workplace().await?;
        // Connections to Postgres, prepared statements and folders are there before the clock starts.
        let warm_up = case.per_request * case.connections;
        send_all(&place, Case { files: warm_up, ..case }, 0).await?;
        until_nothing_is_open(&mut place).await?;

        let started = Instant::now();
        send_all(&place, case, warm_up).await?;
        until_nothing_is_open(&mut place).await?;
        let elapsed = started.elapsed();
        check(&mut place, case.files + warm_up).await?;
        anyhow::Ok(elapsed)
    }))?;
    server.stop()?;
    let reached = f64::from(case.files) / elapsed.as_secs_f64();
    Ok(Figure::judged(
        case.name,
        format!("{} ({} files in {:.1} s)", rate(reached), grouped(case.files.into()), elapsed.as_secs_f64()),
        format!("≥ {}", rate(case.target)),
        reached >= case.target,
    ))
}

/// Sends the files, numbered from `first`, over all connections.
async fn send_all(place: &Workplace, case: Case, first: u32) -> Result<()> {
    let next = Rc::new(std::cell::Cell::new(first));
    let end = first + case.files;
    let mut senders = Vec::new();
    for _ in 0..case.connections {
        let mut connection = Connection::open(place.address).await?;
        let (next, project, table, address) = (Rc::clone(&next), place.project, place.table, place.address);
        senders.push(tokio::task::spawn_local(async move {
            while next.get() < end {
                let begin = next.get();
                next.set(begin + case.per_request);
                let mut form = UploadForm::new(project);
                form.field("table_id", &table.to_string());
                for number in begin..begin + case.per_request {
                    form.text_file(number)?;
                }
                let answer = connection.send(&form.into_request(address, UPLOAD_AND_SUBMIT)).await?;
                ensure!(answer.status == 202, "{}: {}", answer.status, answer.text());
            }
            anyhow::Ok(())
        }));
    }
    for sender in senders {
        sender.await??;
    }
    Ok(())
}

/// Returns when every task has ended.
async fn until_nothing_is_open(place: &mut Workplace) -> Result<()> {
    let open = "pending,mineru_parsing,llm_processing,cancelling";
    let path = format!("/api/v1/etl/tasks?project_id={}&status={open}&limit=1", place.project);
    loop {
        let page = place.connection.get(&path).await?;
        let tasks = page["tasks"].as_array().context("a list without tasks")?;
        let Some(newest) = tasks.first() else { return Ok(()) };
        // Waits for the newest of them, which is likely to be the last one: asking costs the server time.
        let waiting = format!("/api/v1/etl/tasks/{}?wait=5", newest["task_id"]);
        place.connection.get(&waiting).await?;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Every task is completed, and the table has a member for each.
async fn check(place: &mut Workplace, files: u32) -> Result<()> {
    let path = format!("/api/v1/etl/tasks?project_id={}&status=completed&limit=1&include_total=true", place.project);
    let completed = place.connection.get(&path).await?["total"].as_u64();
    ensure!(completed == Some(files.into()), "{completed:?} of {files} tasks are completed");
    let mut members = 0;
    let mut token = String::new();
    loop {
        let path = format!("/api/v1/tables/{}/data?limit=200&page_token={token}", place.table);
        let page = place.connection.get(&path).await?;
        members += page["value"].as_object().context("the table is no object")?.len();
        match page["next_page_token"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    ensure!(members == files as usize, "the table has {members} members of {files}");
    Ok(())
}
