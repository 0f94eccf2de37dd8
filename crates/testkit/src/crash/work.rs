//! What is sent, and what was answered.

use parking_lot::Mutex;
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, IteratorRandom, SliceRandom};
use serde_json::Value;

/// Files in a larger request.
const BATCH: usize = 20;
/// Acknowledged requests that are sent again in each round.
const REPEATED: usize = 40;

/// One file: its name and a text that only it holds.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) token: String,
}

impl File {
    /// Its bytes: the ending of the name says how the token is wrapped. HTML goes through a parser process.
    pub(super) fn bytes(&self) -> String {
        let token = &self.token;
        match self.name.rsplit('.').next() {
            Some("csv") => format!("name,value\n{token},1\n"),
            Some("html") => format!("<html><body><h1>{token}</h1><p>text</p></body></html>"),
            _ => format!("{token}\n"),
        }
    }
}

/// One request.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// Its `Idempotency-Key`.
    pub(super) key: String,
    pub(super) files: Vec<File>,
    /// Into the common table, or each file into one of its own.
    pub(super) common_table: bool,
}

#[derive(Debug)]
struct Sent {
    request: Request,
    /// The tasks, in the order of the files, once acknowledged.
    tasks: Option<Vec<i64>>,
}

#[derive(Debug, Default)]
struct Ledger {
    requests: Vec<Sent>,
    replays: usize,
    violations: Vec<String>,
}

/// A file whose task was acknowledged.
#[derive(Debug, Clone)]
pub(super) struct Acknowledged {
    pub(super) task: i64,
    pub(super) file: File,
    pub(super) common_table: bool,
}

/// Everything that was ever to be sent.
pub(super) struct Work {
    pub(super) project: i64,
    pub(super) table: i64,
    ledger: Mutex<Ledger>,
}

impl Work {
    pub(super) fn new(project: i64, table: i64) -> Self {
        Self { project, table, ledger: Mutex::default() }
    }

    /// Adds a round's requests: some of one file, some of many.
    pub(super) fn add(&self, random: &mut StdRng, round: usize, files: usize) {
        let mut ledger = self.ledger.lock();
        let mut number = 0;
        while number < files {
            let size = if random.random_bool(0.3) { BATCH.min(files - number) } else { 1 };
            let files = (number..number + size).map(|number| {
                let ending = ["txt", "csv", "html", "md"].choose(random).copied().unwrap_or("txt");
                let name = format!("r{round}-{number}.{ending}");
                File { token: format!("token{round}x{number}x{:08x}", random.random::<u32>()), name }
            });
            let request = Request {
                files: files.collect(),
                key: format!("round {round} file {number}"),
                common_table: random.random_bool(0.85),
            };
            ledger.requests.push(Sent { request, tasks: None });
            number += size;
        }
    }

    /// Indexes of what is to be sent, in any order: all that is not acknowledged, and some of the rest, to be answered as
    /// before.
    pub(super) fn to_send(&self, random: &mut StdRng) -> Vec<usize> {
        let ledger = self.ledger.lock();
        let (mut wanted, known): (Vec<usize>, Vec<usize>) =
            (0..ledger.requests.len()).partition(|&index| ledger.requests[index].tasks.is_none());
        wanted.extend(known.into_iter().choose_multiple(random, REPEATED));
        wanted.shuffle(random);
        wanted
    }

    pub(super) fn request(&self, index: usize) -> Request {
        self.ledger.lock().requests[index].request.clone()
    }

    /// Notes a 202.
    pub(super) fn acknowledge(&self, index: usize, answer: &Value) {
        let tasks: Vec<i64> = answer["task_ids"].as_array().into_iter().flatten().filter_map(Value::as_i64).collect();
        let mut ledger = self.ledger.lock();
        let sent = &ledger.requests[index];
        let key = &sent.request.key;
        let violation = match &sent.tasks {
            _ if tasks.len() != sent.request.files.len() => Some(format!("{key}: {} tasks answered", tasks.len())),
            Some(before) if *before != tasks => Some(format!("{key}: {before:?} before, now {tasks:?}")),
            _ => None,
        };
        ledger.violations.extend(violation);
        if ledger.requests[index].tasks.is_some() {
            ledger.replays += 1;
        } else {
            ledger.requests[index].tasks = Some(tasks);
        }
    }

    /// Notes what must not be.
    pub(super) fn violation(&self, text: String) {
        self.ledger.lock().violations.push(text);
    }

    pub(super) fn violations(&self) -> Vec<String> {
        self.ledger.lock().violations.clone()
    }

    pub(super) fn replays(&self) -> usize {
        self.ledger.lock().replays
    }

    /// How many tasks were acknowledged.
    pub(super) fn acknowledged(&self) -> usize {
        self.ledger.lock().requests.iter().filter_map(|sent| sent.tasks.as_ref()).map(Vec::len).sum()
    }

    /// How many requests were not.
    pub(super) fn outstanding(&self) -> usize {
        self.ledger.lock().requests.iter().filter(|sent| sent.tasks.is_none()).count()
    }

    /// Every acknowledged task with its file.
    pub(super) fn all_acknowledged(&self) -> Vec<Acknowledged> {
        let ledger = self.ledger.lock();
        let mut all = Vec::new();
        for Sent { request, tasks } in &ledger.requests {
            for (&task, file) in tasks.iter().flatten().zip(&request.files) {
                all.push(Acknowledged { task, file: file.clone(), common_table: request.common_table });
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use serde_json::json;

    use super::*;

    #[test]
    fn other_tasks_for_the_same_key_are_a_violation() {
        let (work, mut random) = (Work::new(1, 2), StdRng::seed_from_u64(7));
        work.add(&mut random, 1, 1);
        assert_eq!((work.outstanding(), work.acknowledged()), (1, 0));
        work.acknowledge(0, &json!({"task_ids": [5]}));
        work.acknowledge(0, &json!({"task_ids": [5]}));
        assert_eq!((work.replays(), work.acknowledged(), work.violations().len()), (1, 1, 0));
        work.acknowledge(0, &json!({"task_ids": [6]}));
        assert_eq!(work.violations().len(), 1);
        work.acknowledge(0, &json!({"task_ids": []}));
        assert_eq!(work.violations().len(), 2);
        assert_eq!(work.all_acknowledged()[0].task, 5, "the first answer counts");
    }
}
