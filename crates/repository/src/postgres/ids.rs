//! Ids in blocks: one `nextval` gives a thousand, so that ids are known before the insert.

use diesel::sql_types::BigInt;
use diesel::{QueryableByName, sql_query};
use diesel_async::RunQueryDsl;
use tokio::sync::Mutex;

use super::store::PgPool;
use crate::Result;

/// The increment of the sequences; see the migration.
const BLOCK: i64 = 1000;

#[derive(QueryableByName)]
struct Block {
    #[diesel(sql_type = BigInt)]
    first: i64,
}

/// Hands out the ids of one sequence.
pub(super) struct IdBlocks {
    sequence: &'static str,
    rest: Mutex<std::ops::Range<i64>>,
}

impl IdBlocks {
    pub(super) fn new(sequence: &'static str) -> Self {
        Self { sequence, rest: Mutex::new(0..0) }
    }

    /// So many ids, rising. What a process has not used when it ends is never used.
    pub(super) async fn take(&self, pool: &PgPool, count: usize) -> Result<Vec<i64>> {
        let mut rest = self.rest.lock().await;
        let mut ids = Vec::with_capacity(count);
        while ids.len() < count {
            match rest.next() {
                Some(id) => ids.push(id),
                None => {
                    let mut connection = pool.get().await?;
                    let block: Block = sql_query(format!("select nextval('{}') as first", self.sequence))
                        .get_result(&mut connection)
                        .await?;
                    *rest = block.first..block.first + BLOCK;
                }
            }
        }
        Ok(ids)
    }
}
