//! What the tests share: files, requests, and what every engine makes of the fakes' paper.

use std::sync::Arc;

use bytes::Bytes;
use millrace_domain::TaskFailure;
use millrace_domain::document::{Block, ParsedDocument};
use millrace_domain::parse_options::{PageRanges, ParseOptions};
use millrace_domain::ports::Clock;
use millrace_pipeline_handlers::engine::remote::RemoteConfig;
use millrace_pipeline_handlers::engine::{Engine, EngineOutput, EngineRequest, ParseProgress, Source};
use millrace_pipeline_handlers::media::media_type;
use millrace_pipeline_handlers::pool::{ParserPool, PoolConfig, WorkerCommand};
use millrace_queue::SystemClock;
use millrace_server::config::Config;
use millrace_testkit::world::Backend;
use millrace_testkit::{TestApp, World, programs};
use parking_lot::Mutex;

/// Pages that an engine told of.
#[derive(Default)]
pub struct Seen(pub Mutex<Vec<(u32, u32)>>);

impl ParseProgress for Seen {
    fn pages(&self, done: u32, total: u32) {
        self.0.lock().push((done, total));
    }
}

/// A pool of real parser processes.
pub fn pool() -> Arc<ParserPool> {
    let worker = programs::find("millrace-parse-worker").expect("built before");
    ParserPool::start(PoolConfig { size: 2, ..PoolConfig::new(WorkerCommand::new(worker)) }).expect("a pool")
}

/// The whole application, on memory.
pub async fn app(change: impl FnOnce(&mut Config)) -> TestApp {
    app_at(Arc::new(SystemClock), change).await
}

/// The whole application with this time.
pub async fn app_at(clock: Arc<dyn Clock>, change: impl FnOnce(&mut Config)) -> TestApp {
    let world = Arc::new(World::with_clock(Backend::Memory, clock).await.expect("a world"));
    world.app().config(change).start().await.expect("the application starts")
}

/// A service at this address, asked without pauses to speak of.
pub fn remote(url: &str) -> RemoteConfig {
    RemoteConfig { url: url.to_owned(), poll_first_ms: 1, poll_max_ms: 2, ..RemoteConfig::default() }
}

/// A PDF of so many pages, with a word to the fakes.
pub fn pdf(pages: u32, fate: &str) -> Vec<u8> {
    let mut file = format!("%PDF-1.7\n% FATE:{fate}\n");
    for page in 0..pages {
        file += &format!("{} 0 obj << /Type /Page /Parent 1 0 R >> endobj\n", page + 2);
    }
    file.into_bytes()
}

/// A request for these bytes.
pub fn request(bytes: Vec<u8>, options: ParseOptions) -> EngineRequest {
    EngineRequest {
        size: bytes.len() as u64,
        sha256: "5e".repeat(32),
        filename: "Año 2026.final.pdf".into(),
        media_type: media_type(&bytes, "x"),
        source: Arc::new(Source::Memory(Bytes::from(bytes))),
        options,
        progress: Arc::new(Seen::default()),
        rows: None,
    }
}

/// Options that name pages.
pub fn pages(text: &str) -> ParseOptions {
    ParseOptions { pages: Some(PageRanges::parse(text).expect("pages")), ..ParseOptions::default() }
}

/// The outcome of a file.
pub async fn parse(engine: &dyn Engine, bytes: Vec<u8>) -> Result<EngineOutput, TaskFailure> {
    parse_with(engine, bytes, ParseOptions::default()).await
}

/// The outcome of a file with options.
pub async fn parse_with(
    engine: &dyn Engine,
    bytes: Vec<u8>,
    options: ParseOptions,
) -> Result<EngineOutput, TaskFailure> {
    engine.parse(&request(bytes, options)).await.map_err(|failure| failure.failure)
}

/// Code and retryability of a failure.
pub async fn refused(engine: &dyn Engine, bytes: Vec<u8>) -> (String, bool) {
    let failure = parse(engine, bytes).await.expect_err("a failure");
    assert!(!failure.message.contains("http"), "{}", failure.message);
    (failure.code, failure.retryable)
}

/// The document of an output.
pub fn document(output: &EngineOutput) -> ParsedDocument {
    serde_json::from_slice(&output.document).expect("JSON")
}

/// The pages whose text is there, in order.
pub fn texts(document: &ParsedDocument) -> Vec<u32> {
    let is_text = |block: &&Block| block.text.starts_with("Text of page");
    document.blocks.iter().filter(is_text).map(|block| block.page).collect()
}

/// What any of the services makes of a PDF of two pages: structure, positions, quality.
#[track_caller]
pub fn is_whole(document: &ParsedDocument, parser: &str) {
    assert_eq!((document.parser.as_str(), document.pages), (parser, 2));
    assert_eq!(texts(document), [1, 2]);
    let find = |text: &str| document.blocks.iter().find(|block| block.text.starts_with(text)).expect("a block");
    let (first, second) = (find("Chapter 1"), find("Chapter 2"));
    assert!(first.level < second.level, "{first:?} {second:?}");
    assert_eq!(second.page, 2);
    // The same place on the page, whatever the service counts in.
    assert_eq!(find("Text of page 1").bbox.map(|bbox| (bbox[0], bbox[1])), Some((60.0, 160.0)));
    assert!(document.blocks.iter().any(|block| block.text.contains("E = mc^2") && block.text.starts_with("$$")));
    let table = document.blocks.iter().find_map(|block| block.table.as_ref()).expect("a table");
    assert_eq!(table.rows, [["Sums", "Sums"], ["page", "1"]]);
    assert!(!document.markdown.contains("Running head"), "{}", document.markdown);
    assert_eq!(document.page_info.len(), 2);
    assert_eq!(document.page_info[0].size, Some([600.0, 800.0]));
    assert!(document.quality.is_some_and(|quality| (0.94..0.97).contains(&quality.score)), "{:?}", document.quality);
}
