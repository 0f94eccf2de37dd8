//! Rules of mode `extract`: any JSON as a rule, and rules that are sound over any document.

use std::sync::Arc;

use millrace_domain::document::ParsedDocument;
use millrace_domain::ids::{ProjectId, UserId};
use millrace_domain::rule::{PostprocessMode, RuleDefinition};
use millrace_pipeline_handlers::transform::extract::{ExtractLimits, ExtractTransform};
use millrace_pipeline_handlers::transform::{Trace, Transform as _, TransformInput, Transformed};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::{parse, plain};

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().build().expect("a runtime");
}

/// The limits of rules, made so small that inputs of a few KiB meet them.
fn limits() -> ExtractLimits {
    ExtractLimits {
        max_values: 20_000,
        max_output_bytes: 4 << 20,
        max_scanned_bytes: 64 << 20,
        ..ExtractLimits::default()
    }
}

/// A rule, in the [`plain`] form: entries `options` and `schema`, and any other is a file by its name (`document.json` a
/// parsed one). Bytes of another form are options.
pub fn rule(data: &[u8]) {
    let entries = plain::entries(data);
    let json = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok();
    let named = |name: &str| entries.iter().find(|(entry, _)| *entry == name).map(|(_, bytes)| *bytes);
    let Some(options) = json(named("options").unwrap_or(data)) else { return };
    let json_schema = named("schema").and_then(json).unwrap_or_else(|| json!({}));
    let rule = RuleDefinition { mode: PostprocessMode::Extract, options, json_schema, ..RuleDefinition::builtin() };
    let transform = ExtractTransform::new(limits());
    if transform.check(&rule).is_err() {
        return;
    }
    let file = entries.iter().find(|(name, _)| !matches!(*name, "options" | "schema"));
    let document = match file {
        Some(("document.json", bytes)) => serde_json::from_slice(bytes).ok(),
        Some((name, bytes)) => parse::parsed(name, bytes).ok(),
        None => Some(ParsedDocument { pages: 1, ..ParsedDocument::default() }),
    };
    let Some(document) = document else { return };
    let name = file.map_or("a.txt", |(name, _)| name);
    run(&transform, rule, name, &document);
}

fn run(transform: &ExtractTransform, rule: RuleDefinition, filename: &str, document: &ParsedDocument) {
    let input = TransformInput {
        filename: filename.into(),
        parsed: serde_json::to_vec(document).expect("JSON").into(),
        images: None,
        rule: Arc::new(rule),
        user_id: UserId::new(1).expect("an id"),
        project_id: ProjectId::new(1).expect("an id"),
        task_id: None,
        progress: Arc::new(|_, _| {}),
        spending: Arc::new(|_| {}),
        trace: Arc::new(Trace::recording()),
    };
    match RUNTIME.with(|runtime| runtime.block_on(transform.apply(input))) {
        Ok(made) => check(&made),
        Err(error) => {
            let code = error.failure.code.as_str();
            assert!(!matches!(code, "invalid_rule" | "extract_failed" | "artifact_unreadable"), "{:?}", error.failure);
        }
    }
}

/// Whatever is cited is in the result.
fn check(made: &Transformed) {
    let value: Value = serde_json::from_str(made.value.get()).expect("JSON");
    for pointer in made.citations.iter().flat_map(|citations| citations.keys()) {
        assert!(value.pointer(pointer).is_some(), "{pointer} is cited and not there");
    }
}
