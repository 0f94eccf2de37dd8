//! A page of the task list at the far end of a long history, over HTTP.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::arguments::Scale;
use crate::cluster::{connect, generator_runtime};
use crate::connection::get_request;
use crate::figure::{Figure, grouped};
use crate::server::{Server, Workplace};
use crate::statistics::Times;

/// Tasks that are there before the history: the far end.
const OLDEST: i64 = 1_000;
/// Tasks on a page.
const PAGE: usize = 50;
/// Milliseconds.
const TARGET: f64 = 20.0;

/// Ended tasks as the product leaves them. Foreign keys are not checked, which saves most of the time.
const INSERT: &str = "
    insert into task (id, user_id, project_id, kind, status, priority, progress, attempt, attempt_epoch, rule_id,
                      rule_version, created_at, updated_at, started_at, finished_at, filename, spec, result, error)
    select i, p.user_id, p.id, 'document', s.status, 0, 100, 1, 1, 1, 1, t.at, t.at, t.at, t.at, 'note-' || i || '.txt',
           jsonb_build_object(
               'source', jsonb_build_object('key', 'users/1/raw/1/' || i || '.txt', 'sha256', repeat('0a', 32),
                                            'size', 1024, 'media_type', 'text/plain'),
               'mount', jsonb_build_object('table_id', 1, 'json_path', '', 'key', 'note-' || i,
                                           'conflict', 'overwrite', 'create_missing', true)),
           case when s.status = 'completed' then jsonb_build_object(
               'output_path', 'users/1/processed/1/' || i || '-1.json', 'output_size', 1200,
               'sha256', repeat('0b', 32), 'processing_time', 0.002, 'parser', 'text', 'pages', 1) end,
           case when s.status = 'failed' then jsonb_build_object(
               'code', 'broken_file', 'message', 'the file is broken', 'stage', 'mineru', 'retryable', false) end
    from generate_series($2::bigint, $3::bigint) as i,
         (select id, user_id from project where id = $1) as p,
         lateral (select case when i % 100 = 0 then 'failed' else 'completed' end as status) as s,
         lateral (select now() - make_interval(secs => $4::float8 - i) as at) as t";

/// Inserts a history and reads pages at its far end.
///
/// # Errors
/// When the history cannot be inserted, or a page is not full.
pub fn measure(folder: &Path, scale: Scale) -> Result<Vec<Figure>> {
    let rows: i64 = scale.pick(1_000_000, 50_000);
    let requests = scale.pick(1000, 100);
    let server = Server::start(folder, &[])?;
    let (all, completed, failed) = generator_runtime()?.block_on(async {
        let mut place = server.workplace().await?;
        let history = History::begin(&server, &place, rows).await?;
        history.insert(1, OLDEST).await?;
        // A page token tells where a page ends. Taken while the history is short, it leads to its far end later.
        let mut pages = Vec::new();
        for filter in ["", "&status=completed", "&status=failed"] {
            let filter = format!("project_id={}{filter}", place.project);
            pages.push(far_page(&mut place, &filter).await?);
        }
        history.insert(OLDEST + 1, rows).await?;
        history.settle().await?;
        let mut times = Vec::new();
        for page in &pages {
            times.push(read(&mut place, page, requests).await?);
        }
        let [all, completed, failed] = times.try_into().ok().context("three lists")?;
        anyhow::Ok((all, completed, failed))
    })?;
    server.stop()?;
    let name = format!("list page ({PAGE} tasks) at row {} of history, over HTTP", grouped(rows.unsigned_abs()));
    Ok(vec![
        judged(&format!("{name}, p95"), &all),
        judged("… completed ones only", &completed),
        judged("… failed ones only (1 %)", &failed),
    ])
}

fn judged(name: &str, times: &Times) -> Figure {
    let reached = times.milliseconds(0.95);
    let measured = format!("{reached:.1} ms (p50 {:.1} ms)", times.milliseconds(0.5));
    Figure::judged(name, measured, format!("≤ {TARGET} ms"), reached <= TARGET)
}

struct History {
    client: tokio_postgres::Client,
    project: i64,
    rows: i64,
}

impl History {
    async fn begin(server: &Server, place: &Workplace, rows: i64) -> Result<Self> {
        let superuser = server.superuser_url()?.replacen("///postgres?", "///millrace?", 1);
        let client = connect(&superuser).await?;
        client.batch_execute("set session_replication_role = replica").await?;
        Ok(Self { client, project: place.project.try_into()?, rows })
    }

    async fn insert(&self, first: i64, last: i64) -> Result<()> {
        let span = self.rows as f64;
        self.client.execute(INSERT, &[&self.project, &first, &last, &span]).await?;
        Ok(())
    }

    /// What autovacuum does within minutes of such a load.
    async fn settle(&self) -> Result<()> {
        Ok(self.client.batch_execute("vacuum analyze task").await?)
    }
}

/// The path of a page a few tasks below the newest, taken while the history is short.
async fn far_page(place: &mut Workplace, filter: &str) -> Result<String> {
    let first = place.connection.get(&format!("/api/v1/etl/tasks?{filter}&limit=5")).await?;
    let token = first["next_page_token"].as_str().context("the history has one page only")?;
    Ok(format!("/api/v1/etl/tasks?{filter}&limit={PAGE}&page_token={token}"))
}

async fn read(place: &mut Workplace, path: &str, requests: usize) -> Result<Times> {
    let request = get_request(place.address, path);
    let mut times = Times::default();
    for _ in 0..requests {
        let started = Instant::now();
        let answer = place.connection.send(&request).await?;
        times.push(started.elapsed());
        let page = answer.json(200)?;
        let tasks = page["tasks"].as_array().context("a list without tasks")?;
        let old = tasks.iter().all(|task| task["task_id"].as_i64().is_some_and(|id| id < OLDEST));
        ensure!(old && !tasks.is_empty(), "this is not the far end: {page}");
    }
    Ok(times)
}
