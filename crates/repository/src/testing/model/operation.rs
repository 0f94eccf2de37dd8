//! What can be done, drawn so that operations often meet: few tables, few tasks, few keys.

use millrace_domain::JsonPointer;
use millrace_domain::mount::ConflictPolicy;
use rand::Rng;
use rand::seq::IndexedRandom;
use serde_json::{Map, Value, json};

/// Tables of a world.
pub(super) const TABLES: usize = 2;
/// Tasks of a world.
pub(super) const TASKS: usize = 5;

/// Keys with everything that is special: escapes, an index, the end of an array, nothing.
const KEYS: [&str; 8] = ["a", "b", "c", "x/y", "t~", "0", "1", ""];
const DEEPEST: usize = 3;

/// One thing that is done; tables and tasks by their number.
#[derive(Debug, Clone)]
pub(super) enum Operation {
    Write { table: usize, pointer: JsonPointer, value: Value },
    Remove { table: usize, pointer: JsonPointer },
    Mount(Mounting),
    Unmount { task: usize, nth: usize },
    Page { table: usize, pointer: JsonPointer, limit: usize, after_key: Option<&'static str> },
}

/// A mount as it is asked for.
#[derive(Debug, Clone)]
pub(super) struct Mounting {
    pub task: usize,
    pub table: usize,
    pub json_path: JsonPointer,
    pub key: &'static str,
    pub conflict: ConflictPolicy,
    pub create_missing: bool,
    pub value: Value,
}

impl Operation {
    pub(super) fn random(random: &mut impl Rng) -> Self {
        let table = random.random_range(0..TABLES);
        match random.random_range(0..10) {
            0..2 => Self::Write { table, pointer: pointer(random, true), value: value(random, 2) },
            2 => Self::Remove { table, pointer: pointer(random, false) },
            3..7 => Self::Mount(Mounting::random(random, table)),
            7..9 => Self::Unmount { task: random.random_range(0..TASKS), nth: random.random_range(0..3) },
            _ => Self::Page {
                table,
                pointer: pointer(random, false),
                limit: random.random_range(1..4),
                after_key: random.random_bool(0.5).then(|| key(random)),
            },
        }
    }
}

impl Mounting {
    pub(super) fn random(random: &mut impl Rng, table: usize) -> Self {
        Self {
            task: random.random_range(0..TASKS),
            table,
            json_path: pointer(random, false),
            key: key(random),
            conflict: *ConflictPolicy::ALL.choose(random).expect("there are policies"),
            create_missing: random.random_bool(0.8),
            value: value(random, 2),
        }
    }
}

fn key(random: &mut impl Rng) -> &'static str {
    KEYS.choose(random).expect("there are keys")
}

/// A pointer of few keys; short ones, which touch much, less often than deep ones.
pub(super) fn pointer(random: &mut impl Rng, to_write: bool) -> JsonPointer {
    let depth = random.random_range(0..=DEEPEST).max(random.random_range(0..=DEEPEST));
    let mut keys: Vec<&str> = (0..depth).map(|_| key(random)).collect();
    if to_write && random.random_bool(0.1) {
        keys.push("-");
    }
    JsonPointer::from_tokens(keys).expect("a valid pointer")
}

/// A small value; whole numbers only, since stores may write others differently.
pub(super) fn value(random: &mut impl Rng, depth: usize) -> Value {
    match random.random_range(0..if depth == 0 { 4 } else { 9 }) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!("text"),
        3 => json!(random.random_range(0..5)),
        4..7 => {
            let count = random.random_range(0..3);
            let members = (0..count).map(|_| (key(random).to_owned(), value(random, depth - 1)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        _ => {
            let count = random.random_range(0..3);
            Value::Array((0..count).map(|_| value(random, depth - 1)).collect())
        }
    }
}
