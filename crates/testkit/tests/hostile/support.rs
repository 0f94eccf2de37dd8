//! How a file is tried.

use std::sync::Arc;

use millrace_server::config::{Config, EngineName};
use millrace_testkit::world::Backend;
use millrace_testkit::{Form, TestApp, World};
use serde_json::Value;

use crate::files::docx;

/// Memory of a parser process, in bytes.
pub const MEMORY: u64 = 192 << 20;
/// Largest document as JSON, in bytes.
pub const OUTPUT: u64 = 16 << 20;

/// A file, and how its task ends: `completed`, or the code of its failure. Two where it depends on the machine which
/// limit is met first.
pub struct Hostile {
    name: &'static str,
    bytes: Vec<u8>,
    ends: Vec<&'static str>,
    /// How it is to be parsed, as the API has it.
    options: Option<&'static str>,
}

impl Hostile {
    /// The same with every page made into a picture, whatever text the file holds.
    pub fn drawn(self) -> Self {
        Self { options: Some(r#"{"parser":"tesseract","force_ocr":true}"#), ..self }
    }
}

/// A file of the tables below.
pub fn hostile(name: &'static str, bytes: impl Into<Vec<u8>>, ends: &[&'static str]) -> Hostile {
    Hostile { name, bytes: bytes.into(), ends: ends.to_vec(), options: None }
}

/// An input that the fuzzer found.
pub fn regression(path: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/regressions");
    std::fs::read(format!("{folder}/{path}")).expect("an input")
}

/// Tries files one after the other on one worker with low limits.
pub async fn try_all(files: Vec<Hostile>) {
    try_all_with(|_config| {}, files).await;
}

/// The same with other limits.
pub async fn try_all_with(change: impl FnOnce(&mut Config), files: Vec<Hostile>) {
    try_all_on(Backend::Memory, change, files).await;
}

/// The same on any store.
pub async fn try_all_on(backend: Backend, change: impl FnOnce(&mut Config), files: Vec<Hostile>) {
    let world = Arc::new(World::new(backend).await.expect("a world"));
    let builder = world.app().config(|config| {
        let parsers = &mut config.parsers;
        // What the built-in parsers refuse is refused, whatever else this machine has.
        parsers.order = vec![EngineName::Local];
        parsers.workers = Some(1);
        parsers.warm_workers = 1;
        parsers.memory_bytes = MEMORY;
        parsers.cpu_seconds = 20;
        parsers.wall_seconds = 60;
        parsers.max_output_bytes = OUTPUT;
        parsers.max_uncompressed_bytes = 64 << 20;
        parsers.max_inline_bytes = 1 << 20;
        parsers.max_zip_entries = 5_000;
        config.queue.concurrency.document = Some(1);
        config.queue.max_attempts = 1;
        change(config);
    });
    let app = builder.start().await.expect("the application starts");
    let project = app.client.project().await;
    let expected = good(&app, project).await;
    let mut surprises = Vec::new();
    for (number, Hostile { name, bytes, ends, options }) in files.into_iter().enumerate() {
        let form = options.iter().fold(Form::of(project), |form, options| form.field("parse_options", options));
        let task = app.client.wait(app.client.submitted(form.file(name, bytes)).await[0]).await;
        let end = match task["status"].as_str() {
            Some("failed") => task["error"]["code"].as_str().unwrap_or("no code").to_owned(),
            status => status.unwrap_or("no status").to_owned(),
        };
        if !ends.contains(&end.as_str()) {
            surprises.push(format!("{number} {name}: {end}, and not {ends:?}: {}", task["error"]["message"]));
        }
        assert_eq!(good(&app, project).await, expected, "the file after {name}");
    }
    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
    app.finish().await.expect("nothing is left");
}

/// What becomes of a file without guile.
async fn good(app: &TestApp, project: i64) -> Value {
    let task = app.client.run(project, "good.docx", docx("Title", &["still here"], &[["a", "b"], ["1", "2"]])).await;
    assert_eq!(task["status"], "completed", "{task}");
    app.client.result(task["task_id"].as_i64().expect("an id")).await
}
