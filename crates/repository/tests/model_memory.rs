//! Random operations on the memory store.

use millrace_repository::Stores;
use millrace_repository::testing::contract::Fixture;
use millrace_repository::testing::faulty::FakeClock;
use millrace_repository::testing::model::{compare, compare_with_list, compare_with_plain};

fn memory() -> Fixture {
    let clock = FakeClock::default();
    Fixture::new(Stores::memory(clock.port()), clock, ())
}

#[tokio::test]
async fn a_table_is_a_plain_document() {
    for seed in 0..80 {
        compare_with_plain(&memory().subject(), seed, 60).await;
    }
}

#[tokio::test]
async fn two_memory_stores_agree() {
    for seed in 0..20 {
        compare(&memory().subject(), &memory().subject(), seed, 150).await;
    }
}

#[tokio::test]
async fn members_of_arrays_follow_their_values() {
    for seed in 0..80 {
        compare_with_list(&memory().subject(), seed, 60).await;
    }
}
