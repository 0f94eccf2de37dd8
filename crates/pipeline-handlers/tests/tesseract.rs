//! The real Tesseract on pictures and scans made on the spot.

#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod support;

use std::sync::Arc;

use bytes::Bytes;
use image::ImageFormat;
use millrace_domain::document::{BlockKind, ParsedDocument, QualityGrade};
use millrace_domain::parse_options::{PageRanges, ParseOptions};
use millrace_pipeline_handlers::engine::local::LocalEngine;
use millrace_pipeline_handlers::engine::tesseract::{Installation, TesseractConfig, TesseractEngine, find};
use millrace_pipeline_handlers::engine::{
    Engine, EngineChain, EngineFailure, EngineRequest, ParseProgress, Source, Verdict,
};
use millrace_pipeline_handlers::limits::ParserLimits;
use millrace_pipeline_handlers::media::media_type;
use millrace_pipeline_handlers::registry::builtin;
use parking_lot::Mutex;
use support::pictures::{encoded, picture, png_bomb, scan, tiff};
use support::pool;

#[derive(Default)]
struct Seen(Mutex<Vec<(u32, u32)>>);

impl ParseProgress for Seen {
    fn pages(&self, done: u32, total: u32) {
        self.0.lock().push((done, total));
    }
}

fn installation() -> Installation {
    let program = find().expect("tesseract; scripts/install-deps.sh test installs it");
    Installation::probe(&program, None).expect("an installation")
}

fn engine(config: TesseractConfig) -> TesseractEngine {
    TesseractEngine::new(installation(), config, pool(), ParserLimits::default()).expect("an engine")
}

fn request(bytes: Vec<u8>, options: ParseOptions) -> EngineRequest {
    EngineRequest {
        size: bytes.len() as u64,
        sha256: String::new(),
        filename: "file".into(),
        media_type: media_type(&bytes, "file"),
        source: Arc::new(Source::Memory(Bytes::from(bytes))),
        options,
        progress: Arc::new(Seen::default()),
        rows: None,
    }
}

async fn read(engine: &dyn Engine, bytes: Vec<u8>) -> ParsedDocument {
    read_with(engine, bytes, ParseOptions::default()).await
}

async fn read_with(engine: &dyn Engine, bytes: Vec<u8>, options: ParseOptions) -> ParsedDocument {
    let output = engine.parse(&request(bytes, options)).await.expect("a document");
    serde_json::from_slice(&output.document).expect("JSON")
}

async fn refused(engine: &dyn Engine, bytes: Vec<u8>, options: ParseOptions) -> EngineFailure {
    engine.parse(&request(bytes, options)).await.expect_err("a failure")
}

fn pages(text: &str) -> ParseOptions {
    ParseOptions { pages: Some(PageRanges::parse(text).expect("pages")), ..ParseOptions::default() }
}

#[tokio::test]
async fn every_format_of_pictures_is_read() {
    let engine = engine(TesseractConfig::default());
    let picture = picture(&pool(), &["Invoice Number 4711", "Total amount 1250.00"]).await;
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Bmp, ImageFormat::WebP, ImageFormat::Gif] {
        let document = read(&engine, encoded(&picture, format)).await;
        assert!(document.markdown.contains("Invoice Number 4711"), "{format:?}: {}", document.markdown);
        assert!(document.markdown.contains("1250.00"), "{format:?}: {}", document.markdown);
        assert_eq!((document.pages, document.parser.as_str()), (1, "tesseract"));
        let quality = document.quality.expect("a quality");
        assert!(quality.grade >= QualityGrade::Good, "{format:?}: {quality:?}");
        let block = &document.blocks[0];
        assert_eq!((block.kind, block.page), (BlockKind::Paragraph, 1));
        assert!(block.confidence.is_some_and(|confidence| confidence > 0.8), "{block:?}");
        // 72 points from the left at 150 pixels per inch, in pixels since a picture has no points.
        let [left, top, right, bottom] = block.bbox.expect("a box");
        assert!((145.0..=160.0).contains(&left) && top < bottom && left < right, "{block:?}");
        let size = document.page_info[0].size.expect("a size");
        assert!((size[0] - picture.width() as f32).abs() < 1.0, "{size:?}");
        assert_eq!(document.page_info[0].text_layer, Some(false));
    }
}

#[tokio::test]
async fn tiff_pages_are_read_one_by_one() {
    let engine = engine(TesseractConfig::default());
    let pool = pool();
    let file = tiff(&[
        picture(&pool, &["First page here"]).await,
        picture(&pool, &["Second page here"]).await,
        picture(&pool, &["Third page here"]).await,
    ]);
    let asked = request(file.clone(), ParseOptions::default());
    let output = engine.parse(&asked).await.expect("a document");
    let document: ParsedDocument = serde_json::from_slice(&output.document).expect("JSON");
    let texts: Vec<_> = document.blocks.iter().map(|block| (block.page, block.text.as_str())).collect();
    assert_eq!(texts, [(1, "First page here"), (2, "Second page here"), (3, "Third page here")]);
    let some = read_with(&engine, file.clone(), pages("2-3")).await;
    assert_eq!(some.blocks.iter().map(|block| block.page).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(some.pages, 3);
    let small = self::engine(TesseractConfig { max_pages: 2, ..TesseractConfig::default() });
    let failure = refused(&small, file.clone(), ParseOptions::default()).await;
    assert_eq!((failure.failure.code.as_str(), failure.verdict), ("too_many_pages", Verdict::Final));
    assert_eq!(read_with(&small, file, pages("3")).await.blocks[0].text, "Third page here");
}

#[tokio::test]
async fn scans_are_rendered_and_read_with_boxes_in_points() {
    let engine = engine(TesseractConfig::default());
    let pool = pool();
    let first = picture(&pool, &["Purchase order of the year"]).await;
    let second = picture(&pool, &["Delivery note follows"]).await;
    let file = scan(&[Ok(first), Ok(second)]);
    let seen = Arc::new(Seen::default());
    let asked = EngineRequest { progress: Arc::clone(&seen) as _, ..request(file.clone(), ParseOptions::default()) };
    let output = engine.parse(&asked).await.expect("a document");
    let document: ParsedDocument = serde_json::from_slice(&output.document).expect("JSON");
    let texts: Vec<_> = document.blocks.iter().map(|block| (block.page, block.text.as_str())).collect();
    assert_eq!(texts, [(1, "Purchase order of the year"), (2, "Delivery note follows")]);
    assert_eq!(
        document.markdown,
        "<!-- page 1 -->\n\nPurchase order of the year\n\n<!-- page 2 -->\n\nDelivery note follows\n"
    );
    let [left, ..] = document.blocks[0].bbox.expect("a box");
    assert!((70.0..=76.0).contains(&left), "{:?}", document.blocks[0]);
    assert_eq!(*seen.0.lock(), [(0, 2), (1, 2), (2, 2)]);
    assert_eq!(read_with(&engine, file, pages("2")).await.blocks[0].page, 2);
}

#[tokio::test]
async fn the_chain_gives_scans_to_tesseract() {
    let (limits, pool) = (ParserLimits::default(), pool());
    let file = scan(&[Ok(picture(&pool, &["Only a picture of words"]).await)]);
    let local = || Arc::new(LocalEngine::new(Arc::new(builtin()), pool.clone(), limits.clone())) as Arc<dyn Engine>;
    let alone = EngineChain::new(vec![local()], limits.clone());
    let failure = alone.parse(request(file.clone(), ParseOptions::default())).await.expect_err("no OCR");
    assert_eq!(failure.code, "no_text_layer");
    let tesseract = TesseractEngine::new(installation(), TesseractConfig::default(), pool.clone(), limits.clone());
    let both = EngineChain::new(vec![local(), Arc::new(tesseract.expect("an engine"))], limits.clone());
    let output = both.parse(request(file, ParseOptions::default())).await.expect("recognised");
    let document: ParsedDocument = serde_json::from_slice(&output.document).expect("JSON");
    assert_eq!(document.blocks[0].text, "Only a picture of words");
    // A page of text, a picture, a page of text: only the picture is recognised, and stands where it belongs.
    let picture = picture(&pool, &["Words in the middle"]).await;
    let mixed = scan(&[Err("Text of the first page"), Ok(picture), Err("Text of the last page")]);
    let output = both.parse(request(mixed.clone(), ParseOptions::default())).await.expect("merged");
    let document: ParsedDocument = serde_json::from_slice(&output.document).expect("JSON");
    let texts: Vec<_> = document.blocks.iter().map(|block| (block.page, block.text.as_str())).collect();
    assert_eq!(texts, [(1, "Text of the first page"), (2, "Words in the middle"), (3, "Text of the last page")]);
    assert_eq!(document.parser, "pdf+tesseract");
    let markdown = &document.markdown;
    let at = |text: &str| markdown.find(text).expect("in the text");
    assert!(at("first page") < at("in the middle") && at("in the middle") < at("last page"), "{markdown}");
    assert!(!document.warnings.iter().any(|warning| warning.contains("needs OCR")), "{:?}", document.warnings);
    let layers: Vec<_> = document.page_info.iter().map(|info| info.text_layer).collect();
    assert_eq!(layers, [Some(true), Some(false), Some(true)]);
    let output = both.parse(request(mixed, pages("1,3"))).await.expect("no gap");
    assert_eq!(serde_json::from_slice::<ParsedDocument>(&output.document).expect("JSON").parser, "pdf");
    // The layer says one thing, the page looks like the same; only a forced run does not ask the layer.
    let text = support::files::pdf(&["Layer and look agree here"]);
    let forced = ParseOptions { force_ocr: true, ..ParseOptions::default() };
    for (options, parser) in [(ParseOptions::default(), "pdf"), (forced, "tesseract")] {
        let output = both.parse(request(text.clone(), options)).await.expect("a document");
        let document: ParsedDocument = serde_json::from_slice(&output.document).expect("JSON");
        assert_eq!(document.parser, parser);
        assert!(document.markdown.contains("Layer and look agree here"), "{}", document.markdown);
    }
}

#[tokio::test]
async fn languages_must_be_installed() {
    let found = installation();
    assert!(found.languages.iter().any(|code| code == "eng"), "{found:?}");
    assert!(!found.languages.iter().any(|code| code == "osd"), "{found:?}");
    let engine = engine(TesseractConfig::default());
    let capability = engine.capability().await;
    assert_eq!(capability.languages, found.languages);
    assert_eq!(capability.version.as_deref(), Some(found.version.as_str()));
    let picture = encoded(&picture(&pool(), &["Words"]).await, ImageFormat::Png);
    let klingon = ParseOptions { ocr_languages: vec!["tlh".into()], ..ParseOptions::default() };
    let failure = refused(&engine, picture.clone(), klingon).await;
    assert_eq!((failure.failure.code.as_str(), failure.failure.retryable), ("ocr_language_missing", false));
    let english = ParseOptions { ocr_languages: vec!["eng".into()], ..ParseOptions::default() };
    assert_eq!(read_with(&engine, picture, english).await.blocks[0].text, "Words");
    let wrong = TesseractConfig { languages: vec!["tlh".into()], ..TesseractConfig::default() };
    assert!(TesseractEngine::new(found, wrong, pool(), ParserLimits::default()).is_err());
}

#[tokio::test]
async fn broken_and_hostile_pictures_end_with_a_code() {
    let engine = engine(TesseractConfig::default());
    let png = encoded(&picture(&pool(), &["Words"]).await, ImageFormat::Png);
    let failure = refused(&engine, png[..png.len() / 20].to_vec(), ParseOptions::default()).await;
    assert_eq!((failure.failure.code.as_str(), failure.verdict), ("unreadable_file", Verdict::Tried));
    let cut = tiff(&[picture(&pool(), &["Words"]).await]);
    let failure = refused(&engine, cut[..cut.len() - 8].to_vec(), ParseOptions::default()).await;
    assert_eq!(failure.failure.code, "unreadable_file");
    // 900 million pixels, in a file of some bytes.
    let tight = self::engine(TesseractConfig { memory_bytes: 512 << 20, ..TesseractConfig::default() });
    let failure = refused(&tight, png_bomb(30_000, 30_000), ParseOptions::default()).await;
    assert!(["parser_memory", "unreadable_file"].contains(&failure.failure.code.as_str()), "{failure:?}");
    let hasty = self::engine(TesseractConfig { page_seconds: 0, ..TesseractConfig::default() });
    let failure = refused(&hasty, png.clone(), ParseOptions::default()).await;
    assert_eq!(failure.failure.code, "parser_timeout");
    assert_eq!(read(&engine, png).await.blocks[0].text, "Words");
}

#[tokio::test]
async fn a_blank_picture_completes_with_a_warning() {
    let engine = engine(TesseractConfig::default());
    let blank = image::GrayImage::from_pixel(300, 300, image::Luma([255]));
    let document = read(&engine, encoded(&blank, ImageFormat::Png)).await;
    assert!(document.blocks.is_empty());
    assert_eq!(document.warnings, ["no text was recognised"]);
}
