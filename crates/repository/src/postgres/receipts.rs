//! Receipts.

use std::collections::HashSet;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Nullable, SmallInt, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use millrace_domain::UserId;

use super::error::TxError;
use super::fixed::fixed_query;
use super::schema::idempotency_receipt as receipt;
use super::store::PgStore;
use crate::receipt::{Receipt, ReceiptKey, StoredReceipt, StoredResponse};
use crate::{Clash, IdempotencyRepository, RepositoryError, Result};

/// Stores a receipt inside the transaction that did the work. An expired one with the same key gives way.
///
/// # Errors
/// `Conflict(IdempotencyKey)` when a valid one exists: roll back.
pub(super) async fn record<T: ?Sized>(
    connection: &mut AsyncPgConnection,
    receipt: Option<&Receipt<T>>,
    subject: &T,
    now: DateTime<Utc>,
) -> std::result::Result<(), TxError> {
    let Some(receipt) = receipt else { return Ok(()) };
    let stored = insert_batch(connection, &[(&receipt.key, (receipt.render)(subject))], now).await?;
    if stored == [true] { Ok(()) } else { Err(RepositoryError::Conflict(Clash::IdempotencyKey).into()) }
}

/// Refuses a request that was answered before, ahead of any other reason to refuse it.
///
/// # Errors
/// `Conflict(IdempotencyKey)`.
pub(super) async fn refuse_repeat<T: ?Sized>(
    connection: &mut AsyncPgConnection,
    receipt: Option<&Receipt<T>>,
    now: DateTime<Utc>,
) -> std::result::Result<(), TxError> {
    let Some(Receipt { key, .. }) = receipt else { return Ok(()) };
    let valid = receipt::table.find((key.user_id.get(), &key.operation, &key.key)).filter(receipt::expires_at.gt(now));
    let known: bool = diesel::select(diesel::dsl::exists(valid)).get_result(connection).await?;
    if known { Err(RepositoryError::Conflict(Clash::IdempotencyKey).into()) } else { Ok(()) }
}

fixed_query! {
    /// Stores receipts; an expired one gives way, a valid one stays and is not returned.
    struct InsertReceipts {
        users: Array<BigInt> => Vec<i64>,
        operations: Array<Text> => Vec<String>,
        keys: Array<Text> => Vec<String>,
        fingerprints: Array<Binary> => Vec<Vec<u8>>,
        statuses: Array<SmallInt> => Vec<i16>,
        bodies: Array<Text> => Vec<String>,
        locations: Array<Nullable<Text>> => Vec<Option<String>>,
        expiries: Array<Timestamptz> => Vec<DateTime<Utc>>,
        now: Timestamptz => DateTime<Utc>,
    }
    "insert into idempotency_receipt
     (user_id, operation, key, fingerprint, status, body, location, expires_at, created_at)
     select i.*, p.now from unnest({}, {}, {}, {}, {}, {}, {}, {}) as i, (select {} as now) as p
     on conflict (user_id, operation, key) do update
     set fingerprint = excluded.fingerprint, status = excluded.status, body = excluded.body,
         location = excluded.location, expires_at = excluded.expires_at, created_at = excluded.created_at
     where idempotency_receipt.expires_at <= excluded.created_at
     returning user_id, operation, key"
}

#[derive(QueryableByName, PartialEq, Eq, Hash)]
struct InsertedKey {
    #[diesel(sql_type = BigInt)]
    user_id: i64,
    #[diesel(sql_type = Text)]
    operation: String,
    #[diesel(sql_type = Text)]
    key: String,
}

impl InsertedKey {
    fn of(key: &ReceiptKey) -> Self {
        Self { user_id: key.user_id.get(), operation: key.operation.clone(), key: key.key.clone() }
    }
}

/// Stores receipts; for each, whether it was stored. Of two with the same key in one batch the first wins.
pub(super) async fn insert_batch(
    connection: &mut AsyncPgConnection,
    receipts: &[(&ReceiptKey, StoredResponse)],
    now: DateTime<Utc>,
) -> QueryResult<Vec<bool>> {
    if receipts.is_empty() {
        return Ok(Vec::new());
    }
    let mut seen = HashSet::new();
    let firsts: Vec<bool> = receipts.iter().map(|(key, _)| seen.insert(InsertedKey::of(key))).collect();
    let distinct: Vec<_> =
        receipts.iter().zip(&firsts).filter(|(_, first)| **first).map(|(receipt, _)| receipt).collect();
    let inserted: Vec<InsertedKey> = InsertReceipts {
        users: distinct.iter().map(|(key, _)| key.user_id.get()).collect(),
        operations: distinct.iter().map(|(key, _)| key.operation.clone()).collect(),
        keys: distinct.iter().map(|(key, _)| key.key.clone()).collect(),
        fingerprints: distinct.iter().map(|(key, _)| key.fingerprint.to_vec()).collect(),
        statuses: distinct.iter().map(|(_, response)| i16::try_from(response.status).unwrap_or(200)).collect(),
        bodies: distinct.iter().map(|(_, response)| response.body.clone()).collect(),
        locations: distinct.iter().map(|(_, response)| response.location.clone()).collect(),
        expiries: distinct.iter().map(|(key, _)| key.expires_at).collect(),
        now,
    }
    .load(connection)
    .await?;
    let inserted: HashSet<InsertedKey> = inserted.into_iter().collect();
    Ok(receipts.iter().zip(firsts).map(|((key, _), first)| first && inserted.contains(&InsertedKey::of(key))).collect())
}

#[async_trait]
impl IdempotencyRepository for PgStore {
    async fn find(
        &self,
        user: UserId,
        operation: &str,
        key: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<StoredReceipt>> {
        let found: Option<(Vec<u8>, i16, String, Option<String>)> = receipt::table
            .find((user.get(), operation, key))
            .filter(receipt::expires_at.gt(now))
            .select((receipt::fingerprint, receipt::status, receipt::body, receipt::location))
            .first(&mut self.connection().await?)
            .await
            .optional()?;
        found
            .map(|(fingerprint, status, body, location)| {
                let fingerprint =
                    fingerprint.try_into().map_err(|_long| RepositoryError::Corrupt("fingerprint length".into()))?;
                let status = u16::try_from(status).unwrap_or(500);
                Ok(StoredReceipt { fingerprint, response: StoredResponse { status, body, location } })
            })
            .transpose()
    }

    async fn sweep(&self, now: DateTime<Utc>, limit: usize) -> Result<usize> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let removed = diesel::sql_query(
            "delete from idempotency_receipt where ctid in
             (select ctid from idempotency_receipt where expires_at <= $1 limit $2)",
        )
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(limit)
        .execute(&mut self.connection().await?)
        .await?;
        Ok(removed)
    }
}
