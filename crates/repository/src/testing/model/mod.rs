//! Random operations on tables and mounts, to find what no written example thought of.
//!
//! [`compare`] does the same to two stores and compares every answer; [`compare_with_plain`] compares one store with a
//! plain JSON value, [`compare_with_list`] an array with a plain list whose members know their owners. All are
//! deterministic for a seed, and name it when they fail.

mod array;
mod operation;
mod plain;
mod world;

pub use array::compare_with_list;
pub use plain::compare_with_plain;

use rand::SeedableRng;
use rand::rngs::StdRng;

use self::operation::Operation;
use self::world::World;
use crate::testing::contract::Subject;

/// Does the same `steps` random operations on both stores and compares each answer, all data and all mounts.
///
/// # Panics
/// When the stores differ; the message holds the seed and everything that was done.
pub async fn compare(left: &Subject<'_>, right: &Subject<'_>, seed: u64, steps: usize) {
    let mut random = StdRng::seed_from_u64(seed);
    let (mut left, mut right) = (World::new(left).await, World::new(right).await);
    let mut done: Vec<Operation> = Vec::new();
    for _ in 0..steps {
        let operation = Operation::random(&mut random);
        done.push(operation.clone());
        let answers = (left.perform(&operation).await, right.perform(&operation).await);
        assert_eq!(answers.0, answers.1, "seed {seed}: different answers after {}", history(&done));
        let seen = (left.look().await, right.look().await);
        assert_eq!(seen.0, seen.1, "seed {seed}: different data after {}", history(&done));
    }
}

fn history(done: &[Operation]) -> String {
    let lines: Vec<String> = done.iter().map(|operation| format!("{operation:?}")).collect();
    format!("{} operations:\n{}", lines.len(), lines.join("\n"))
}
