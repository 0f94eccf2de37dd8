//! Postgres does what memory does, whatever comes in whatever order.

use millrace_repository::Stores;
use millrace_repository::testing::contract::Fixture;
use millrace_repository::testing::faulty::FakeClock;
use millrace_repository::testing::model;
use millrace_testkit::database::TestDatabase;

#[tokio::test(flavor = "multi_thread")]
async fn postgres_and_memory_agree() {
    for seed in 0..6 {
        let database = TestDatabase::fresh().await.expect("a database");
        let (clock, other) = (FakeClock::default(), FakeClock::default());
        let postgres = Fixture::new(database.stores().expect("stores"), clock, database);
        let memory = Fixture::new(Stores::memory(other.port()), other, ());
        model::compare(&postgres.subject(), &memory.subject(), seed, 120).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn members_of_arrays_follow_their_values() {
    let database = TestDatabase::fresh().await.expect("a database");
    let clock = FakeClock::default();
    let postgres = Fixture::new(database.stores().expect("stores"), clock, database);
    for seed in 0..4 {
        model::compare_with_list(&postgres.subject(), seed, 60).await;
    }
}
