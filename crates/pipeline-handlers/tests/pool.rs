//! The pool of parser processes under files and processes that misbehave: every one ends as a failure with its code,
//! and the next document is untouched.

#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod support;

use millrace_domain::document::ParsedDocument;
use millrace_domain::parse_options::ParseOptions;
use millrace_pipeline_handlers::failure::FailureCode;
use millrace_pipeline_handlers::limits::ParserLimits;
use millrace_pipeline_handlers::pool::{ParseJob, ParserPool, PoolConfig, WorkerCommand, WorkerInput};
use support::files::{docx, epub, ods, ole2, opendocument, pdf, pdf_objects, pdf_of, pptx, xlsx, xlsx_rows, zip};
use support::{pool, shell_pool};

fn job(filename: &str, bytes: Vec<u8>, limits: ParserLimits) -> ParseJob {
    ParseJob {
        input: WorkerInput::Inline(bytes.into()),
        filename: filename.to_owned(),
        limits,
        options: ParseOptions::default(),
        rows: None,
    }
}

async fn parse(pool: &ParserPool, filename: &str, bytes: Vec<u8>) -> ParsedDocument {
    let document = pool.parse(job(filename, bytes, ParserLimits::default())).await.expect("a document");
    serde_json::from_slice(&document).expect("JSON")
}

/// The file fails with this code, and a good file after it is read as ever.
#[track_caller]
fn refused(filename: &str, bytes: Vec<u8>, limits: ParserLimits, code: FailureCode) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let pool = pool();
        let failure = pool.parse(job(filename, bytes, limits)).await.expect_err("a failure");
        assert_eq!(failure.code, code, "{failure}");
        let document = parse(&pool, "good.docx", docx("Title", &["still here"], &[])).await;
        assert!(document.markdown.contains("still here"));
    });
}

fn limits() -> ParserLimits {
    ParserLimits::default()
}

#[tokio::test]
async fn every_binary_format_is_read() {
    let pool = pool();
    let word = parse(&pool, "a.docx", docx("Title", &["First", "第二"], &[["a", "b"], ["1", "2"]])).await;
    assert!(word.markdown.contains("# Title") && word.markdown.contains("第二"), "{}", word.markdown);
    assert_eq!(word.blocks.iter().find_map(|block| block.table.as_ref()).map(|table| table.rows.len()), Some(2));
    let slides = parse(&pool, "a.pptx", pptx(&["one slide", "another"])).await;
    assert_eq!((slides.pages, slides.blocks.last().map(|block| block.page)), (2, Some(2)));
    let book = xlsx(&[("S", &xlsx_rows(&[&["name", "n"], &["x", "1"], &["y", "2.5"]]))]);
    let sheet = parse(&pool, "a.xlsx", book).await;
    assert_eq!(
        serde_json::to_value(&sheet.rows).expect("JSON"),
        serde_json::json!([{"name": "x", "n": 1}, {"name": "y", "n": 2.5}])
    );
    let pages = parse(&pool, "a.pdf", pdf(&["Hello from page one", "And page two"])).await;
    assert_eq!(pages.pages, 2);
    assert_eq!(pages.blocks.iter().find(|block| block.text.contains("two")).map(|block| block.page), Some(2));
    let message = b"From: a@example.com\nMessage-ID: <1@x>\nSubject: S\n\nhello".to_vec();
    let book = epub(r#"<item id="a" href="a.xhtml"/>"#, r#"<itemref idref="a"/>"#, &[("a.xhtml", "<p>chapter</p>")]);
    for (name, bytes, parser) in [
        ("a.zip", zip(&[("in/a.pdf", &pdf(&["inside"]))]), "archive"),
        ("a.eml", message, "message"),
        ("a.epub", book, "epub"),
        ("a.odt", opendocument("text", "<text:p>x</text:p>"), "opendocument"),
        ("a.yaml", b"a: [1]".to_vec(), "yaml"),
    ] {
        let document = parse(&pool, name, bytes).await;
        assert_eq!((document.parser.as_str(), document.blocks.is_empty()), (parser, false), "{name}");
    }
    let html = parse(&pool, "a.html", b"<html><h1>H</h1><p>x".to_vec()).await;
    assert!(html.markdown.contains("# H"));
}

#[test]
fn names_do_not_matter() {
    refused("letter.docx", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), limits(), FailureCode::OcrUnavailable);
    refused("plain.xlsx", zip(&[("a.bin", b"\0\x01\x02\x03")]), limits(), FailureCode::UnsupportedType);
}

#[test]
fn a_zip_bomb_is_counted_not_believed() {
    let zeros = vec![b' '; 64 << 20];
    let mut sheet = b"<worksheet><sheetData>".to_vec();
    sheet.extend_from_slice(&zeros);
    let bomb = zip(&[("[Content_Types].xml", b"<Types/>"), ("xl/workbook.xml", b"<x/>"), ("xl/a.xml", &sheet)]);
    refused("bomb.xlsx", bomb, limits(), FailureCode::ArchiveTooLarge);
    let wide = zip(&[("[Content_Types].xml", b"<Types/>"), ("xl/workbook.xml", b"<x/>"), ("a", b"1"), ("b", b"2")]);
    let few = ParserLimits { max_zip_entries: 3, ..limits() };
    refused("wide.xlsx", wide, few, FailureCode::ArchiveTooLarge);
    let total = ParserLimits { max_uncompressed_bytes: 100, ..limits() };
    refused("total.docx", docx("T", &["x"], &[]), total, FailureCode::ArchiveTooLarge);
}

#[test]
fn too_many_pages_are_counted_before_the_work() {
    let pages = vec!["x"; 10_000];
    refused("long.pdf", pdf(&pages), limits(), FailureCode::TooManyPages);
    let two = ParserLimits { max_pages: 2, ..limits() };
    refused("a.pptx", pptx(&["1", "2", "3"]), two.clone(), FailureCode::TooManyPages);
    refused("a.xlsx", xlsx(&[("A", ""), ("B", ""), ("C", "")]), two, FailureCode::TooManyPages);
}

#[test]
fn pictures_have_no_text_layer() {
    refused("scan.pdf", pdf(&["", ""]), limits(), FailureCode::NoTextLayer);
}

#[test]
fn locked_files_say_so() {
    let mut objects = pdf_objects(&["secret"]);
    let key = "4142434445464748".repeat(4);
    objects.push(format!("<< /Filter /Standard /V 1 /R 2 /O <{key}> /U <{key}> /P -4 >>"));
    let trailer = format!("/Encrypt {} 0 R /ID [<{key}> <{key}>]", objects.len());
    refused("locked.pdf", pdf_of(&objects, &trailer), limits(), FailureCode::EncryptedFile);
    let package = ole2(&[("EncryptedPackage", b"x"), ("EncryptionInfo", b"y")]);
    refused("locked.xlsx", package, limits(), FailureCode::EncryptedFile);
}

#[test]
fn broken_files_are_unreadable() {
    for (name, bytes) in [
        ("a.docx", docx("T", &["x"], &[])),
        ("a.xlsx", xlsx(&[("S", &xlsx_rows(&[&["a"], &["1"]]))])),
        ("a.pptx", pptx(&["x"])),
    ] {
        refused(name, bytes[..bytes.len() / 2].to_vec(), limits(), FailureCode::UnreadableFile);
    }
    refused("a.pdf", b"%PDF-1.7\nnothing that anybody could read".to_vec(), limits(), FailureCode::UnreadableFile);
    refused("a.xls", ole2(&[("Workbook", b"not a workbook")]), limits(), FailureCode::UnreadableFile);
    refused("a.bin", ole2(&[("Other", b"x")]), limits(), FailureCode::UnsupportedType);
}

#[test]
fn a_sheet_that_eats_memory_is_stopped() {
    // One cell that is said to be repeated 98 million times.
    let repeated = r#"<table:table-row table:number-rows-repeated="6000"><table:table-cell table:number-columns-repeated="16384" office:value-type="float" office:value="1"><text:p>1</text:p></table:table-cell></table:table-row>"#;
    let book = ods("S", repeated);
    let memory = ParserLimits { memory_bytes: 256 << 20, max_output_bytes: u64::MAX, ..limits() };
    refused("repeats.ods", book.clone(), memory, FailureCode::ParserMemory);
    // Copies are counted before they are made.
    refused("repeats.ods", book, limits(), FailureCode::OutputTooLarge);
}

#[tokio::test]
async fn cells_in_far_corners_take_no_memory() {
    let corners = r#"<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>"#;
    let memory = ParserLimits { memory_bytes: 64 << 20, ..limits() };
    let bytes = pool().parse(job("corners.xlsx", xlsx(&[("S", corners)]), memory)).await.expect("a document");
    let document: ParsedDocument = serde_json::from_slice(&bytes).expect("JSON");
    assert!(document.markdown.ends_with("## S\n\n1\n\n2\n"), "{}", document.markdown);
}

#[test]
fn a_file_that_eats_time_is_stopped() {
    let row: &[&str] = &["some text", "2", "more text"];
    let rows = vec![row; 150_000];
    let book = xlsx(&[("S", &xlsx_rows(&rows))]);
    let relaxed = ParserLimits { max_compression_ratio: u64::MAX, ..limits() };
    let cpu = ParserLimits { cpu_seconds: 0, ..relaxed.clone() };
    refused("slow.xlsx", book.clone(), cpu, FailureCode::ParserTimeout);
    let wall = ParserLimits { wall_seconds: 0, ..relaxed };
    refused("slow.xlsx", book, wall, FailureCode::ParserTimeout);
}

#[tokio::test]
async fn deep_nesting_harms_nobody() {
    let pool = pool();
    let depth = 200_000;
    let html = format!("<html><body>{}deep{}</body></html>", "<div>".repeat(depth), "</div>".repeat(depth));
    let outcome = pool.parse(job("deep.html", html.into_bytes(), limits())).await;
    if let Err(failure) = outcome {
        assert_ne!(failure.code, FailureCode::ParserCrashed, "{failure}");
    }
    let document = parse(&pool, "good.html", b"<html><p>fine".to_vec()).await;
    assert_eq!(document.markdown.trim(), "fine");
}

#[tokio::test]
async fn outputs_and_files_over_the_limit_are_refused() {
    let pool = pool();
    let small = ParserLimits { max_output_bytes: 200, ..limits() };
    let failure = pool.parse(job("a.docx", docx("T", &["x"; 100], &[]), small)).await.expect_err("too large");
    assert_eq!(failure.code, FailureCode::OutputTooLarge);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.docx");
    std::fs::write(&path, docx("T", &["x"], &[])).expect("a file");
    let tiny = ParserLimits { max_file_bytes: 100, ..limits() };
    let job = ParseJob {
        input: WorkerInput::Path(path),
        filename: "a.docx".into(),
        limits: tiny,
        options: ParseOptions::default(),
        rows: None,
    };
    let failure = pool.parse(job).await.expect_err("too large");
    assert_eq!(failure.code, FailureCode::FileTooLarge);
}

#[tokio::test]
async fn processes_that_misbehave_are_told_apart() {
    let fast = || job("a.pdf", pdf(&["x"]), ParserLimits { wall_seconds: 1, ..limits() });
    for (script, code) in [
        ("exec sleep 1000", FailureCode::ParserTimeout),
        ("kill -9 $$", FailureCode::ParserCrashed),
        ("exit 3", FailureCode::ParserCrashed),
        ("echo nonsense that is no frame; cat >/dev/null", FailureCode::ParserCrashed),
        ("echo 'memory allocation of 99 bytes failed' >&2; kill -ABRT $$", FailureCode::ParserMemory),
        ("echo 'thread has overflowed its stack' >&2; kill -ABRT $$", FailureCode::UnreadableFile),
    ] {
        let failure = shell_pool(script).parse(fast()).await.expect_err(script);
        assert_eq!(failure.code, code, "{script}: {failure}");
    }
    let nowhere = PoolConfig { warm: 0, ..PoolConfig::new(WorkerCommand::new("/nowhere/to/be/found")) };
    let failure = ParserPool::start(nowhere).expect("a pool").parse(fast()).await.expect_err("no program");
    assert_eq!(failure.code, FailureCode::ParserUnavailable);
    assert!(failure.code.retryable());
}

#[tokio::test]
async fn a_dropped_parse_kills_its_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("alive");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
    assert!(made.success());
    // The child writes to the pipe when it runs, and holds it open for as long as it lives.
    let pool = shell_pool(&format!("exec 3>{}; echo up >&3; exec sleep 1000", pipe.display()));
    let parsing = tokio::spawn(async move { pool.parse(job("a.pdf", pdf(&["x"]), limits())).await });
    let reading = tokio::task::spawn_blocking(move || {
        let mut lines = std::io::BufRead::lines(std::io::BufReader::new(std::fs::File::open(pipe).expect("the pipe")));
        assert_eq!(lines.next().expect("a line").expect("text"), "up");
        lines
    });
    let mut lines = reading.await.expect("the child runs");
    parsing.abort();
    // The pipe ends when the last process that holds it does.
    let ended = tokio::task::spawn_blocking(move || lines.next().is_none());
    assert!(ended.await.expect("the pipe ends"));
}

#[tokio::test]
async fn children_are_reused_and_replaced() {
    let command = support::worker();
    let config = PoolConfig { size: 1, warm: 1, documents_per_child: 2, ..PoolConfig::new(command) };
    let pool = ParserPool::start(config).expect("a pool");
    parse(&pool, "a.docx", docx("T", &["1"], &[])).await;
    assert_eq!(pool.idle_children(), 1);
    parse(&pool, "a.docx", docx("T", &["2"], &[])).await;
    assert_eq!(pool.idle_children(), 0, "two documents are all this child was to read");
    parse(&pool, "a.docx", docx("T", &["3"], &[])).await;
    assert_eq!(pool.idle_children(), 1);
}

#[tokio::test]
async fn documents_beyond_the_size_wait_their_turn() {
    let pool = ParserPool::start(PoolConfig { size: 2, ..PoolConfig::new(support::worker()) }).expect("a pool");
    let parsing = (0..8).map(|number| {
        let pool = &pool;
        async move { parse(pool, "a.docx", docx("T", &[&format!("number {number}")], &[])).await.markdown }
    });
    let texts = futures::future::join_all(parsing).await;
    for (number, text) in texts.iter().enumerate() {
        assert!(text.contains(&format!("number {number}")), "{text}");
    }
    assert!(pool.idle_children() <= 2);
}

#[tokio::test]
async fn surplus_children_are_let_go() {
    let config = PoolConfig { size: 3, warm: 1, idle_seconds: 0, ..PoolConfig::new(support::worker()) };
    let pool = ParserPool::start(config).expect("a pool");
    let parsing = (0..3).map(|_| parse(&pool, "a.docx", docx("T", &["x"], &[])));
    futures::future::join_all(parsing).await;
    let settled = async {
        while pool.idle_children() != 1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), settled).await.expect("one is left");
}

#[tokio::test]
async fn limits_set_from_outside_stay() {
    let script = format!("ulimit -t 100; ulimit -v 900000; exec {}", env!("CARGO_BIN_EXE_millrace-parse-worker"));
    let pool = shell_pool(&script);
    parse(&pool, "a.docx", docx("T", &["x"], &[])).await;
    parse(&pool, "a.docx", docx("T", &["x"], &[])).await;
}

#[tokio::test]
async fn a_child_inherits_no_secrets() {
    let script = r#"if [ -n "$CARGO_MANIFEST_DIR" ]; then exit 1; fi; exec "$0""#;
    let command = WorkerCommand::new("/bin/sh").arg("-c").arg(script).arg(env!("CARGO_BIN_EXE_millrace-parse-worker"));
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some(), "the test itself has it");
    let pool = ParserPool::start(PoolConfig::new(command)).expect("a pool");
    parse(&pool, "a.docx", docx("T", &["x"], &[])).await;
}
