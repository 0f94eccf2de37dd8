//! The database, and the objects that its rows name.

use std::sync::Arc;
use std::time::Duration;

use millrace_domain::ports::{Clock, ObjectStore};
use millrace_queue::SystemClock;
use millrace_repository::Stores;

use super::super::database::Database;
use super::orphans::Unswept;
use super::report::Report;
use crate::compose;
use crate::config::{Config, StoreKind};
use crate::housekeeping::sweep_orphans;

/// Receipts removed per statement.
const RECEIPTS: usize = 1000;

/// How to go about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// Whether to put right what can be.
    pub(super) fix: bool,
    /// Age of an object from which it may be an orphan.
    pub(super) grace: Duration,
}

/// Looks at the database and the object store.
///
/// # Errors
/// When the report cannot be printed; so below.
pub(super) async fn check(config: &Config, plan: Plan, report: &mut Report) -> anyhow::Result<()> {
    if config.store == StoreKind::Memory {
        return report.warn("database", "store=memory: nothing is kept when the server ends");
    }
    let database = match Database::open(config).await {
        Ok(database) => database,
        Err(error) => return report.fail("database", &format!("{error:#}")),
    };
    if let Some(postgres) = &database.postgres {
        let place = postgres.cluster().display();
        report.ok("Postgres", &format!("version {} starts on {place}", postgres.major_version()))?;
    }
    let checked = look(config, plan, &database, report).await;
    database.close().await?;
    checked
}

async fn look(config: &Config, plan: Plan, database: &Database, report: &mut Report) -> anyhow::Result<()> {
    let is_current = schema(plan, database, report).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let objects = objects(config, &clock, report).await?;
    if !is_current {
        return report.warn("tasks", "not looked at, since the database schema is not up to date");
    }
    rows(plan, database, &*clock, report).await?;
    match objects {
        Some(objects) => orphans(plan, &database.store.stores(), objects, &clock, report).await,
        None => Ok(()),
    }
}

async fn schema(plan: Plan, database: &Database, report: &mut Report) -> anyhow::Result<bool> {
    let pending = match database.store.pending_migrations().await {
        Ok(pending) => pending,
        Err(error) => {
            let hint = "check database.url, and whether that server runs";
            report.fail("database", &format!("{:#}; {hint}", anyhow::Error::from(error)))?;
            return Ok(false);
        }
    };
    if pending.is_empty() {
        report.ok("database", "answers, its schema is up to date")?;
        return Ok(true);
    }
    if !plan.fix {
        let text = format!("answers, but {} migrations are to apply: the next start does so, or --fix", pending.len());
        report.warn("database", &text)?;
        return Ok(false);
    }
    match database.store.migrate().await {
        Ok(applied) => {
            report.ok("database", &format!("answers; {} migrations were applied", applied.len()))?;
            Ok(true)
        }
        Err(error) => {
            report.fail("database", &format!("{:#}", anyhow::Error::from(error)))?;
            Ok(false)
        }
    }
}

async fn objects(
    config: &Config,
    clock: &Arc<dyn Clock>,
    report: &mut Report,
) -> anyhow::Result<Option<Arc<dyn ObjectStore>>> {
    let hint = "check [objects], and the rights on the folder or the bucket";
    let store = match compose::open_objects(config, Arc::clone(clock)) {
        Ok(store) => store,
        Err(error) => {
            report.fail("objects", &format!("{error:#}; {hint}"))?;
            return Ok(None);
        }
    };
    match store.check().await {
        Ok(()) => {
            report.ok("objects", "can be written and read")?;
            Ok(Some(store))
        }
        Err(error) => {
            report.fail("objects", &format!("{:#}; {hint}", anyhow::Error::from(error)))?;
            Ok(None)
        }
    }
}

async fn rows(plan: Plan, database: &Database, clock: &dyn Clock, report: &mut Report) -> anyhow::Result<()> {
    let found = match database.store.diagnose(clock.now()).await {
        Ok(found) => found,
        Err(error) => return report.fail("tasks", &format!("{:#}", anyhow::Error::from(error))),
    };
    match (found.stranded_tasks, found.owned_tasks) {
        // We started this Postgres ourselves, so no node lives, even if its lease has not ended yet.
        (_, tasks @ 1..) if database.postgres.is_some() => {
            report.warn("tasks", &format!("{tasks} were interrupted with their node; the next start takes them up"))?;
        }
        (tasks @ 1.., _) => report.warn(
            "tasks",
            &format!(
                "{tasks} belong to a node that is gone; a running node takes them up within seconds, or the next start"
            ),
        )?,
        _ => report.ok("tasks", "none belongs to a node that is gone")?,
    }
    if found.expired_receipts == 0 {
        return report.ok("idempotency", "no expired receipts");
    }
    if !plan.fix {
        let text =
            format!("{} expired receipts; a server removes them every 15 minutes, or --fix", found.expired_receipts);
        return report.ok("idempotency", &text);
    }
    let receipts = database.store.stores().idempotency;
    let mut removed = 0;
    loop {
        match receipts.sweep(clock.now(), RECEIPTS).await {
            Ok(RECEIPTS) => removed += RECEIPTS,
            Ok(rest) => return report.ok("idempotency", &format!("{} expired receipts were removed", removed + rest)),
            Err(error) => return report.fail("idempotency", &format!("{:#}", anyhow::Error::from(error))),
        }
    }
}

async fn orphans(
    plan: Plan,
    stores: &Stores,
    objects: Arc<dyn ObjectStore>,
    clock: &Arc<dyn Clock>,
    report: &mut Report,
) -> anyhow::Result<()> {
    let objects: Arc<dyn ObjectStore> = if plan.fix { objects } else { Arc::new(Unswept(objects)) };
    let swept = match sweep_orphans(stores, &objects, clock, plan.grace).await {
        Ok(swept) => swept,
        Err(error) => return report.fail("orphans", &format!("{:#}", anyhow::Error::from(error))),
    };
    let bytes = super::super::terminal::size(swept.deleted_bytes);
    let of = format!("of {} objects older than {} s", swept.known + swept.deleted + swept.failed, plan.grace.as_secs());
    match (swept.deleted, swept.failed, plan.fix) {
        (0, 0, _) => report.ok("orphans", &format!("every one {of} belongs to a row")),
        (gone, 0, true) => report.ok("orphans", &format!("{gone} {of} belonged to no row and were removed ({bytes})")),
        (gone, failed, true) => report.warn(
            "orphans",
            &format!("{gone} {of} belonged to no row and were removed ({bytes}); {failed} could not be"),
        ),
        (gone, _, false) => report.warn(
            "orphans",
            &format!("{gone} {of} belong to no row ({bytes}); a server removes them in time, or --fix"),
        ),
    }
}
