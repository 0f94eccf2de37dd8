//! mineru.net.

use std::sync::Arc;

use millrace_domain::secret::Secret;
use millrace_pipeline_handlers::engine::mineru_cloud::{MineruCloudConfig, MineruCloudEngine};
use millrace_pipeline_handlers::engine::remote::RemoteConfig;
use millrace_pipeline_handlers::engine::{Engine, EngineRequest};
use millrace_pipeline_handlers::limits::ParserLimits;
use millrace_testkit::fakes::{FakeMineruCloud, MineruCloudConditions};

use crate::support::{Seen, document, is_whole, pages, parse, parse_with, pdf, pool, refused, remote, request, texts};

fn fake(conditions: MineruCloudConditions) -> FakeMineruCloud {
    FakeMineruCloud::start(conditions).expect("a fake")
}

fn config(fake: &FakeMineruCloud, token: &str) -> MineruCloudConfig {
    MineruCloudConfig {
        remote: RemoteConfig { token: Some(Secret::new(token)), ..remote(&fake.base()) },
        hosts: vec![".cdn.example".into()],
        model_version: "pipeline".into(),
        language: "ch".into(),
        formulas: true,
        tables: true,
        source_url: None,
    }
}

fn engine_of(config: MineruCloudConfig) -> MineruCloudEngine {
    MineruCloudEngine::new(config, pool(), ParserLimits::default()).expect("an engine")
}

fn engine(fake: &FakeMineruCloud) -> MineruCloudEngine {
    engine_of(config(fake, "good"))
}

#[tokio::test]
async fn a_file_is_uploaded_asked_after_and_fetched() {
    let fake = fake(MineruCloudConditions::default());
    let seen = Arc::new(Seen::default());
    let asked = EngineRequest { progress: Arc::clone(&seen) as _, ..request(pdf(2, ""), Default::default()) };
    let output = engine(&fake).parse(&asked).await.expect("parsed");
    is_whole(&document(&output), "mineru_cloud");
    assert!(output.remote_task_id.is_some_and(|id| id.starts_with("0d1f7a2b")));
    assert_eq!(*seen.0.lock(), [(1, 2)]);
    let sent = &fake.requests()[0];
    assert_eq!(sent["files"][0]["data_id"], "5e".repeat(32));
    // Its own name says more than the service needs.
    assert_eq!(sent["files"][0]["name"], "document.pdf");
}

#[tokio::test]
async fn a_file_can_be_fetched_by_the_service() {
    let fake = fake(MineruCloudConditions::default());
    let url = fake.publish(&"5e".repeat(32), pdf(2, ""));
    let config = MineruCloudConfig { source_url: Some(format!("{url}{{sha256}}")), ..config(&fake, "good") };
    let output = parse(&engine_of(config), pdf(2, "")).await.expect("parsed");
    is_whole(&document(&output), "mineru_cloud");
}

#[tokio::test]
async fn pages_are_named_as_people_write_them() {
    let fake = fake(MineruCloudConditions::default());
    let engine = engine(&fake);
    for (asked, expected) in [("2,4-5", &[2, 4, 5][..]), ("3", &[3]), ("1,3", &[1, 3])] {
        let output = parse_with(&engine, pdf(5, ""), pages(asked)).await.expect(asked);
        assert_eq!(texts(&document(&output)), expected, "{asked}");
    }
    assert_eq!(fake.requests()[0]["files"][0]["page_ranges"], "2,4-5");
}

#[tokio::test]
async fn a_bad_token_is_told_in_the_envelope_of_the_gateway() {
    let fake = fake(MineruCloudConditions::default());
    let config = config(&fake, "b4d-t0ken");
    assert!(!format!("{config:?}").contains("b4d-t0ken"));
    let failure = parse(&engine_of(config), pdf(1, "")).await.expect_err("refused");
    assert_eq!((failure.code.as_str(), failure.retryable), ("parser_unauthorized", false));
    assert!(!failure.message.contains("b4d-t0ken"), "{}", failure.message);
}

#[tokio::test]
async fn limits_and_full_queues_are_waited_for() {
    let limited = fake(MineruCloudConditions { limited: 1, ..MineruCloudConditions::default() });
    let failure = parse(&engine(&limited), pdf(1, "")).await.expect_err("limited");
    assert_eq!((failure.code.as_str(), failure.retry_after_seconds), ("parser_busy", Some(0)));
    let full = fake(MineruCloudConditions { full: 1, ..MineruCloudConditions::default() });
    assert_eq!(refused(&engine(&full), pdf(1, "")).await, ("parser_busy".into(), true));
    assert!(parse(&engine(&full), pdf(1, "")).await.is_ok());
}

#[tokio::test]
async fn failures_keep_their_codes() {
    let fake = fake(MineruCloudConditions::default());
    let engine = engine(&fake);
    for (fate, code, retryable) in [
        ("-60010", "parser_failed", false),
        ("-60018", "parser_quota", false),
        ("-60007", "parser_unreachable", true),
        ("-60005", "file_too_large", false),
    ] {
        let failure = parse(&engine, pdf(1, fate)).await.expect_err(fate);
        assert_eq!((failure.code.as_str(), failure.retryable), (code, retryable), "{fate}");
    }
    assert_eq!(refused(&engine, pdf(601, "")).await, ("too_many_pages".into(), false));
}

#[tokio::test]
async fn what_is_lost_or_cut_off_is_sent_again() {
    let forgetful = fake(MineruCloudConditions { forget_after: Some(2), ..MineruCloudConditions::default() });
    is_whole(&document(&parse(&engine(&forgetful), pdf(2, "")).await.expect("in the end")), "mineru_cloud");
    assert_eq!(forgetful.submitted(), 2);
    let cut = fake(MineruCloudConditions { cut: 1, ..MineruCloudConditions::default() });
    is_whole(&document(&parse(&engine(&cut), pdf(2, "")).await.expect("in the end")), "mineru_cloud");
    let always = fake(MineruCloudConditions { cut: 9, ..MineruCloudConditions::default() });
    assert_eq!(refused(&engine(&always), pdf(2, "")).await, ("parser_protocol".into(), false));
}

#[tokio::test]
async fn hostile_answers_end_with_a_code() {
    let fake = fake(MineruCloudConditions::default());
    assert_eq!(refused(&engine(&fake), pdf(1, "bomb")).await, ("archive_too_large".into(), false));
    for host in ["http://169.254.169.254", "http://10.0.0.1:8080", "https://cdn.example.evil.test"] {
        let elsewhere = MineruCloudConditions { result_host: Some(host.into()), ..MineruCloudConditions::default() };
        let fake = self::fake(elsewhere);
        assert_eq!(refused(&engine(&fake), pdf(1, "")).await, ("parser_protocol".into(), false), "{host}");
    }
}
