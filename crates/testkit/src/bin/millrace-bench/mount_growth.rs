//! Whether a mount costs the same however full its table is, and what reading one costs then.
//!
//! At store level: tasks are inserted beforehand, and `finish_many` is timed, which mounts and ends them in one transaction.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, Utc};
use millrace_domain::json_table::{DataQuery, JsonTableDefinition};
use millrace_domain::mount::{ConflictPolicy, MountIntent, MountTable};
use millrace_domain::ports::Clock;
use millrace_domain::project::ProjectDefinition;
use millrace_domain::submission::{NewTask, Submission};
use millrace_domain::task::{Owner, TaskResult, TaskSpec};
use millrace_domain::{JsonPointer, ProjectId, TableId, TaskKind, UserId};
use millrace_queue::SystemClock;
use millrace_repository::{Admission, Finish, FinishKind, FinishOutcome, Stores};
use rand::Rng;
use serde_json::json;
use serde_json::value::RawValue;

use crate::arguments::Scale;
use crate::cluster::{Cluster, runtime};
use crate::figure::{Figure, grouped};
use crate::statistics::Times;

/// Mounts timed one by one at each place.
const SINGLE: usize = 300;
/// Batches timed at each place, and mounts in each.
const BATCHES: usize = 30;
const BATCH: usize = 100;
/// How much slower the late mounts may be.
const TARGET: f64 = 1.3;
/// Milliseconds that reading one mounted key may take.
const READ_TARGET: f64 = 2.0;
/// The container of all mounts.
const CONTAINER: &str = "/data";

/// Fills one table and times mounts on the way.
///
/// # Errors
/// When a mount is refused.
pub fn measure(folder: &Path, scale: Scale) -> Result<Vec<Figure>> {
    let late = scale.pick(100_000, 5_000);
    runtime()?.block_on(async {
        let cluster = Cluster::start(folder).await?;
        let mut filling = Filling::begin(cluster.store().await?.stores()).await?;
        // On another table, so that connections and plans are warm and the measured table is still empty.
        let measured = filling.new_table().await?;
        let warm_up = filling.new_table().await?;
        filling.timed(warm_up, 100, 1).await?;
        filling.timed(warm_up, 20, BATCH).await?;
        filling.mounted = 0;

        filling.fill(measured, 100).await?;
        let early_single = filling.timed(measured, SINGLE, 1).await?;
        let early_batch = filling.timed(measured, BATCHES, BATCH).await?;
        filling.fill(measured, late).await?;
        let late_single = filling.timed(measured, SINGLE, 1).await?;
        let late_batch = filling.timed(measured, BATCHES, BATCH).await?;
        let reads = filling.reads(measured, scale.pick(5000, 500)).await?;
        cluster.stop().await?;
        let count = grouped(late as u64);
        Ok(vec![
            ratio(
                &format!("mount no. {count} into one table vs no. 100, one a transaction"),
                &late_single,
                &early_single,
            ),
            ratio(&format!("… {BATCH} a transaction, per mount"), &late_batch, &early_batch),
            Figure::judged(
                format!("reading one of {count} mounted keys, p99"),
                format!("{:.2} ms (p50 {:.2} ms)", reads.milliseconds(0.99), reads.milliseconds(0.5)),
                format!("< {READ_TARGET} ms"),
                reads.milliseconds(0.99) < READ_TARGET,
            ),
        ])
    })
}

fn ratio(name: &str, late: &Times, early: &Times) -> Figure {
    let (late, early) = (late.milliseconds(0.5), early.milliseconds(0.5));
    Figure::judged(
        name,
        format!("{:.2} × ({late:.3} ms vs {early:.3} ms, medians)", late / early),
        format!("≤ {TARGET} ×"),
        late / early <= TARGET,
    )
}

struct Filling {
    stores: Stores,
    user: UserId,
    project: ProjectId,
    owner: Owner,
    container: JsonPointer,
    value: Arc<RawValue>,
    /// Mounts in the measured table.
    mounted: usize,
}

impl Filling {
    async fn begin(stores: Stores) -> Result<Self> {
        let user = stores.users.ensure("bench", "bench", now()).await?.id;
        let definition = ProjectDefinition { name: "bench".into(), description: String::new() };
        let project = stores.projects.create(user, &definition, now(), None).await?.id;
        let owner = stores.nodes.register("bench", std::time::Duration::from_secs(3600)).await?;
        let content = "nothing acknowledged is ever lost. ".repeat(28);
        let value = json!({"filename": "note.txt", "content": content, "pages": 1, "parser": "text", "warnings": []});
        let value = RawValue::from_string(value.to_string())?.into();
        Ok(Self { stores, user, project, owner, container: JsonPointer::parse(CONTAINER)?, value, mounted: 0 })
    }

    async fn new_table(&self) -> Result<TableId> {
        let definition = JsonTableDefinition { name: "bench".into(), description: String::new() };
        Ok(self.stores.tables.create(self.user, self.project, &definition, None, now(), None).await?.id)
    }

    /// Mounts until the table has so many.
    async fn fill(&mut self, table: TableId, count: usize) -> Result<()> {
        while self.mounted < count {
            let batch = self.insert(table, (count - self.mounted).min(500)).await?;
            self.finish(batch).await?;
        }
        Ok(())
    }

    /// Times per mount of so many transactions.
    async fn timed(&mut self, table: TableId, transactions: usize, mounts: usize) -> Result<Times> {
        let mut batches = Vec::with_capacity(transactions);
        let first = self.mounted;
        for number in 0..transactions {
            self.mounted = first + number * mounts;
            batches.push(self.insert(table, mounts).await?);
        }
        self.mounted = first;
        let mut times = Times::default();
        for batch in batches {
            let started = Instant::now();
            self.finish(batch).await?;
            times.push(started.elapsed() / u32::try_from(mounts)?);
        }
        Ok(times)
    }

    /// Stores tasks and prepares their ends.
    async fn insert(&self, table: TableId, count: usize) -> Result<Vec<Finish>> {
        let ids = self.stores.tasks.next_ids(count).await?;
        let tasks = ids.iter().map(|id| NewTask {
            id: *id,
            user_id: self.user,
            project_id: self.project,
            kind: TaskKind::Document,
            priority: 0,
            filename: "note.txt".into(),
            rule: None,
            upload_id: None,
            spec: Arc::new(TaskSpec::default()),
            run_at: None,
            born_failed: None,
        });
        let submission = Submission { uploads: Vec::new(), tasks: tasks.collect() };
        let admission = Admission { submission, receipt: None };
        self.stores.tasks.insert_many(Some(self.owner), &[admission], now()).await?;
        let tasks = self.stores.tasks.get_many(self.user, &ids).await?;
        ensure!(tasks.len() == count, "{} of {count} tasks were stored", tasks.len());
        let ends = tasks.iter().enumerate().map(|(index, task)| {
            let mount = MountIntent {
                task_id: task.id,
                user_id: self.user,
                project_id: self.project,
                table: MountTable::Existing(table),
                json_path: self.container.clone(),
                key: key(self.mounted + index),
                conflict: ConflictPolicy::Overwrite,
                create_missing: true,
                value: Arc::clone(&self.value),
                automatic: true,
            };
            Finish {
                id: task.id,
                task: Arc::clone(task),
                attempt_epoch: task.attempt_epoch,
                kind: FinishKind::Completed { result: Arc::new(TaskResult::default()), mount: Some(Box::new(mount)) },
                attempt: 1,
                started_at: Some(now()),
                transforming_at: None,
                spent: None,
                artifacts: Vec::new(),
            }
        });
        Ok(ends.collect())
    }

    async fn finish(&mut self, batch: Vec<Finish>) -> Result<()> {
        let outcomes = self.stores.tasks.finish_many(&batch, now()).await?;
        let applied = outcomes.iter().all(|outcome| matches!(outcome, FinishOutcome::Applied(_)));
        ensure!(applied, "a mount was not applied");
        self.mounted += batch.len();
        Ok(())
    }

    /// Times of reading keys by chance.
    async fn reads(&self, table: TableId, count: usize) -> Result<Times> {
        let mut times = Times::default();
        for _ in 0..count {
            let number = rand::rng().random_range(0..self.mounted);
            let query = DataQuery { pointer: self.container.join(&key(number))?, limit: 50, after_key: None };
            let started = Instant::now();
            let page = self.stores.tables.read(self.user, table, &query).await?;
            times.push(started.elapsed());
            let page = page.with_context(|| format!("mount no. {number} is not there"))?;
            ensure!(page.value["filename"] == "note.txt", "mount no. {number} reads otherwise");
        }
        Ok(times)
    }
}

/// As automatic mounts have them: a stem and eight digits. Their order is not that of the mounts.
fn key(number: usize) -> String {
    let scattered = (number as u32).wrapping_mul(2_654_435_761);
    format!("note-{scattered:08x}")
}

fn now() -> DateTime<Utc> {
    SystemClock.now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ() {
        let keys: std::collections::HashSet<_> = (0..200_000).map(key).collect();
        assert_eq!(keys.len(), 200_000);
    }
}
