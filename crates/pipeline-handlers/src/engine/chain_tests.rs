use async_trait::async_trait;
use millrace_domain::capabilities::EngineCapability;
use millrace_domain::document::{Block, BlockKind, PageInfo, ParsedDocument};
use millrace_domain::parse_options::PageRanges;
use parking_lot::Mutex;

use super::*;
use crate::engine::{NoProgress, Source};
use crate::output;

/// Answers as it is told, and keeps the pages that it was asked for.
struct Told {
    name: &'static str,
    recognises: bool,
    answer: Box<dyn Fn() -> Result<EngineOutput, EngineFailure> + Send + Sync>,
    asked: Mutex<Vec<Option<String>>>,
}

#[async_trait]
impl Engine for Told {
    fn name(&self) -> &'static str {
        self.name
    }

    fn version(&self) -> String {
        "1".to_owned()
    }

    fn reads(&self, media_type: &str) -> bool {
        media_type != "text/nobody"
    }

    fn recognises(&self) -> bool {
        self.recognises
    }

    async fn parse(&self, request: &EngineRequest) -> Result<EngineOutput, EngineFailure> {
        self.asked.lock().push(request.options.pages.as_ref().map(ToString::to_string));
        (self.answer)()
    }

    async fn capability(&self) -> EngineCapability {
        unreachable!("not asked for")
    }
}

fn told(
    name: &'static str,
    recognises: bool,
    answer: impl Fn() -> Result<EngineOutput, EngineFailure> + Send + Sync + 'static,
) -> Arc<Told> {
    Arc::new(Told { name, recognises, answer: Box::new(answer), asked: Mutex::default() })
}

fn fails(name: &'static str, failure: EngineFailure) -> Arc<Told> {
    told(name, true, move || Err(failure.clone()))
}

fn chain(engines: &[Arc<Told>]) -> EngineChain {
    let engines = engines.iter().map(|engine| Arc::clone(engine) as Arc<dyn Engine>).collect();
    EngineChain::new(engines, ParserLimits::default())
}

fn request(media_type: &'static str) -> EngineRequest {
    EngineRequest {
        source: Arc::new(Source::Memory(bytes::Bytes::new())),
        size: 0,
        sha256: String::new(),
        filename: "a".into(),
        media_type,
        options: ParseOptions::default(),
        progress: Arc::new(NoProgress),
        rows: None,
    }
}

fn permanent(code: FailureCode) -> EngineFailure {
    ParseFailure::new(code, code.as_str()).into()
}

fn unreachable_service() -> EngineFailure {
    let mut failure = TaskFailure::transient(ErrorStage::Mineru, "parser_unreachable", "no answer");
    failure.retry_after_seconds = Some(7);
    EngineFailure::tried(failure)
}

async fn code(engines: &[Arc<Told>]) -> (String, bool, Option<u64>) {
    let failure = chain(engines).parse(request(PDF)).await.expect_err("nobody reads it");
    (failure.code, failure.retryable, failure.retry_after_seconds)
}

/// Two pages, of which the second has a text layer or not.
fn document(second: bool, text: &str) -> Result<EngineOutput, EngineFailure> {
    let page = |page, layer| PageInfo { page, size: None, text_layer: Some(layer), quality: None };
    let blocks = vec![Block { page: 2, ..Block::new(BlockKind::Paragraph, text) }];
    let document = ParsedDocument {
        markdown: crate::engine::markdown::write(&blocks),
        blocks: if text.is_empty() { Vec::new() } else { blocks },
        page_info: vec![page(1, true), page(2, second)],
        ..ParsedDocument::default()
    };
    let bytes = output::to_json(&document, &ParserLimits::default()).expect("JSON");
    Ok(EngineOutput { document: bytes.into(), remote_task_id: None })
}

fn parsed(output: &EngineOutput) -> ParsedDocument {
    serde_json::from_slice(&output.document).expect("JSON")
}

#[tokio::test]
async fn the_failure_that_says_most_is_told() {
    let (scan, broken) = (permanent(FailureCode::NoTextLayer), permanent(FailureCode::UnreadableFile));
    let a = |failure: &EngineFailure| fails("a", failure.clone());
    let b = |failure: &EngineFailure| fails("b", failure.clone());
    let gone = unreachable_service();
    assert_eq!(code(&[a(&scan)]).await, ("no_text_layer".into(), false, None));
    assert_eq!(code(&[a(&scan), b(&broken)]).await, ("unreadable_file".into(), false, None));
    assert_eq!(code(&[a(&broken), b(&scan)]).await, ("unreadable_file".into(), false, None));
    assert_eq!(code(&[a(&scan), b(&gone)]).await, ("parser_unreachable".into(), true, Some(7)));
    assert_eq!(code(&[a(&broken), b(&gone)]).await, ("unreadable_file".into(), true, Some(7)));
    assert_eq!(code(&[a(&gone), b(&broken)]).await, ("unreadable_file".into(), true, Some(7)));
}

#[tokio::test]
async fn a_bad_file_is_shown_to_nobody_else() {
    let second = fails("b", permanent(FailureCode::UnreadableFile));
    let engines = [fails("a", permanent(FailureCode::EncryptedFile)), Arc::clone(&second)];
    assert_eq!(code(&engines).await.0, "encrypted_file");
    assert!(second.asked.lock().is_empty());
}

#[tokio::test]
async fn pages_that_are_pictures_go_to_the_next_that_recognises() {
    let blind = told("blind", false, || document(true, "WRONG"));
    let eyes = told("eyes", true, || document(false, "recognised"));
    let engines = [told("local", false, || document(false, "")), Arc::clone(&blind), Arc::clone(&eyes)];
    let output = chain(&engines).parse(request(PDF)).await.expect("a document");
    assert_eq!(parsed(&output).blocks[0].text, "recognised");
    assert!(blind.asked.lock().is_empty());
    assert_eq!(*eyes.asked.lock(), [Some("2".to_owned())]);
}

#[tokio::test]
async fn pages_that_nobody_recognises_are_named_or_waited_for() {
    let local = || told("local", false, || document(false, ""));
    let output = chain(&[local(), fails("b", permanent(FailureCode::OcrLanguageMissing))]).parse(request(PDF)).await;
    let warnings = parsed(&output.expect("what there is")).warnings;
    assert!(warnings[0].contains("pages 2") && warnings[0].contains("ocr_language_missing"), "{warnings:?}");
    let failure = chain(&[local(), fails("b", unreachable_service())]).parse(request(PDF)).await.expect_err("later");
    assert!(failure.retryable);
    // Nobody who could: what there is, unchanged.
    let output = chain(&[local()]).parse(request(PDF)).await.expect("what there is");
    assert!(parsed(&output).warnings.is_empty());
}

#[tokio::test]
async fn recognition_can_be_asked_for() {
    let local = told("local", false, || document(true, "layer"));
    let eyes = told("eyes", true, || document(false, "recognised"));
    let ocr = ParseOptions { force_ocr: true, ..ParseOptions::default() };
    let forced = EngineRequest { options: ocr, ..request(PDF) };
    let output = chain(&[Arc::clone(&local), eyes]).parse(forced.clone()).await.expect("a document");
    assert_eq!(parsed(&output).blocks[0].text, "recognised");
    let failure = chain(&[Arc::clone(&local)]).parse(forced.clone()).await.expect_err("nobody recognises");
    assert_eq!(failure.code, "ocr_unavailable");
    // A file that is no picture is read as ever.
    let text = EngineRequest { media_type: "text/html", ..forced };
    assert!(chain(&[local]).parse(text).await.is_ok());
}

#[tokio::test]
async fn a_named_parser_is_asked_alone() {
    let second = told("b", false, || document(true, "b"));
    let chain = chain(&[told("a", false, || document(true, "a")), second]);
    let named = |name: &str| EngineRequest {
        options: ParseOptions { parser: Some(name.to_owned()), pages: PageRanges::of_pages([2]), ..Default::default() },
        ..request(PDF)
    };
    assert_eq!(parsed(&chain.parse(named("b")).await.expect("b")).blocks[0].text, "b");
    assert_eq!(chain.parse(named("c")).await.expect_err("no c").code, UNKNOWN_PARSER);
    assert_eq!(chain.parse(request("text/nobody")).await.expect_err("nobody").code, "unsupported_type");
}
