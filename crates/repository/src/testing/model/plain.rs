//! One store against a plain JSON value: segments must be nowhere to be seen.

use millrace_domain::JsonPointer;
use millrace_domain::assembly::write_at;
use millrace_domain::mount::ConflictPolicy;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::history;
use super::operation::{Mounting, Operation, pointer, value};
use super::world::World;
use crate::testing::contract::Subject;

/// Does `steps` random writes and overwriting mounts, and compares the table with a plain value that was changed in the
/// same way. Every task mounts under a path of its own table once, so that no mount moves.
///
/// # Panics
/// When they differ; the message holds the seed and everything that was done.
pub async fn compare_with_plain(subject: &Subject<'_>, seed: u64, steps: usize) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut done: Vec<Operation> = Vec::new();
    let mut world = World::new(subject).await;
    let mut plain = json!({});
    let mut places = Vec::new();
    for _ in 0..steps {
        let operation = draw(&mut random);
        if let Operation::Mount(mounting) = &operation {
            let place = (mounting.task, mounting.json_path.clone());
            if places.contains(&place) {
                continue;
            }
            places.push(place);
        }
        done.push(operation.clone());
        let expected = change(&mut plain, &operation);
        let answer = world.perform(&operation).await;
        let is_done = !answer.starts_with("refused");
        assert_eq!(is_done, expected, "seed {seed}: {answer} after {}", history(&done));
        assert_eq!(world.data(0).await, plain, "seed {seed}: different data after {}", history(&done));
    }
}

fn draw(random: &mut StdRng) -> Operation {
    if random.random_bool(0.4) {
        return Operation::Write { table: 0, pointer: pointer(random, true), value: value(random, 2) };
    }
    let conflict = ConflictPolicy::Overwrite;
    Operation::Mount(Mounting { conflict, create_missing: true, ..Mounting::random(random, 0) })
}

/// Changes the plain value; whether that is possible.
fn change(plain: &mut Value, operation: &Operation) -> bool {
    match operation {
        Operation::Write { pointer, value, .. } => write_at(plain, pointer, value.clone()).is_ok(),
        Operation::Mount(Mounting { json_path, key, value, .. }) => {
            if passes_an_array(plain, json_path) {
                return false;
            }
            let key = if json_path.resolve(plain).is_some_and(Value::is_array) { "-" } else { key };
            write_at(plain, &json_path.join(key).expect("short"), value.clone()).is_ok()
        }
        _ => false,
    }
}

/// Whether an array stands above the container.
fn passes_an_array(plain: &Value, container: &JsonPointer) -> bool {
    let above = container.ancestors_and_self();
    above.iter().any(|at| at != container && at.resolve(plain).is_some_and(Value::is_array))
}
