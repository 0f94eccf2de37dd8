//! docling-serve.

use millrace_domain::parse_options::ParseOptions;
use millrace_domain::secret::Secret;
use millrace_pipeline_handlers::engine::Engine;
use millrace_pipeline_handlers::engine::docling::{DoclingConfig, DoclingEngine, OcrEngine};
use millrace_pipeline_handlers::engine::remote::RemoteConfig;
use millrace_pipeline_handlers::limits::ParserLimits;
use millrace_testkit::fakes::{DoclingConditions, FakeDocling};

use crate::support::{document, is_whole, pages, parse, parse_with, pdf, pool, refused, remote, texts};

fn fake(conditions: DoclingConditions) -> FakeDocling {
    FakeDocling::start(conditions).expect("a fake")
}

fn config(fake: &FakeDocling, key: Option<&str>, table_mode: &str) -> DoclingConfig {
    DoclingConfig {
        remote: RemoteConfig { token: key.map(Secret::new), ..remote(fake.base()) },
        ocr_engine: None,
        ocr_languages: vec!["en".into()],
        table_mode: table_mode.into(),
        wait_seconds: 0,
    }
}

fn engine_with(fake: &FakeDocling, key: Option<&str>, table_mode: &str) -> DoclingEngine {
    DoclingEngine::new(config(fake, key, table_mode), pool(), ParserLimits::default()).expect("an engine")
}

fn engine(fake: &FakeDocling) -> DoclingEngine {
    engine_with(fake, None, "accurate")
}

#[tokio::test]
async fn a_task_is_sent_asked_after_and_understood() {
    let fake = fake(DoclingConditions { slow: 2, ..DoclingConditions::default() });
    let engine = engine(&fake);
    let output = parse(&engine, pdf(2, "")).await.expect("parsed");
    is_whole(&document(&output), "docling");
    assert!(output.remote_task_id.is_some_and(|id| id.starts_with("d0c11e00")));
    let capability = engine.capability().await;
    assert!(capability.available);
    assert_eq!(capability.version.as_deref(), Some("1.31.0"));
}

#[tokio::test]
async fn pages_are_two_values_from_one() {
    let fake = fake(DoclingConditions::default());
    let engine = engine(&fake);
    for (asked, expected) in [("2-3", &[2, 3][..]), ("4", &[4]), ("1,3", &[1, 3])] {
        let output = parse_with(&engine, pdf(5, ""), pages(asked)).await.expect(asked);
        assert_eq!(texts(&document(&output)), expected, "{asked}");
    }
}

#[tokio::test]
async fn languages_are_named_as_its_engine_does() {
    let fake = fake(DoclingConditions::default());
    let asked = |codes: &[&str]| ParseOptions {
        ocr_languages: codes.iter().map(|code| (*code).to_owned()).collect(),
        ..ParseOptions::default()
    };
    let engine = engine(&fake);
    for codes in [&["chi_sim", "eng"][..], &["ell"], &[]] {
        parse_with(&engine, pdf(1, ""), asked(codes)).await.expect("parsed");
    }
    let config = DoclingConfig { ocr_engine: Some(OcrEngine::Tesseract), ..config(&fake, None, "fast") };
    let tesseract = DoclingEngine::new(config, pool(), ParserLimits::default()).expect("an engine");
    assert_ne!(tesseract.version(), engine.version(), "another engine is another parse");
    parse_with(&tesseract, pdf(1, ""), asked(&["ell", "eng"])).await.expect("parsed");
    let sent = |engine: Option<&str>, names: &[&str]| {
        (engine.map(str::to_owned), names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
    };
    let expected = [
        sent(None, &["ch_sim", "en"]),
        sent(None, &["en"]),
        sent(None, &["en"]),
        sent(Some("tesseract"), &["ell", "eng"]),
    ];
    assert_eq!(fake.recognition(), expected);
}

#[tokio::test]
async fn keys_are_wanted_and_given() {
    let fake = fake(DoclingConditions { key: Some("k3y".into()), ..DoclingConditions::default() });
    assert!(parse(&engine_with(&fake, Some("k3y"), "fast"), pdf(1, "")).await.is_ok());
    assert_eq!(refused(&engine(&fake), pdf(1, "")).await, ("parser_unauthorized".into(), false));
    assert!(!engine(&fake).capability().await.available);
}

#[tokio::test]
async fn what_is_lost_is_sent_again() {
    let forgetful = fake(DoclingConditions { restart_after: Some(1), ..DoclingConditions::default() });
    is_whole(&document(&parse(&engine(&forgetful), pdf(2, "")).await.expect("in the end")), "docling");
    assert_eq!(forgetful.submitted(), 2);
    // Done, and yet its result is gone: it can be fetched once.
    let lossy = fake(DoclingConditions { lost_results: 1, ..DoclingConditions::default() });
    is_whole(&document(&parse(&engine(&lossy), pdf(2, "")).await.expect("in the end")), "docling");
    let always = fake(DoclingConditions { lost_results: 9, ..DoclingConditions::default() });
    assert_eq!(refused(&engine(&always), pdf(1, "")).await, ("parser_lost".into(), true));
    assert_eq!(always.submitted(), 3);
}

#[tokio::test]
async fn failures_have_their_codes() {
    let fake = fake(DoclingConditions::default());
    let engine = engine(&fake);
    assert_eq!(refused(&engine, pdf(1, "fail")).await, ("parser_failed".into(), false));
    let failure = parse(&engine, pdf(1, "capacity")).await.expect_err("no room");
    assert_eq!((failure.code.as_str(), failure.retryable), ("parser_busy", true));
    let partial = document(&parse(&engine, pdf(2, "partial")).await.expect("a part"));
    assert!(partial.warnings.iter().any(|warning| warning.contains("page 1: a page took too long")), "{partial:?}");
    assert_eq!(refused(&engine_with(&fake, None, "slow"), pdf(1, "")).await, ("parser_rejected".into(), false));
    let busy = self::fake(DoclingConditions { busy: 1, ..DoclingConditions::default() });
    assert_eq!(refused(&self::engine(&busy), pdf(1, "")).await, ("parser_busy".into(), true));
}
