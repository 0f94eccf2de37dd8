//! What is sent, and what was answered.

use anyhow::Result;
use parking_lot::Mutex;
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, IteratorRandom, SliceRandom};
use serde_json::{Value, json};

use crate::files;

/// Files in a larger request.
const BATCH: usize = 20;
/// Acknowledged requests that are sent again in each round.
const REPEATED: usize = 40;

/// Ending of tables whose rows become an artifact of their own.
pub(super) const ROWS: &str = ".rows.csv";
/// Ending of documents whose values are cited.
pub(super) const CITED: &str = ".cited.md";
/// Ending of workbooks, which may be sent again under another name and for another rule.
const BOOK: &str = ".xlsx";
/// Rows above which rows do not stand in the document; what the server is configured with.
pub(super) const INLINE_ROWS: usize = 4;

/// One file: its name and a text that only it holds, or it and its twins.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) token: String,
}

impl File {
    /// Its bytes: the ending of the name says how the token is wrapped. HTML and workbooks go through a parser process.
    ///
    /// # Errors
    /// When a workbook cannot be written.
    pub(super) fn bytes(&self) -> Result<Vec<u8>> {
        let token = &self.token;
        let text = match self.name.rsplit('.').next() {
            Some("csv") if self.name.ends_with(ROWS) => {
                let more = (0..INLINE_ROWS * 8).map(|row| format!("row {row},{row}\n")).collect::<String>();
                format!("name,value\n{token},1\n{more}")
            }
            Some("csv") => format!("name,value\n{token},1\n"),
            Some("html") => format!("<html><body><h1>{token}</h1><p>text</p></body></html>"),
            Some("xlsx") => {
                let cell = |at: &str, text: &str| format!("<c r=\"{at}\" t=\"inlineStr\"><is><t>{text}</t></is></c>");
                let (head, row) = (cell("A1", "name"), cell("A2", token));
                return files::xlsx(&format!("<row r=\"1\">{head}</row><row r=\"2\">{row}</row>"));
            }
            _ if self.name.ends_with(CITED) => format!("# Invoice\n\nInvoice number: {token}\n"),
            _ => format!("{token}\n"),
        };
        Ok(text.into_bytes())
    }

    /// Whether this is what became of it.
    pub(super) fn is_right(&self, value: &Value) -> bool {
        if self.name.ends_with(CITED) {
            return *value == json!({"number": self.token});
        }
        let holds = |content: &Value| content.as_str().is_some_and(|content| content.contains(&self.token));
        let rows_are_beside = value["rows_artifact"]["artifact"] == "rows";
        value["filename"] == self.name && holds(&value["content"]) && rows_are_beside == self.name.ends_with(ROWS)
    }
}

/// What is done with the files of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// As without a rule.
    Builtin,
    /// The same by a rule of its own: an earlier parse will do.
    Another,
    /// Takes the token out, and cites it.
    Extract,
}

/// The rules, by id.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) another: i64,
    pub(super) extract: i64,
}

/// One request.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// Its `Idempotency-Key`.
    pub(super) key: String,
    pub(super) files: Vec<File>,
    /// Into the common table, or each file into one of its own.
    pub(super) common_table: bool,
    pub(super) rule: Rule,
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

impl Ledger {
    /// The texts of workbooks that are to be sent at any time.
    fn books(&self) -> Vec<String> {
        let files = self.requests.iter().flat_map(|sent| &sent.request.files);
        files.filter(|file| file.name.ends_with(BOOK)).map(|file| file.token.clone()).collect()
    }
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
    pub(super) rules: Rules,
    ledger: Mutex<Ledger>,
}

impl Work {
    pub(super) fn new(project: i64, table: i64, rules: Rules) -> Self {
        Self { project, table, rules, ledger: Mutex::default() }
    }

    /// Adds a round's requests: some of one file, some of many.
    pub(super) fn add(&self, random: &mut StdRng, round: usize, files: usize) {
        let mut ledger = self.ledger.lock();
        let mut number = 0;
        while number < files {
            let size = if random.random_bool(0.3) { BATCH.min(files - number) } else { 1 };
            let rule = match random.random_range(0..10) {
                0 | 1 => Rule::Another,
                2 | 3 => Rule::Extract,
                _ => Rule::Builtin,
            };
            let twins: Vec<String> = if rule == Rule::Another { ledger.books() } else { Vec::new() };
            let files = (number..number + size).map(|number| {
                let endings: &[&str] = match rule {
                    Rule::Builtin => &[".txt", ".csv", ".html", ".md", ROWS, BOOK],
                    Rule::Another => &[BOOK],
                    Rule::Extract => &[CITED],
                };
                let name = format!("r{round}-{number}{}", endings.choose(random).copied().unwrap_or(".txt"));
                let fresh = format!("token{round}x{number}x{:08x}", random.random::<u32>());
                File { token: twins.choose(random).cloned().unwrap_or(fresh), name }
            });
            let request = Request {
                files: files.collect(),
                key: format!("round {round} file {number}"),
                common_table: random.random_bool(0.85),
                rule,
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

    use super::*;

    #[test]
    fn every_kind_of_file_is_sent_and_some_twice() {
        let (work, mut random) = (Work::new(1, 2, Rules { another: 3, extract: 4 }), StdRng::seed_from_u64(7));
        work.add(&mut random, 1, 200);
        let requests: Vec<Request> = work.to_send(&mut random).into_iter().map(|index| work.request(index)).collect();
        let files: Vec<&File> = requests.iter().flat_map(|request| &request.files).collect();
        assert_eq!(files.len(), 200);
        for ending in [".txt", ".html", ".md", ROWS, CITED, BOOK] {
            assert!(files.iter().any(|file| file.name.ends_with(ending)), "{ending}");
        }
        let twins = files.iter().filter(|file| files.iter().filter(|other| other.token == file.token).count() > 1);
        let twins: Vec<_> = twins.collect();
        assert!(twins.len() > 1 && twins.iter().all(|file| file.name.ends_with(BOOK)));
        let one = twins.first().expect("a twin");
        assert_eq!(one.bytes().expect("a workbook"), one.bytes().expect("a workbook"), "the same bytes every time");
    }

    #[test]
    fn other_tasks_for_the_same_key_are_a_violation() {
        let (work, mut random) = (Work::new(1, 2, Rules { another: 3, extract: 4 }), StdRng::seed_from_u64(7));
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
