//! Document tasks from their stored bytes to their artifacts, over doubles at the ports.

#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod support;

use std::sync::Arc;

use async_trait::async_trait;
use millrace_domain::artifact::ArtifactKind;
use millrace_domain::ports::{Job, JobError, JobOutput, TaskExecutor};
use millrace_domain::rule::{PostprocessMode, Rule, RuleDefinition};
use millrace_domain::usage::Spent;
use millrace_domain::{ErrorStage, Fault, RuleId, Stage};
use millrace_pipeline_handlers::engine::EngineChain;
use millrace_pipeline_handlers::engine::local::LocalEngine;
use millrace_pipeline_handlers::executor::{DocumentExecutor, ExecutorParts, ImageSettings};
use millrace_pipeline_handlers::limits::ParserLimits;
use millrace_pipeline_handlers::pool::ParserPool;
use millrace_pipeline_handlers::registry::builtin;
use millrace_pipeline_handlers::transform::extract::ExtractTransform;
use millrace_pipeline_handlers::transform::{Transform, TransformError, TransformInput, Transformed, Transforms};
use serde_json::value::to_raw_value;
use serde_json::{Value, json};
use support::files::{docx, pdf, xlsx, xlsx_rows};
use support::ports::{FakeControl, FakeStore, job, rerun};
use support::{pool, shell_pool};

const PARSED: &str = "users/1/etl_artifacts/2/7-3.json";
const RESULT: &str = "users/1/processed/2/7-3.json";

async fn run(store: &Arc<FakeStore>, job: Job) -> Result<JobOutput, JobError> {
    executor(store, ParserLimits::default()).execute(job, Arc::new(FakeControl::default())).await
}

fn executor(store: &Arc<FakeStore>, limits: ParserLimits) -> DocumentExecutor {
    over(store, pool(), limits)
}

fn over(store: &Arc<FakeStore>, pool: Arc<ParserPool>, limits: ParserLimits) -> DocumentExecutor {
    with_transforms(store, pool, limits, Transforms::with(vec![Arc::new(ExtractTransform::default())]))
}

fn with_transforms(
    store: &Arc<FakeStore>,
    pool: Arc<ParserPool>,
    limits: ParserLimits,
    transforms: Transforms,
) -> DocumentExecutor {
    let local = LocalEngine::new(Arc::new(builtin()), Arc::clone(&pool), limits.clone());
    DocumentExecutor::new(ExecutorParts {
        store: Arc::clone(store) as _,
        engines: Arc::new(EngineChain::new(vec![Arc::new(local)], ParserLimits::default())),
        transforms: Arc::new(transforms),
        cache: None,
        limits,
        pool: Some(pool),
        images: ImageSettings::default(),
    })
}

fn with_source(bytes: &[u8]) -> Arc<FakeStore> {
    let store = Arc::new(FakeStore::default());
    store.insert("source", bytes);
    store
}

fn in_folder(bytes: &[u8]) -> Arc<FakeStore> {
    let folder = Some(tempfile::tempdir().expect("a folder"));
    let store = Arc::new(FakeStore { folder, ..FakeStore::default() });
    store.insert("source", bytes);
    store
}

fn value(output: &JobOutput) -> Value {
    serde_json::from_str(output.value.as_ref().expect("a value").get()).expect("JSON")
}

#[tokio::test]
async fn a_text_becomes_a_result_and_two_artifacts() {
    let store = with_source(b"Hello\n\nworld");
    let control = Arc::new(FakeControl::default());
    let executor = executor(&store, ParserLimits::default());
    let output = executor.execute(job("note.txt", 12), Arc::clone(&control) as _).await.expect("a result");
    let expected = json!({
        "filename": "note.txt", "content": "Hello\n\nworld", "pages": 1, "parser": "text", "warnings": [],
    });
    assert_eq!(value(&output), expected);
    assert_eq!(store.json(RESULT), expected);
    assert_eq!(store.json(PARSED)["blocks"].as_array().map(Vec::len), Some(2));
    let kinds: Vec<_> = output.artifacts.iter().map(|artifact| (artifact.kind, artifact.key.as_str())).collect();
    assert_eq!(kinds, [(ArtifactKind::Parsed, PARSED), (ArtifactKind::Result, RESULT)]);
    assert_eq!((output.result.output_path.as_str(), output.result.pages), (RESULT, Some(1)));
    assert_eq!(output.result.output_size, expected.to_string().len() as u64);
    assert_eq!(output.result.parser.as_deref(), Some("text"));
    assert_eq!(*control.stages.lock(), [Stage::Transform]);
    assert!(control.progress.lock().is_sorted());
}

#[tokio::test]
async fn every_way_to_the_bytes_gives_the_same() {
    let bytes = docx("Title", &["body"], &[]);
    let size = bytes.len() as u64;
    let spool = ParserLimits { max_in_process_bytes: 10, ..ParserLimits::default() };
    let mut contents = Vec::new();
    for (store, limits) in [
        (in_folder(&bytes), ParserLimits::default()),
        (with_source(&bytes), ParserLimits::default()),
        (with_source(&bytes), spool),
    ] {
        let executor = executor(&store, limits);
        let output = executor.execute(job("a.docx", size), Arc::new(FakeControl::default())).await.expect("a result");
        contents.push(value(&output));
    }
    assert_eq!(contents[0]["parser"], "office");
    assert!(contents.windows(2).all(|pair| pair[0] == pair[1]), "{contents:?}");
}

#[tokio::test]
async fn large_text_is_left_to_a_child() {
    let text = "0123456789\n".repeat(100);
    let store = with_source(text.as_bytes());
    let limits = ParserLimits { max_in_process_bytes: 100, ..ParserLimits::default() };
    let executor = executor(&store, limits);
    let job = job("a.txt", text.len() as u64);
    let output = executor.execute(job, Arc::new(FakeControl::default())).await.expect("a result");
    assert_eq!(value(&output)["content"], text);
}

#[tokio::test]
async fn tables_carry_rows() {
    let output = run(&with_source(b"id,name\n007,x\n"), job("a.csv", 14)).await.expect("a result");
    assert_eq!(value(&output)["rows"], json!([{"id": "007", "name": "x"}]));
    let book = xlsx(&[("S", &xlsx_rows(&[&["k", "v"], &["x", "1"]])), ("E", "")]);
    let output = run(&with_source(&book), job("a.xlsx", book.len() as u64)).await.expect("a result");
    assert_eq!(value(&output)["rows"], json!([{"k": "x", "v": 1}]));
    assert_eq!(value(&output)["pages"], 2);
}

#[tokio::test]
async fn json_keeps_its_digits_and_no_result_holds_nul() {
    let source = br#"{"n": 12345678901234567890.10, "z": "a\u0000b"}"#;
    let output = run(&with_source(source), job("a.json", source.len() as u64)).await.expect("a result");
    let text = output.value.as_ref().expect("a value").get().to_owned();
    assert!(text.contains(r#""data":{"n": 12345678901234567890.10, "z": "ab"}"#), "{text}");
    assert!(output.result.warnings.iter().any(|warning| warning.contains("NUL")));
    let output = run(&with_source(b"some text with a\0b"), job("a.txt", 18)).await.expect("a result");
    assert_eq!(value(&output)["content"], "some text with ab");
    assert_eq!(value(&output)["warnings"], json!(["NUL characters were removed"]));
}

#[tokio::test]
async fn bad_input_is_permanent_and_named() {
    let scan = pdf(&[""]);
    for (name, bytes, code) in [
        ("a.txt", &b""[..], "empty_file"),
        ("a.csv", b" \n", "empty_file"),
        ("a.json", b"{", "unreadable_file"),
        ("a.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "ocr_unavailable"),
        ("a.pdf", scan.as_slice(), "no_text_layer"),
    ] {
        let error = run(&with_source(bytes), job(name, bytes.len() as u64)).await.expect_err(name);
        assert_eq!((error.failure.code.as_str(), error.failure.stage), (code, ErrorStage::Mineru), "{name}");
        assert!(!error.failure.retryable, "{name}");
        assert!(error.artifacts.is_empty());
    }
    let error = run(&with_source(b"x"), job("a.txt", 1 << 40)).await.expect_err("too large");
    assert_eq!(error.failure.code, "file_too_large");
    for store in [Arc::new(FakeStore::default()), {
        let store = in_folder(b"x");
        std::fs::remove_file(store.folder.as_ref().expect("a folder").path().join("source")).expect("gone");
        store
    }] {
        let error = run(&store, job("a.txt", 1)).await.expect_err("gone");
        assert_eq!((error.failure.code.as_str(), error.failure.retryable), ("source_missing", false));
    }
}

#[tokio::test]
async fn a_store_that_is_down_is_tried_again() {
    let store = Arc::new(FakeStore { failing_gets: true, ..FakeStore::default() });
    let error = run(&store, job("a.txt", 1)).await.expect_err("down");
    assert_eq!((error.failure.code.as_str(), error.failure.retryable), ("storage_unavailable", true));
    for (failing, kept) in [("processed", ArtifactKind::Parsed), ("etl_artifacts", ArtifactKind::Result)] {
        let store = Arc::new(FakeStore { failing_puts: Some(failing), ..FakeStore::default() });
        store.insert("source", b"text");
        let error = run(&store, job("a.txt", 4)).await.expect_err("down");
        assert_eq!((error.failure.stage, error.failure.retryable), (ErrorStage::Postprocess, true));
        assert_eq!(error.artifacts.iter().map(|artifact| artifact.kind).collect::<Vec<_>>(), [kept]);
    }
}

/// A rule mode that has asked a model.
struct Costly;

#[async_trait]
impl Transform for Costly {
    fn mode(&self) -> PostprocessMode {
        PostprocessMode::Llm
    }

    fn check(&self, _rule: &RuleDefinition) -> Result<(), Fault> {
        Ok(())
    }

    async fn apply(&self, _input: TransformInput) -> Result<Transformed, TransformError> {
        Ok(Transformed {
            value: to_raw_value(&1).expect("JSON"),
            pages: 1,
            parser: String::new(),
            warnings: Vec::new(),
            citations: None,
            exchange: None,
            tokens: Some(7),
            cost_usd: Some(0.5),
        })
    }
}

#[tokio::test]
async fn what_models_took_is_told_whatever_becomes_of_the_result() {
    for failing in ["processed", "etl_artifacts"] {
        let store = Arc::new(FakeStore { failing_puts: Some(failing), ..FakeStore::default() });
        store.insert("source", b"text");
        let transforms = Transforms::with(vec![Arc::new(Costly)]);
        let executor = with_transforms(&store, pool(), ParserLimits::default(), transforms);
        let definition = RuleDefinition { mode: PostprocessMode::Llm, ..RuleDefinition::builtin() };
        let job = with_rule(job("a.txt", 4), definition);
        let error = executor.execute(job, Arc::new(FakeControl::default())).await.expect_err("down");
        assert_eq!(error.failure.spent, Some(Spent { tokens: 7, cost_usd: Some(0.5) }), "{failing}");
    }
}

#[tokio::test]
async fn later_stages_reuse_what_earlier_ones_left() {
    let store = with_source(b"text");
    let first = job("a.txt", 4);
    let output = run(&store, first.clone()).await.expect("a result");
    // From here on the source is not needed any more.
    store.objects.lock().remove("source");
    let again = run(&store, rerun(&first, Stage::Transform, output.artifacts.clone())).await.expect("a result");
    assert_eq!(value(&again), value(&output));
    let keys: Vec<_> = again.artifacts.iter().map(|artifact| artifact.key.as_str()).collect();
    assert_eq!(keys, ["users/1/processed/2/7-4.json"], "the parsed document is not stored twice");
    let mounted = run(&store, rerun(&first, Stage::Mount, output.artifacts.clone())).await.expect("a result");
    assert_eq!(value(&mounted), value(&output));
    assert_eq!(mounted.result, output.result);
    assert!(mounted.artifacts.is_empty());
    for (stage, error_stage) in [(Stage::Transform, ErrorStage::Postprocess), (Stage::Mount, ErrorStage::Mount)] {
        let error = run(&store, rerun(&first, stage, Vec::new())).await.expect_err("nothing to reuse");
        assert_eq!((error.failure.code.as_str(), error.failure.stage), ("artifact_missing", error_stage));
        assert!(!error.failure.retryable);
    }
}

fn with_rule(mut job: Job, definition: RuleDefinition) -> Job {
    let now = job.task.created_at;
    let id = RuleId::new(5).expect("an id");
    job.rule = Some(Arc::new(Rule { id, user_id: None, version: 1, definition, created_at: now, updated_at: now }));
    job
}

#[tokio::test]
async fn extract_rules_leave_citations() {
    let options = json!({"fields": {
        "title": {"from": {"css": "h1"}}, "total": {"from": {"key": "Total"}, "type": "integer", "required": true},
    }});
    let definition = RuleDefinition { mode: PostprocessMode::Extract, options, ..RuleDefinition::builtin() };
    let page = b"<!doctype html><html><body><h1>Order</h1><p>Total: 12</p></body></html>";
    let store = with_source(page);
    let output = run(&store, with_rule(job("a.html", page.len() as u64), definition.clone())).await.expect("a result");
    assert_eq!(value(&output), json!({"title": "Order", "total": 12}));
    let citations = output.artifacts.iter().find(|artifact| artifact.kind == ArtifactKind::Citations);
    let citations = store.json(&citations.expect("citations").key);
    assert_eq!(citations["/total"], json!({"page": 1, "quote": "12", "verified": true}));
    let count = output.result.citations.expect("counted");
    assert_eq!((count.values, count.verified), (2, 2));
    let store = with_source(b"nothing of the kind");
    let error = run(&store, with_rule(job("a.txt", 19), definition)).await.expect_err("no total");
    assert_eq!((error.failure.code.as_str(), error.failure.stage), ("field_missing", ErrorStage::Postprocess));
    assert!(error.failure.message.contains("/total"), "{}", error.failure.message);
}

#[tokio::test]
async fn rules_that_cannot_run_are_refused_before_the_work() {
    let definition = RuleDefinition { mode: PostprocessMode::Llm, ..RuleDefinition::builtin() };
    let job = with_rule(job("a.txt", 4), definition);
    let error = run(&with_source(b"text"), job).await.expect_err("unsupported");
    assert_eq!((error.failure.code.as_str(), error.failure.stage), ("rule_mode_unsupported", ErrorStage::Postprocess));
}

#[tokio::test]
async fn cancelling_stops_the_parser() {
    let bytes = pdf(&["x"]);
    let store = with_source(&bytes);
    let control = Arc::new(FakeControl::default());
    let hanging = shell_pool("exec sleep 1000");
    let executor = over(&store, hanging, ParserLimits::default());
    let (running, cancelling) = (Arc::clone(&control), Arc::clone(&control));
    let job = job("a.pdf", bytes.len() as u64);
    let (outcome, ()) = tokio::join!(executor.execute(job, running), async {
        while cancelling.progress.lock().is_empty() {
            tokio::task::yield_now().await;
        }
        cancelling.token.cancel();
    });
    assert_eq!(outcome.expect_err("cancelled").failure.code, "cancelled");
}
