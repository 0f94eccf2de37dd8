//! How many fields rules of mode `extract` read right from documents whose content is known, by format and kind.
//!
//! `EXTRACT_TRUTH_SEEDS` says how many documents of each kind are made (20 when absent); every one is written as DOCX,
//! XLSX, HTML and PDF (contracts as all but XLSX), parsed by the built-in parsers and read by one rule.

#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod support;
#[path = "support/truth/mod.rs"]
mod truth;

use std::collections::BTreeMap;
use std::sync::Arc;

use millrace_domain::citation::Citations;
use millrace_domain::document::ParsedDocument;
use millrace_domain::ids::{ProjectId, UserId};
use millrace_domain::parse_options::ParseOptions;
use millrace_domain::rule::{PostprocessMode, RuleDefinition};
use millrace_pipeline_handlers::limits::ParserLimits;
use millrace_pipeline_handlers::registry::builtin;
use millrace_pipeline_handlers::transform::citations::CitationIndex;
use millrace_pipeline_handlers::transform::extract::ExtractTransform;
use millrace_pipeline_handlers::transform::{Trace, Transform, TransformInput};
use serde_json::Value;
use truth::Truth;

/// Makes the document of a seed.
type Make = fn(u64) -> Truth;

/// Documents of each kind.
const SEEDS: u64 = 20;

#[tokio::test]
async fn every_field_of_known_documents_is_read() {
    let seeds = std::env::var("EXTRACT_TRUTH_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(SEEDS);
    let kinds: [(&str, Make); 3] =
        [("invoice", truth::invoice), ("contract", truth::contract), ("price list", truth::price_list)];
    let mut figures: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (kind, make) in kinds {
        for seed in 0..seeds {
            let truth = make(seed);
            for (format, bytes) in truth::files(&truth) {
                let found = read(&format!("truth.{format}"), &bytes, &truth.rule).await;
                let (right, all) = score(&truth.value, found.as_ref().ok());
                let figure = figures.entry((format, kind)).or_default();
                *figure = (figure.0 + right, figure.1 + all);
                if right < all {
                    wrong.push(format!("{kind} {seed} {format}: {found:?}\n   expected {}", truth.value));
                }
            }
        }
    }
    println!("| format | document | fields | right |");
    println!("|---|---|---|---|");
    for ((format, kind), (right, all)) in &figures {
        println!("| {format} | {kind} | {all} | {right} ({:.2} %) |", percent(*right, *all));
    }
    let sum = figures.values().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    println!("| all | all | {} | {} ({:.2} %) |", sum.1, sum.0, percent(sum.0, sum.1));
    assert!(sum.1 > 0 && wrong.is_empty(), "{} documents\n{}", wrong.len(), wrong[..wrong.len().min(3)].join("\n"));
}

#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn percent(right: usize, all: usize) -> f64 {
    right as f64 * 100.0 / all.max(1) as f64
}

/// What a rule makes of a file; every citation is looked up in the document.
async fn read(name: &str, bytes: &[u8], rule: &Value) -> Result<Value, String> {
    let options = ParseOptions::default();
    let document =
        builtin().parse(bytes, name, &ParserLimits::default(), &options).map_err(|error| error.to_string())?;
    let rule = RuleDefinition { mode: PostprocessMode::Extract, options: rule.clone(), ..RuleDefinition::builtin() };
    let rule = RuleDefinition { json_schema: serde_json::json!({}), ..rule };
    let transform = ExtractTransform::default();
    transform.check(&rule).map_err(|fault| format!("{:?} {fault}", fault.pointer))?;
    let input = TransformInput {
        filename: name.into(),
        parsed: serde_json::to_vec(&document).expect("JSON").into(),
        rule: Arc::new(rule),
        user_id: UserId::new(1).expect("an id"),
        project_id: ProjectId::new(1).expect("an id"),
        task_id: None,
        progress: Arc::new(|_, _| {}),
        spending: Arc::new(|_| {}),
        trace: Arc::new(Trace::default()),
        images: None,
    };
    let made = transform
        .apply(input)
        .await
        .map_err(|error| format!("{}: {}\n{}", error.failure.code, error.failure.message, document.markdown))?;
    check_citations(&document, &made.citations.unwrap_or_default())?;
    serde_json::from_str(made.value.get()).map_err(|error| error.to_string())
}

fn check_citations(document: &ParsedDocument, citations: &Citations) -> Result<(), String> {
    let index = CitationIndex::of(document);
    for (pointer, citation) in citations {
        let found = index.verify(&citation.quote, citation.page);
        if !citation.verified || !found.verified || found.page != citation.page {
            return Err(format!("{pointer}: {citation:?}, looked up {found:?}"));
        }
    }
    Ok(())
}

/// How many leaves of the truth are found at their place, and how many there are.
fn score(truth: &Value, found: Option<&Value>) -> (usize, usize) {
    match truth {
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| score(member, found.and_then(|found| found.get(name))))
            .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1)),
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .map(|(index, element)| score(element, found.and_then(|found| found.get(index))))
            .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1)),
        leaf => (usize::from(found == Some(leaf)), 1),
    }
}
