//! The Postgres store passes the contract.

#![expect(clippy::expect_used, reason = "a database that cannot be had is a failed test")]

use millrace_repository::contract_suite;
use millrace_repository::testing::contract::Fixture;
use millrace_repository::testing::faulty::FakeClock;
use millrace_testkit::database::TestDatabase;

async fn postgres() -> Fixture {
    let database = TestDatabase::fresh().await.expect("a database");
    Fixture::new(database.stores().expect("stores"), FakeClock::default(), database)
}

contract_suite!(postgres);
