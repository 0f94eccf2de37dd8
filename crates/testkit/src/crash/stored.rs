//! The rows and the bytes themselves, after the server has stopped.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use futures::TryStreamExt;
use millrace_domain::ports::{Clock, ObjectStore};
use millrace_queue::SystemClock;
use millrace_repository::objects::LocalObjectStore;
use millrace_repository::postgres::{PgOptions, PgStore};
use millrace_server::embedded_postgres::{DataDir, EmbeddedPostgres, PostgresOptions};
use millrace_server::housekeeping::sweep_orphans;
use sha2::{Digest, Sha256};
use tokio_postgres::NoTls;

use super::work::Work;

/// Counts that must be zero, and what they count.
const NONE_OF: [(&str, &str); 6] = [
    (
        "tasks without exactly one mount",
        "select count(*) from task t where (select count(*) from mount m where m.task_id = t.id) <> 1",
    ),
    ("mounts that are not in place", "select count(*) from mount where state <> 'mounted'"),
    (
        "mounts without exactly one segment",
        "select count(*) from mount m left join \
         (select table_id, task_id, count(*) as n from json_segment group by table_id, task_id) s \
         using (table_id, task_id) where s.n is distinct from 1",
    ),
    (
        "tasks without exactly the artifacts of their file",
        "select count(*) from task t where (select array_agg(kind order by kind) from artifact a \
         where a.task_id = t.id) is distinct from case \
         when t.filename like '%.rows.csv' then array['parsed', 'result', 'rows'] \
         when t.filename like '%.cited.md' then array['citations', 'parsed', 'result'] \
         else array['parsed', 'result'] end",
    ),
    (
        "tasks that completed more or less than once",
        "select count(*) from task t where (select count(*) from event e \
         where e.task_id = t.id and e.name = 'task.completed') <> 1",
    ),
    (
        "uploads without exactly one task",
        "select count(*) from upload u left join (select upload_id, count(*) as n from task group by upload_id) t \
         on t.upload_id = u.id where t.n is distinct from 1",
    ),
];

/// Checks rows and bytes; gives the number of objects that a crash had left and the sweeper removed.
pub(super) async fn check(folder: &Path, work: &Work) -> Result<u64> {
    let data = DataDir::open(&folder.join("data"))?;
    let postgres = EmbeddedPostgres::start(&data, &PostgresOptions::default()).await?;
    let url = postgres.database_url();
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
    tokio::spawn(connection);
    for (what, query) in NONE_OF {
        let count: i64 = client.query_one(query, &[]).await.with_context(|| what.to_owned())?.get(0);
        if count != 0 {
            work.violation(format!("{count} {what}"));
        }
    }
    let options = PgOptions { url, max_connections: 2, acquire_timeout: Duration::from_secs(20) };
    let stores = PgStore::connect(&options)?.stores();
    let objects: Arc<dyn ObjectStore> = Arc::new(LocalObjectStore::open(&data.path().join("objects"))?);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let report = sweep_orphans(&stores, &objects, &clock, Duration::ZERO).await?;
    if report.failed + report.foreign > 0 {
        work.violation(format!("the sweep ended with {report:?}"));
    }
    // What is left must be what the rows name, byte for byte.
    let named = client.query("select key, sha256 from upload union all select key, sha256 from artifact", &[]).await?;
    let mut keys = HashSet::new();
    for row in named {
        let (key, sha256): (String, String) = (row.get(0), row.get(1));
        match objects.get(&key).await {
            Ok(bytes) if hex(&Sha256::digest(&bytes)) == sha256 => {}
            Ok(_) => work.violation(format!("object {key} has not the digest of its row")),
            Err(error) => work.violation(format!("object {key}: {error}")),
        }
        keys.insert(key);
    }
    let left: Vec<_> = objects.list("").try_collect().await?;
    for object in left.iter().filter(|object| !keys.contains(&object.key)) {
        work.violation(format!("object {} is named by no row", object.key));
    }
    drop((client, stores));
    postgres.stop().await?;
    Ok(report.deleted)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
