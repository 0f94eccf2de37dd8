//! Nodes and leases. All times here are the database's.

use std::time::Duration;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Double, Text};
use diesel_async::RunQueryDsl;
use millrace_domain::NodeId;
use millrace_domain::task::Owner;

use super::store::PgStore;
use crate::{Lease, NodeRepository, RepositoryError, Result, StoreHealth};

#[derive(QueryableByName)]
struct Registered {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    epoch: i64,
}

#[async_trait]
impl NodeRepository for PgStore {
    async fn register(&self, name: &str, ttl: Duration) -> Result<Owner> {
        let row: Registered = sql_query(
            "insert into node (name, epoch, started_at, lease_until)
             values ($1, nextval('node_epoch_seq'), now(), now() + make_interval(secs => $2))
             on conflict (name) do update
             set epoch = excluded.epoch, started_at = excluded.started_at, lease_until = excluded.lease_until
             returning id, epoch",
        )
        .bind::<Text, _>(name)
        .bind::<Double, _>(ttl.as_secs_f64())
        .get_result(&mut self.connection().await?)
        .await?;
        Ok(Owner { node: NodeId::new(row.id)?, epoch: row.epoch })
    }

    async fn renew(&self, owner: Owner, ttl: Duration) -> Result<Lease> {
        let renewed = sql_query(
            "update node set lease_until = now() + make_interval(secs => $3)
             where id = $1 and epoch = $2 and lease_until > now()",
        )
        .bind::<BigInt, _>(owner.node.get())
        .bind::<BigInt, _>(owner.epoch)
        .bind::<Double, _>(ttl.as_secs_f64())
        .execute(&mut self.connection().await?)
        .await?;
        Ok(if renewed == 1 { Lease::Held } else { Lease::Lost })
    }

    async fn release(&self, owner: Owner) -> Result<()> {
        sql_query("update node set lease_until = now() where id = $1 and epoch = $2")
            .bind::<BigInt, _>(owner.node.get())
            .bind::<BigInt, _>(owner.epoch)
            .execute(&mut self.connection().await?)
            .await?;
        Ok(())
    }
}

#[derive(QueryableByName)]
struct Writable {
    #[diesel(sql_type = Bool)]
    writable: bool,
}

#[async_trait]
impl StoreHealth for PgStore {
    /// A server that answers may still be a standby after a failover, or set to read only: no task could be taken.
    async fn ping(&self) -> Result<()> {
        let answer: Writable = sql_query("select current_setting('transaction_read_only') = 'off' as writable")
            .get_result(&mut self.connection().await?)
            .await?;
        if answer.writable {
            return Ok(());
        }
        Err(RepositoryError::Unavailable("the database takes no writes now".into()))
    }
}
