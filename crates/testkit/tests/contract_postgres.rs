//! The Postgres store passes the contract.

#![expect(clippy::expect_used, reason = "a database that cannot be had is a failed test")]

use millrace_repository::testing::contract::Fixture;
use millrace_repository::testing::faulty::FakeClock;
use millrace_repository::{RepositoryError, contract_suite};
use millrace_testkit::database::TestDatabase;

async fn postgres() -> Fixture {
    let database = TestDatabase::fresh().await.expect("a database");
    Fixture::new(database.stores().expect("stores"), FakeClock::default(), database)
}

contract_suite!(postgres);

/// A ping needs a database that answers and takes writes.
#[tokio::test]
async fn a_ping_tells_when_no_work_can_be_done() {
    let database = TestDatabase::fresh().await.expect("a database");
    database.stores().expect("stores").health.ping().await.expect("it works");
    let client = database.client().await.expect("a connection");
    let ask = "select format('alter database %I set default_transaction_read_only = on', current_database())";
    let set: String = client.query_one(ask, &[]).await.expect("a statement").get(0);
    client.batch_execute(&set).await.expect("set");
    let answer = database.stores().expect("stores").health.ping().await;
    assert!(matches!(answer, Err(RepositoryError::Unavailable(_))), "{answer:?}");
    let gone = database.stores().expect("stores");
    drop((client, database));
    let answer = gone.health.ping().await;
    assert!(answer.is_err(), "{answer:?}");
}
