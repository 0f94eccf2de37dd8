//! A MinerU of one's own.

use millrace_domain::parse_options::ParseOptions;
use millrace_pipeline_handlers::engine::mineru::{MineruConfig, MineruEngine};
use millrace_pipeline_handlers::engine::remote::RemoteConfig;
use millrace_pipeline_handlers::engine::{Engine, Verdict};
use millrace_pipeline_handlers::limits::ParserLimits;
use millrace_testkit::fakes::{FakeMineru, MineruConditions};

use crate::support::{document, is_whole, pages, parse, parse_with, pdf, pool, refused, remote, request, texts};

fn fake(conditions: MineruConditions) -> FakeMineru {
    FakeMineru::start(conditions).expect("a fake")
}

fn engine_of(remote: RemoteConfig) -> MineruEngine {
    let config = MineruConfig { remote, backend: None, language: "ch".into(), formulas: true, tables: true };
    MineruEngine::new(config, pool(), ParserLimits::default()).expect("an engine")
}

fn engine(fake: &FakeMineru) -> MineruEngine {
    engine_of(remote(fake.base()))
}

#[tokio::test]
async fn a_task_is_sent_asked_after_and_understood() {
    let fake = fake(MineruConditions { pending: 3, processing: 3, ..MineruConditions::default() });
    let output = parse(&engine(&fake), pdf(2, "")).await.expect("parsed");
    is_whole(&document(&output), "mineru");
    assert!(output.remote_task_id.as_deref().is_some_and(|id| id.starts_with("5e7a61de")));
    assert!(document(&output).version.starts_with("3.4.4"));
    assert_eq!(fake.submitted(), 1);
}

#[tokio::test]
async fn an_old_server_parses_while_we_wait() {
    let fake = fake(MineruConditions { is_old: true, ..MineruConditions::default() });
    let engine = engine(&fake);
    let output = parse(&engine, pdf(2, "")).await.expect("parsed");
    is_whole(&document(&output), "mineru");
    assert_eq!(output.remote_task_id, None);
    assert_eq!(refused(&engine, pdf(1, "fail")).await, ("parser_failed".into(), false));
}

#[tokio::test]
async fn pages_are_named_from_zero_and_come_back_from_one() {
    let fake = fake(MineruConditions::default());
    let engine = engine(&fake);
    for (asked, expected) in [("3-4", &[3, 4][..]), ("1", &[1]), ("2,4", &[2, 4]), ("1,3-4", &[1, 3, 4]), ("5", &[5])] {
        let output = parse_with(&engine, pdf(5, ""), pages(asked)).await.expect(asked);
        assert_eq!(texts(&document(&output)), expected, "{asked}");
        assert!(document(&output).markdown.contains(&format!("<!-- page {} -->", expected[0])));
    }
}

#[tokio::test]
async fn languages_are_translated() {
    let fake = fake(MineruConditions::default());
    let engine = engine(&fake);
    for code in ["kor", "rus", "xyz"] {
        let options = ParseOptions { ocr_languages: vec![code.into()], ..ParseOptions::default() };
        parse_with(&engine, pdf(1, ""), options).await.expect(code);
    }
    assert_eq!(fake.languages(), ["korean", "east_slavic", "ch"]);
}

#[tokio::test]
async fn a_lost_task_is_sent_again_some_times() {
    let once = fake(MineruConditions { restart_after: Some(2), ..MineruConditions::default() });
    let output = parse(&engine(&once), pdf(2, "")).await.expect("parsed in the end");
    is_whole(&document(&output), "mineru");
    assert_eq!(once.submitted(), 2);
    let always = fake(MineruConditions { always_restarts: true, ..MineruConditions::default() });
    assert_eq!(refused(&engine(&always), pdf(1, "")).await, ("parser_lost".into(), true));
    assert_eq!(always.submitted(), 3);
}

#[tokio::test]
async fn refusals_have_their_codes() {
    let fake = fake(MineruConditions::default());
    let engine = engine(&fake);
    assert_eq!(refused(&engine, pdf(1, "fail")).await, ("parser_failed".into(), false));
    let config = MineruConfig {
        remote: remote(fake.base()),
        backend: Some("imaginary".into()),
        language: "ch".into(),
        formulas: true,
        tables: true,
    };
    let wrong = MineruEngine::new(config, pool(), ParserLimits::default()).expect("an engine");
    assert_eq!(refused(&wrong, pdf(1, "")).await, ("parser_rejected".into(), false));
    // It looks into the file: this one is none that it reads.
    let text = millrace_pipeline_handlers::engine::EngineRequest {
        media_type: "image/webp",
        ..request(b"RIFF....WEBPVP8 ".to_vec(), ParseOptions::default())
    };
    let failure = engine.parse(&text).await.expect_err("refused");
    assert_eq!((failure.failure.code.as_str(), failure.verdict), ("unsupported_type", Verdict::Declined));
    let small = engine_of(RemoteConfig { max_file_bytes: 10, ..remote(fake.base()) });
    assert_eq!(refused(&small, pdf(1, "")).await, ("file_too_large".into(), false));
    let narrow = engine_of(RemoteConfig { max_result_bytes: 10, ..remote(fake.base()) });
    assert_eq!(refused(&narrow, pdf(1, "")).await.0, "output_too_large");
}

#[tokio::test]
async fn a_busy_server_is_waited_for_or_told() {
    // Busy at the door: the queue tries again, when the server says.
    let at_the_door = fake(MineruConditions { busy: 1, ..MineruConditions::default() });
    let failure = parse(&engine(&at_the_door), pdf(1, "")).await.expect_err("busy");
    assert_eq!((failure.code.as_str(), failure.retryable, failure.retry_after_seconds), ("parser_busy", true, Some(0)));
    // Gone: nothing listens there.
    let url = fake(MineruConditions::default()).base().to_owned();
    let gone = engine_of(remote(&url.replace("http://127.0.0.1:", "http://127.0.0.2:")));
    assert_eq!(refused(&gone, pdf(1, "")).await, ("parser_unreachable".into(), true));
    assert!(!gone.capability().await.available);
}

#[tokio::test]
async fn the_deadline_ends_the_waiting() {
    let fake = fake(MineruConditions { pending: 1_000_000, ..MineruConditions::default() });
    let hasty = engine_of(RemoteConfig { deadline_ms: 200, ..remote(fake.base()) });
    assert_eq!(refused(&hasty, pdf(1, "")).await, ("parser_timeout".into(), false));
}

#[tokio::test]
async fn it_says_what_it_is() {
    let fake = fake(MineruConditions::default());
    let capability = engine(&fake).capability().await;
    assert!(capability.available);
    assert_eq!(capability.version.as_deref(), Some("3.4.4"));
}
