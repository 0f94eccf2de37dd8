//! A tester that tells what it was asked: what a file is called decides what becomes of it.

use async_trait::async_trait;
use millrace_domain::citation::Citation;
use millrace_domain::ports::RuleTester;
use millrace_domain::rule_test::{RuleTest, RuleTestFailure, RuleTestInput, RuleTestOutcome, TraceStep};
use millrace_domain::{ErrorStage, TaskFailure};
use serde_json::json;
use serde_json::value::to_raw_value;

/// `bad…` fails for good, `busy…` for a while, `slow…` never ends.
pub struct Echo;

#[async_trait]
impl RuleTester for Echo {
    async fn test(&self, test: RuleTest) -> Result<RuleTestOutcome, RuleTestFailure> {
        let (filename, input) = match &test.input {
            RuleTestInput::Bytes { filename, bytes } => (filename, json!({"bytes": bytes.len()})),
            RuleTestInput::Stored { filename, source } => (filename, json!({"stored": source.size})),
            RuleTestInput::Parsed { filename, artifact } => (filename, json!({"parsed": artifact.kind.as_str()})),
        };
        if filename.starts_with("bad") {
            let failure = TaskFailure::permanent(ErrorStage::Mineru, "encrypted_file", "the file is encrypted");
            let step = TraceStep { step: "sniff".into(), target: String::new(), detail: json!({"format": "PDF"}) };
            return Err(RuleTestFailure { failure, trace: vec![step] });
        }
        if filename.starts_with("busy") {
            let failure = TaskFailure::transient(ErrorStage::Postprocess, "provider_busy", "the model is busy");
            return Err(TaskFailure { retry_after_seconds: Some(7), ..failure }.into());
        }
        if filename.starts_with("slow") {
            std::future::pending::<()>().await;
        }
        let value = json!({
            "filename": filename, "input": input, "rule": test.definition.name, "project": test.project_id,
            "pages": test.parse.pages.map(|pages| pages.to_string()),
        });
        let citation = Citation { page: Some(1), quote: "x".into(), bbox: Some([0.0, 1.0, 2.0, 3.5]), verified: true };
        Ok(RuleTestOutcome {
            value: to_raw_value(&value).expect("JSON"),
            citations: [("/filename".to_owned(), citation)].into(),
            trace: vec![TraceStep { step: "parse".into(), target: String::new(), detail: json!({"reused": false}) }],
            warnings: vec!["only a trial".into()],
            tokens: Some(12),
            cost_usd: Some(0.25),
        })
    }
}
