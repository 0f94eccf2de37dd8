//! Many mounts in one transaction, each costing its own value only.
//!
//! The usual mount (a free key in an object, or in a table made for it) goes the fast way: containers are looked at
//! once per `(table, container)`, targets once per batch, and all segments are written by one statement. Everything
//! else goes through [`mount_one`], one by one, in the same transaction.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use millrace_domain::mount::{AUTO_TABLE_DESCRIPTION, MountIntent, MountRejection, MountState, MountTable};
use millrace_domain::mount_rules::{Container, Decision, decide, occupant};
use millrace_domain::{JsonPointer, TableId, TaskId};

use super::error::TxError;
use super::fixed::fixed_query;
use super::mount_probe::{self, ContainerState};
use super::mounts::{self, MountRecord, MountRow, Placed};
use super::schema::json_table;
use super::segments::{self, NewSegment, SegmentKey};
use super::{mount_one, path};
use crate::RepositoryError;

/// What became of each mount.
pub(super) type Outcome = Result<MountRecord, MountRejection>;

/// Applies mounts; outcomes are in their order. A refusal leaves the transaction sound.
pub(super) async fn apply(
    connection: &mut AsyncPgConnection,
    intents: &[&MountIntent],
    now: DateTime<Utc>,
) -> Result<Vec<Outcome>, TxError> {
    let tables = resolve_tables(connection, intents, now).await?;
    let records = earlier_records(connection, intents, &tables).await?;
    let mut outcomes: Vec<Option<Outcome>> = intents.iter().map(|_| None).collect();
    let fast = place_fast(connection, intents, &tables, &records, now).await?;
    let placed: Vec<(&MountIntent, Placed)> =
        fast.iter().map(|(index, placed)| (intents[*index], placed.clone())).collect();
    let recorded = mounts::record(connection, &placed, now).await?;
    for ((index, _), record) in fast.iter().zip(recorded) {
        outcomes[*index] = Some(Ok(record));
    }
    for (index, intent) in intents.iter().enumerate() {
        if outcomes[index].is_some() {
            continue;
        }
        outcomes[index] = Some(match &tables[index] {
            Ok(table) => {
                mount_one::apply(connection, intent, table.id, records.get(&record_key(intent, table.id)), now).await?
            }
            Err(rejection) => Err(rejection.clone()),
        });
    }
    Ok(outcomes.into_iter().flatten().collect())
}

/// A table that a mount goes to.
#[derive(Clone, Copy)]
struct Resolved {
    id: TableId,
    /// Made in this transaction: nothing can be in it.
    is_new: bool,
}

#[derive(QueryableByName)]
struct IdRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

#[derive(QueryableByName)]
struct AutoTable {
    #[diesel(sql_type = BigInt)]
    task_id: i64,
    #[diesel(sql_type = BigInt)]
    table_id: i64,
}

/// Locks the tables that exist (against changes of their documents by hand, not against other mounts) and makes those
/// that do not. A task that was mounted into a table of its own before keeps that table.
async fn resolve_tables(
    connection: &mut AsyncPgConnection,
    intents: &[&MountIntent],
    now: DateTime<Utc>,
) -> Result<Vec<Result<Resolved, MountRejection>>, TxError> {
    let mut homeless: Vec<&MountIntent> = Vec::new();
    let mut wanted: Vec<i64> = Vec::new();
    for intent in intents {
        match &intent.table {
            MountTable::Existing(id) => wanted.push(id.get()),
            MountTable::New { .. } => homeless.push(intent),
        }
    }
    let mut homes: HashMap<i64, Resolved> = HashMap::new();
    if !homeless.is_empty() {
        let kept: Vec<AutoTable> =
            diesel::sql_query("select task_id, table_id from mount where automatic and task_id = any($1)")
                .bind::<Array<BigInt>, _>(homeless.iter().map(|intent| intent.task_id.get()).collect::<Vec<_>>())
                .load(connection)
                .await?;
        for row in kept {
            let id = TableId::new(row.table_id).map_err(RepositoryError::from)?;
            homes.insert(row.task_id, Resolved { id, is_new: false });
        }
        homeless.retain(|intent| !homes.contains_key(&intent.task_id.get()));
        wanted.extend(homes.values().map(|home| home.id.get()));
        for (intent, id) in homeless.iter().zip(make_tables(connection, &homeless, now).await?) {
            homes.insert(intent.task_id.get(), Resolved { id, is_new: true });
        }
    }
    wanted.sort_unstable();
    wanted.dedup();
    let found: Vec<(i64, i64, i64)> = json_table::table
        .filter(json_table::id.eq_any(&wanted))
        .order(json_table::id.asc())
        .select((json_table::id, json_table::user_id, json_table::project_id))
        .for_key_share()
        .load(connection)
        .await?;
    let homes_of_found: HashMap<i64, (i64, i64)> =
        found.into_iter().map(|(id, user, project)| (id, (user, project))).collect();
    Ok(intents
        .iter()
        .map(|intent| {
            let resolved = match &intent.table {
                MountTable::Existing(id) => Some(Resolved { id: *id, is_new: false }),
                MountTable::New { .. } => homes.get(&intent.task_id.get()).copied(),
            };
            let table = resolved.ok_or(MountRejection::TableNotFound)?;
            match homes_of_found.get(&table.id.get()) {
                _ if table.is_new => Ok(table),
                Some((user, _)) if *user != intent.user_id.get() => Err(MountRejection::TableNotFound),
                Some((_, project)) if *project != intent.project_id.get() => Err(MountRejection::TableInOtherProject),
                Some(_) => Ok(table),
                None => Err(MountRejection::TableNotFound),
            }
        })
        .collect())
}

async fn make_tables(
    connection: &mut AsyncPgConnection,
    intents: &[&MountIntent],
    now: DateTime<Utc>,
) -> Result<Vec<TableId>, TxError> {
    let count = i64::try_from(intents.len()).unwrap_or(i64::MAX);
    let rows: Vec<IdRow> = diesel::sql_query(
        "select nextval(pg_get_serial_sequence('json_table', 'id')) as id from generate_series(1, $1)",
    )
    .bind::<BigInt, _>(count)
    .load(connection)
    .await?;
    let ids: Vec<i64> = rows.into_iter().map(|row| row.id).collect();
    let name = |intent: &&MountIntent| match &intent.table {
        MountTable::New { name } => name.clone(),
        MountTable::Existing(_) => String::new(),
    };
    diesel::sql_query(
        "insert into json_table (id, user_id, project_id, name, description, created_at, updated_at)
         overriding system value
         select i.*, $5, $6, $6 from unnest($1, $2, $3, $4) as i",
    )
    .bind::<Array<BigInt>, _>(&ids)
    .bind::<Array<BigInt>, _>(intents.iter().map(|intent| intent.user_id.get()).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(intents.iter().map(|intent| intent.project_id.get()).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(intents.iter().map(name).collect::<Vec<_>>())
    .bind::<Text, _>(AUTO_TABLE_DESCRIPTION)
    .bind::<Timestamptz, _>(now)
    .execute(connection)
    .await?;
    Ok(ids.into_iter().map(TableId::new).collect::<Result<_, _>>().map_err(RepositoryError::from)?)
}

type RecordKey = (i64, i64, String);

fn record_key(intent: &MountIntent, table: TableId) -> RecordKey {
    (intent.task_id.get(), table.get(), intent.json_path.as_str().to_owned())
}

fixed_query! {
    /// Records of the same mounts from before.
    struct EarlierMounts {
        tasks: Array<BigInt> => Vec<i64>,
        tables: Array<BigInt> => Vec<i64>,
        containers: Array<Text> => Vec<String>,
    }
    "select m.* from mount m
     join unnest({}, {}, {}) as i(task_id, table_id, json_path) using (task_id, table_id, json_path)"
}

async fn earlier_records(
    connection: &mut AsyncPgConnection,
    intents: &[&MountIntent],
    tables: &[Result<Resolved, MountRejection>],
) -> Result<HashMap<RecordKey, MountRow>, TxError> {
    let mut statement = EarlierMounts { tasks: Vec::new(), tables: Vec::new(), containers: Vec::new() };
    for (intent, table) in intents.iter().zip(tables) {
        if let Ok(Resolved { id, is_new: false }) = table {
            statement.tasks.push(intent.task_id.get());
            statement.tables.push(id.get());
            statement.containers.push(intent.json_path.as_str().to_owned());
        }
    }
    if statement.tasks.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<MountRow> = statement.load(connection).await?;
    Ok(rows.into_iter().map(|row| ((row.task_id, row.table_id, row.json_path.clone()), row)).collect())
}

/// A mount that may go the fast way.
struct Candidate {
    index: usize,
    table: TableId,
    pointer: JsonPointer,
    key: SegmentKey,
    container: Container,
    written: bool,
}

/// Places what is simple; the rest is left for [`mount_one`].
async fn place_fast(
    connection: &mut AsyncPgConnection,
    intents: &[&MountIntent],
    tables: &[Result<Resolved, MountRejection>],
    records: &HashMap<RecordKey, MountRow>,
    now: DateTime<Utc>,
) -> Result<Vec<(usize, Placed)>, TxError> {
    let candidates = candidates(connection, intents, tables, records).await?;
    if candidates.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<(TableId, String)> =
        candidates.iter().map(|candidate| (candidate.table, candidate.key.path.clone())).collect();
    let found = mount_probe::targets(connection, &places).await?;
    let mut new = Vec::new();
    let mut chosen: HashMap<SegmentKey, (usize, Placed)> = HashMap::new();
    for (candidate, target) in candidates.into_iter().zip(found) {
        let intent = intents[candidate.index];
        let exact = target.exact.then_some(target.task_id.and_then(|id| TaskId::new(id).ok()));
        let who = occupant(intent.task_id, exact, target.below, candidate.written);
        if let Decision::Insert(_) = decide(intent, &intent.key, &candidate.container, who) {
            new.push(NewSegment {
                key: candidate.key.clone(),
                value: intent.value.get().to_owned(),
                task: intent.task_id.get(),
            });
            let placed = Placed {
                table: candidate.table,
                pointer: candidate.pointer,
                key: intent.key.clone(),
                state: MountState::Mounted,
                element: None,
            };
            chosen.insert(candidate.key, (candidate.index, placed));
        }
    }
    // The same order in every transaction, so that two of them cannot wait for one another.
    new.sort_by(|left, right| (left.key.table_id, &left.key.path).cmp(&(right.key.table_id, &right.key.path)));
    let written = segments::insert_new(connection, new, now).await?;
    let mut placed: Vec<(usize, Placed)> = written.iter().filter_map(|key| chosen.remove(key)).collect();
    placed.sort_by_key(|(index, _)| *index);
    Ok(placed)
}

/// Mounts of a table with one container in this batch, without a record from before, each at a pointer of its own.
async fn candidates(
    connection: &mut AsyncPgConnection,
    intents: &[&MountIntent],
    tables: &[Result<Resolved, MountRejection>],
    records: &HashMap<RecordKey, MountRow>,
) -> Result<Vec<Candidate>, TxError> {
    let mut by_table: HashMap<TableId, (Resolved, HashSet<&JsonPointer>, Vec<usize>)> = HashMap::new();
    for (index, (intent, table)) in intents.iter().zip(tables).enumerate() {
        if let Ok(table) = table {
            let entry = by_table.entry(table.id).or_insert_with(|| (*table, HashSet::new(), Vec::new()));
            entry.1.insert(&intent.json_path);
            entry.2.push(index);
        }
    }
    let mut candidates = Vec::new();
    for (id, (table, containers, indices)) in by_table {
        let Some(at) = containers.iter().next().filter(|_| containers.len() == 1) else { continue };
        let state = if table.is_new {
            ContainerState { container: Container::Missing, written_keys: Vec::new() }
        } else {
            let keys: Vec<String> = indices.iter().map(|index| intents[*index].key.clone()).collect();
            mount_probe::container(connection, id, at, &keys).await?
        };
        let written: HashSet<&str> = state.written_keys.iter().map(String::as_str).collect();
        let mut taken = HashSet::new();
        for index in indices {
            let intent = intents[index];
            let Ok(pointer) = intent.json_path.join(&intent.key) else { continue };
            if records.contains_key(&record_key(intent, id)) || !taken.insert(&intent.key) {
                continue;
            }
            candidates.push(Candidate {
                index,
                table: id,
                key: SegmentKey { table_id: id.get(), path: path::encode(&pointer) },
                pointer,
                container: state.container.clone(),
                written: written.contains(intent.key.as_str()),
            });
        }
    }
    candidates.sort_by_key(|candidate| candidate.index);
    Ok(candidates)
}
