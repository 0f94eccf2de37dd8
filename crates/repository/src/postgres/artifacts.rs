//! Artifacts.

use std::collections::HashSet;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use millrace_domain::artifact::{Artifact, ArtifactKind, NewArtifact, ParseKey};
use millrace_domain::object_key::{KeyOwner, owner_of};
use millrace_domain::{ArtifactId, TaskId, UserId};

use super::fixed::fixed_query;
use super::schema::{artifact, task, upload};
use super::store::PgStore;
use crate::{ArtifactRepository, RepositoryError, Result};

#[diesel::declare_sql_function]
extern "SQL" {
    /// The MD5 of a text in hex.
    fn md5(text: Nullable<Text>) -> Nullable<Text>;
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = artifact, check_for_backend(diesel::pg::Pg))]
struct ArtifactRow {
    id: i64,
    task_id: i64,
    kind: String,
    key: String,
    size: i64,
    sha256: String,
    created_at: DateTime<Utc>,
    source_sha256: Option<String>,
    fingerprint: Option<String>,
}

impl TryFrom<ArtifactRow> for Artifact {
    type Error = RepositoryError;

    fn try_from(row: ArtifactRow) -> Result<Self> {
        let kind = ArtifactKind::from_text(&row.kind)
            .ok_or_else(|| RepositoryError::Corrupt(format!("artifact kind '{}'", row.kind).into()))?;
        Ok(Self {
            id: ArtifactId::new(row.id)?,
            task_id: TaskId::new(row.task_id)?,
            content: NewArtifact {
                kind,
                key: row.key,
                size: u64::try_from(row.size).unwrap_or(0),
                sha256: row.sha256,
                parse_key: row
                    .source_sha256
                    .zip(row.fingerprint)
                    .map(|(source_sha256, fingerprint)| ParseKey { source_sha256, fingerprint }),
            },
            created_at: row.created_at,
        })
    }
}

fixed_query! {
    /// Records artifacts; a later attempt's replace an earlier one's.
    struct UpsertArtifacts {
        tasks: Array<BigInt> => Vec<i64>,
        kinds: Array<Text> => Vec<String>,
        keys: Array<Text> => Vec<String>,
        sizes: Array<BigInt> => Vec<i64>,
        hashes: Array<Text> => Vec<String>,
        sources: Array<Nullable<Text>> => Vec<Option<String>>,
        fingerprints: Array<Nullable<Text>> => Vec<Option<String>>,
        now: Timestamptz => DateTime<Utc>,
    }
    "insert into artifact (task_id, kind, key, size, sha256, source_sha256, fingerprint, created_at)
     select i.task_id, i.kind, i.key, i.size, i.sha256, i.source_sha256, i.fingerprint, p.now
     from unnest({}, {}, {}, {}, {}, {}, {})
         as i(task_id, kind, key, size, sha256, source_sha256, fingerprint), (select {} as now) as p
     on conflict (task_id, kind) do update
     set key = excluded.key, size = excluded.size, sha256 = excluded.sha256, source_sha256 = excluded.source_sha256,
         fingerprint = excluded.fingerprint, created_at = excluded.created_at"
}

/// Records artifacts inside the completion transaction.
pub(super) async fn upsert(
    connection: &mut AsyncPgConnection,
    artifacts: &[(TaskId, &NewArtifact)],
    now: DateTime<Utc>,
) -> QueryResult<()> {
    if artifacts.is_empty() {
        return Ok(());
    }
    let parse_keys = || artifacts.iter().map(|(_, new)| new.parse_key.as_ref());
    UpsertArtifacts {
        tasks: artifacts.iter().map(|(task, _)| task.get()).collect(),
        kinds: artifacts.iter().map(|(_, new)| new.kind.as_str().to_owned()).collect(),
        keys: artifacts.iter().map(|(_, new)| new.key.clone()).collect(),
        sizes: artifacts.iter().map(|(_, new)| i64::try_from(new.size).unwrap_or(i64::MAX)).collect(),
        hashes: artifacts.iter().map(|(_, new)| new.sha256.clone()).collect(),
        sources: parse_keys().map(|key| key.map(|key| key.source_sha256.clone())).collect(),
        fingerprints: parse_keys().map(|key| key.map(|key| key.fingerprint.clone())).collect(),
        now,
    }
    .execute(connection)
    .await?;
    Ok(())
}

#[async_trait]
impl ArtifactRepository for PgStore {
    async fn list(&self, task: TaskId) -> Result<Vec<Artifact>> {
        let rows: Vec<ArtifactRow> = artifact::table
            .filter(artifact::task_id.eq(task.get()))
            .order(artifact::id.asc())
            .select(ArtifactRow::as_select())
            .load(&mut self.connection().await?)
            .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    async fn find_parse(&self, user: UserId, key: &ParseKey) -> Result<Option<NewArtifact>> {
        let row: Option<ArtifactRow> = artifact::table
            .inner_join(task::table)
            .filter(artifact::source_sha256.eq(&key.source_sha256))
            // The index has the hash: a fingerprint may be longer than an entry of an index.
            .filter(md5(artifact::fingerprint).eq(md5(&key.fingerprint)))
            .filter(artifact::fingerprint.eq(&key.fingerprint))
            .filter(artifact::kind.eq(ArtifactKind::Parsed.as_str()))
            .filter(task::user_id.eq(user.get()))
            .select(ArtifactRow::as_select())
            .first(&mut self.connection().await?)
            .await
            .optional()?;
        row.map(|row| Artifact::try_from(row).map(|artifact| artifact.content)).transpose()
    }

    async fn unknown(&self, owners: &[KeyOwner], _now: DateTime<Utc>) -> Result<Vec<KeyOwner>> {
        let mut uploads = Vec::new();
        let mut tasks = Vec::new();
        for owner in owners {
            match owner {
                KeyOwner::Upload(id) => uploads.push(id.get()),
                KeyOwner::Artifact(task, ..) => tasks.push(task.get()),
            }
        }
        let mut connection = self.connection().await?;
        let known_uploads: Vec<i64> =
            upload::table.filter(upload::id.eq_any(&uploads)).select(upload::id).load(&mut connection).await?;
        // Running tasks first: one that ends between the two looks has its artifacts recorded by the second.
        let running: Vec<i64> = task::table
            .filter(task::id.eq_any(&tasks).and(task::finished_at.is_null()))
            .select(task::id)
            .load(&mut connection)
            .await?;
        let keys: Vec<String> = artifact::table
            .filter(artifact::task_id.eq_any(&tasks))
            .select(artifact::key)
            .load(&mut connection)
            .await?;
        let known_uploads: HashSet<i64> = known_uploads.into_iter().collect();
        let known_artifacts: HashSet<KeyOwner> = keys.iter().filter_map(|key| owner_of(key)).collect();
        let running: HashSet<i64> = running.into_iter().collect();
        let is_known = |owner: &KeyOwner| match owner {
            KeyOwner::Upload(id) => known_uploads.contains(&id.get()),
            KeyOwner::Artifact(task, ..) => running.contains(&task.get()) || known_artifacts.contains(owner),
        };
        Ok(owners.iter().filter(|owner| !is_known(owner)).copied().collect())
    }
}
