//! Files of rows that are too large for one JSON value: their rows become an artifact, in memory that does not grow.

#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod support;

use std::io::Write;
use std::sync::Arc;

use async_trait::async_trait;
use millrace_domain::artifact::{ArtifactKind, NewArtifact, ParseKey};
use millrace_domain::ids::UserId;
use millrace_domain::parse_options::ParseOptions;
use millrace_domain::ports::{Job, JobOutput, ParseCache, TaskExecutor};
use millrace_domain::rule::{PostprocessMode, Rule, RuleDefinition};
use millrace_domain::{Fault, RuleId, Stage};
use millrace_pipeline_handlers::engine::EngineChain;
use millrace_pipeline_handlers::engine::local::LocalEngine;
use millrace_pipeline_handlers::executor::{DocumentExecutor, ExecutorParts, ImageSettings};
use millrace_pipeline_handlers::failure::FailureCode;
use millrace_pipeline_handlers::limits::ParserLimits;
use millrace_pipeline_handlers::pool::{ParseJob, WorkerInput};
use millrace_pipeline_handlers::registry::builtin;
use millrace_pipeline_handlers::transform::{Transform, TransformError, TransformInput, Transformed, Transforms};
use serde_json::value::to_raw_value;
use serde_json::{Value, json};
use support::files::{xlsx, xlsx_rows};
use support::pool;
use support::ports::{FakeControl, FakeStore, job, rerun};

const ROWS: &str = "users/1/etl_rows/2/7-3.json";
const PARSED: &str = "users/1/etl_artifacts/2/7-3.json";

/// A rule mode that needs every row, and gives their number.
struct CountRows;

#[async_trait]
impl Transform for CountRows {
    fn mode(&self) -> PostprocessMode {
        PostprocessMode::Extract
    }

    fn check(&self, _rule: &RuleDefinition) -> Result<(), Fault> {
        Ok(())
    }

    async fn apply(&self, input: TransformInput) -> Result<Transformed, TransformError> {
        let document: Value = serde_json::from_slice(&input.parsed).expect("JSON");
        Ok(Transformed {
            value: to_raw_value(&document["rows"].as_array().map(Vec::len)).expect("JSON"),
            pages: 1,
            parser: String::new(),
            warnings: Vec::new(),
            citations: None,
            exchange: None,
            tokens: None,
            cost_usd: None,
        })
    }
}

/// Knows no earlier parse.
struct NoCache;

#[async_trait]
impl ParseCache for NoCache {
    async fn find(&self, _user: UserId, _key: &ParseKey) -> Result<Option<NewArtifact>, Fault> {
        Ok(None)
    }
}

fn executor(store: &Arc<FakeStore>, limits: &ParserLimits) -> DocumentExecutor {
    let local = LocalEngine::new(Arc::new(builtin()), pool(), limits.clone());
    DocumentExecutor::new(ExecutorParts {
        store: Arc::clone(store) as _,
        engines: Arc::new(EngineChain::new(vec![Arc::new(local)], limits.clone())),
        transforms: Arc::new(Transforms::with(vec![Arc::new(CountRows)])),
        cache: Some(Arc::new(NoCache)),
        limits: limits.clone(),
        pool: None,
        images: ImageSettings::default(),
    })
}

async fn run(store: &Arc<FakeStore>, limits: &ParserLimits, job: Job) -> JobOutput {
    executor(store, limits).execute(job, Arc::new(FakeControl::default())).await.expect("a result")
}

fn stored(bytes: &[u8], in_folder: bool) -> Arc<FakeStore> {
    let folder = in_folder.then(|| tempfile::tempdir().expect("a folder"));
    let store = Arc::new(FakeStore { folder, ..FakeStore::default() });
    store.insert("source", bytes);
    store
}

fn value(output: &JobOutput) -> Value {
    serde_json::from_str(output.value.as_ref().expect("a value").get()).expect("JSON")
}

/// The rows artifact, read back.
fn rows(store: &FakeStore) -> Vec<Value> {
    let bytes = store.objects.lock()[ROWS].clone();
    let lines = std::str::from_utf8(&bytes).expect("UTF-8").lines();
    lines.map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Limits under which the files of these tests are read piece by piece in a child.
fn streaming() -> ParserLimits {
    ParserLimits { max_in_process_bytes: 1000, max_inline_bytes: 2000, ..ParserLimits::default() }
}

fn kinds(output: &JobOutput) -> Vec<ArtifactKind> {
    output.artifacts.iter().map(|artifact| artifact.kind).collect()
}

fn extracting(mut job: Job) -> Job {
    let now = job.task.created_at;
    job.rule = Some(Arc::new(Rule {
        id: RuleId::new(5).expect("an id"),
        user_id: None,
        version: 1,
        definition: RuleDefinition { mode: PostprocessMode::Extract, ..RuleDefinition::builtin() },
        created_at: now,
        updated_at: now,
    }));
    job
}

/// Chinese in GB18030, quoted line ends, records of many widths, repeated and missing names, stray NUL.
fn awkward() -> Vec<u8> {
    let mut text = "sep=;\r\n编号;名称;;名称\r\n".to_owned();
    for number in 0..500 {
        text.push_str(&match number % 5 {
            0 => format!("{number};短\r\n"),
            1 => format!("{number};\"第一行\n第二行; \"\"引\"\"\";b;c\r\n"),
            2 => format!("{number};长;b;c;更多;再多\r\n"),
            // More of them would not look like text.
            3 if number == 3 => format!("00{number};北\0京;;\r\n"),
            _ => format!("{number};上海;x;y\r\n"),
        });
    }
    encoding_rs::GB18030.encode(&text).0.into_owned()
}

#[tokio::test]
async fn a_streamed_table_has_the_rows_of_one_that_is_held() {
    let bytes = awkward();
    let job = || job("a.csv", bytes.len() as u64);
    let whole = run(&stored(&bytes, true), &ParserLimits::default(), job()).await;
    assert_eq!(kinds(&whole), [ArtifactKind::Parsed, ArtifactKind::Result]);
    let whole = value(&whole);
    let expected = whole["rows"].as_array().expect("rows").clone();
    assert_eq!(expected.len(), 500);
    let beside = ParserLimits { max_inline_rows: 499, ..ParserLimits::default() };
    for (in_folder, limits) in [(true, streaming()), (false, streaming()), (true, beside)] {
        let store = stored(&bytes, in_folder);
        let output = run(&store, &limits, job()).await;
        assert_eq!(kinds(&output), [ArtifactKind::Parsed, ArtifactKind::Rows, ArtifactKind::Result]);
        assert!(output.artifacts.iter().all(|artifact| artifact.parse_key.is_none()), "it cannot be reused");
        assert!(rows(&store) == expected, "other rows");
        let result = value(&output);
        let artifact = &output.artifacts[1];
        assert_eq!(
            result["rows_artifact"],
            json!({"artifact": "rows", "rows": 500, "size": artifact.size, "sha256": artifact.sha256})
        );
        assert_eq!((result.get("rows"), &result["pages"], &result["parser"]), (None, &json!(1), &json!("csv")));
        assert_eq!(result["rows_preview"].as_array().map(Vec::as_slice), Some(&expected[..100]));
        let lines = |result: &Value| {
            let content = result["content"].as_str().unwrap_or_default().to_owned();
            content.lines().take(102).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(lines(&result), lines(&whole));
        assert_eq!(result["content"].as_str().map(|content| content.lines().count()), Some(102));
        let mut warnings: Vec<_> = whole["warnings"].as_array().cloned().unwrap_or_default();
        warnings.retain(|warning| !warning.as_str().is_some_and(|text| text.contains("NUL")));
        for warning in &warnings {
            assert!(result["warnings"].as_array().is_some_and(|all| all.contains(warning)), "{warning}: {result}");
        }
        assert!(result["warnings"].to_string().contains("the file has 500 rows"), "{}", result["warnings"]);
        assert_eq!(store.json(PARSED)["rows_ref"]["rows"], 500);
    }
}

#[tokio::test]
async fn lines_of_json_and_sheets_move_out_too() {
    let mut lines: String = (0..300).map(|number| format!("{{\"n\": {number}, \"t\": \"a\\u0000b\"}}\n")).collect();
    lines.push_str("[1]\r\nno JSON\n\n{\"last\": 1}");
    let store = stored(lines.as_bytes(), true);
    let output = run(&store, &streaming(), job("a.ndjson", lines.len() as u64)).await;
    let read = rows(&store);
    assert_eq!(
        (read.len(), &read[7], &read[300], &read[301]),
        (302, &json!({"n": 7, "t": "ab"}), &json!({"value": [1]}), &json!({"last": 1}))
    );
    let result = value(&output);
    assert_eq!(
        (result["rows_preview"].as_array().map(Vec::len), result["content"].as_str().map(|text| text.lines().count())),
        (Some(100), Some(100))
    );
    assert!(result["warnings"].to_string().contains("1 lines are no JSON and not in rows: 302"), "{result}");
    let cells: Vec<Vec<String>> = (0..300).map(|number| vec![format!("k{number}"), number.to_string()]).collect();
    let cells: Vec<Vec<&str>> = cells.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
    let mut sheet: Vec<&[&str]> = vec![&["key", "value"]];
    sheet.extend(cells.iter().map(Vec::as_slice));
    let book = xlsx(&[("S", &xlsx_rows(&sheet))]);
    let store = stored(&book, true);
    let limits = ParserLimits { max_inline_rows: 200, ..ParserLimits::default() };
    let output = run(&store, &limits, job("a.xlsx", book.len() as u64)).await;
    assert_eq!((rows(&store).len(), rows(&store)[299].clone()), (300, json!({"key": "k299", "value": 299})));
    assert_eq!(value(&output)["rows_artifact"]["rows"], 300);
}

#[tokio::test]
async fn bad_large_files_fail_as_small_ones_do() {
    let unclosed = format!("a,b\n1,\"{}", "x".repeat(600_000));
    for (name, bytes, code) in [
        ("a.csv", " \n".repeat(2000), FailureCode::EmptyFile),
        ("a.ndjson", "\n".repeat(3000), FailureCode::EmptyFile),
        ("a.ndjson", "{\"a\": 1}\nno\nno\n".repeat(300), FailureCode::UnreadableFile),
        ("a.csv", unclosed, FailureCode::UnreadableFile),
    ] {
        let store = stored(bytes.as_bytes(), true);
        let work = executor(&store, &streaming());
        let error =
            work.execute(job(name, bytes.len() as u64), Arc::new(FakeControl::default())).await.expect_err(name);
        assert_eq!(
            (error.failure.code.as_str(), error.artifacts.len()),
            (code.as_str(), 0),
            "{}",
            error.failure.message
        );
    }
    let bytes = awkward();
    let store = stored(&bytes, true);
    let work = executor(&store, &ParserLimits { max_rows_bytes: 1000, ..streaming() });
    let error =
        work.execute(job("a.csv", bytes.len() as u64), Arc::new(FakeControl::default())).await.expect_err("large");
    assert_eq!(error.failure.code, "output_too_large");
}

#[tokio::test]
async fn later_stages_keep_the_rows() {
    let bytes = awkward();
    let (store, limits) = (stored(&bytes, true), streaming());
    let first = job("a.csv", bytes.len() as u64);
    let output = run(&store, &limits, first.clone()).await;
    store.objects.lock().remove("source");
    for (stage, stored) in [(Stage::Transform, vec![ArtifactKind::Result]), (Stage::Mount, Vec::new())] {
        let again = run(&store, &limits, rerun(&first, stage, output.artifacts.clone())).await;
        assert_eq!((value(&again), kinds(&again)), (value(&output), stored));
    }
    let without: Vec<_> =
        output.artifacts.iter().filter(|artifact| artifact.kind != ArtifactKind::Rows).cloned().collect();
    let all_rows = extracting(rerun(&first, Stage::Transform, output.artifacts.clone()));
    for (job, code) in
        [(rerun(&first, Stage::Transform, without), "artifact_missing"), (all_rows, "rows_beside_document")]
    {
        let error = executor(&store, &limits).execute(job, Arc::new(FakeControl::default())).await.expect_err(code);
        assert_eq!((error.failure.code.as_str(), error.failure.retryable), (code, false));
    }
}

#[tokio::test]
async fn rules_that_need_all_rows_get_them() {
    let bytes = awkward();
    let store = stored(&bytes, true);
    let output = run(&store, &streaming(), extracting(job("a.csv", bytes.len() as u64))).await;
    assert_eq!((value(&output), kinds(&output)), (json!(500), vec![ArtifactKind::Parsed, ArtifactKind::Result]));
    let key = output.artifacts[0].parse_key.as_ref().expect("a key");
    assert!(key.fingerprint.ends_with(";all rows"), "no other kind of rule finds it: {key:?}");
}

#[tokio::test]
async fn a_cancel_in_the_middle_leaves_nothing() {
    let bytes = awkward();
    let control = Arc::new(FakeControl::default());
    let folder = Some(tempfile::tempdir().expect("a folder"));
    let store = Arc::new(FakeStore { folder, stalling_writes: Some(control.token.clone()), ..FakeStore::default() });
    store.insert("source", &bytes);
    let work = executor(&store, &streaming());
    let error = work.execute(job("a.csv", bytes.len() as u64), control).await.expect_err("cancelled");
    assert_eq!((error.failure.code.as_str(), error.artifacts.len()), ("cancelled", 0));
    assert_eq!(store.objects.lock().keys().collect::<Vec<_>>(), ["source"]);
    let store = Arc::new(FakeStore { failing_puts: Some("etl_rows"), ..FakeStore::default() });
    store.insert("source", &bytes);
    let work = executor(&store, &streaming());
    let job = job("a.csv", bytes.len() as u64);
    let error = work.execute(job, Arc::new(FakeControl::default())).await.expect_err("the store is down");
    assert_eq!((error.failure.code.as_str(), error.failure.retryable), ("storage_unavailable", true));
    assert_eq!(store.objects.lock().len(), 1);
}

/// The file is larger than the memory that its reader may have.
#[tokio::test]
async fn memory_does_not_grow_with_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, rows) = (folder.path().join("large.csv"), folder.path().join("rows"));
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).expect("a file"));
    let filler = "x".repeat(5000);
    writeln!(file, "id,name,filler").expect("written");
    for number in 0..14_000 {
        writeln!(file, "{number},\"two\nlines\",{filler}").expect("written");
    }
    file.into_inner().expect("written");
    let memory_bytes = 64 << 20;
    assert!(std::fs::metadata(&path).expect("a file").len() > memory_bytes);
    let limits = ParserLimits { memory_bytes, cpu_seconds: 600, wall_seconds: 900, ..ParserLimits::default() };
    let job = |rows| ParseJob {
        input: WorkerInput::Path(path.clone()),
        filename: "large.csv".into(),
        limits: limits.clone(),
        options: ParseOptions::default(),
        rows,
    };
    let pool = pool();
    let document = pool.parse(job(Some(rows.clone()))).await.expect("a document");
    let document: Value = serde_json::from_slice(&document).expect("JSON");
    assert_eq!(document["rows_ref"]["rows"], 14_000);
    assert_eq!(document["rows_ref"]["size"], std::fs::metadata(&rows).expect("rows").len());
    // That the limit holds shows when all rows are wanted in the document.
    let failure = pool.parse(job(None)).await.expect_err("too large for the memory");
    assert_eq!(failure.code, FailureCode::ParserMemory);
}
