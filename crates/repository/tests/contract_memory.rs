//! The memory store passes the contract.

use millrace_repository::testing::contract::Fixture;
use millrace_repository::testing::faulty::FakeClock;
use millrace_repository::{Stores, contract_suite};

async fn memory() -> Fixture {
    let clock = FakeClock::default();
    Fixture::new(Stores::memory(clock.port()), clock, ())
}

contract_suite!(memory);
