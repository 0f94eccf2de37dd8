//! Long documents, pictures, and documents without text.

use std::sync::Arc;

use bytes::Bytes;
use millrace_domain::citation::CitationCount;
use millrace_domain::document::ParsedDocument;
use millrace_domain::ports::{Clock, ProviderDirectory};
use millrace_domain::project::ProjectDefinition;
use millrace_domain::provider::ProviderWithSecret;
use millrace_domain::rule::{PostprocessMode, RuleDefinition};
use millrace_domain::{Fault, ProjectId, TaskFailure, UserId};
use millrace_pipeline_handlers::transform::llm::{LlmSettings, LlmTransform};
use millrace_pipeline_handlers::transform::{
    PageImage, PageImages, Trace, Transform, TransformError, TransformInput, Transformed,
};
use millrace_queue::SystemClock;
use millrace_repository::Stores;
use millrace_repository::token_budget::DailyTokenBudget;
use millrace_testkit::Form;
use millrace_testkit::fakes::openai::{FakeModel, FakeOpenAi, Flavour, Trap};
use serde_json::{Value, json};

use super::support::{app, artifact, failed, finish, invoice_rule, openai, provider, report, result, run, stored};

/// An invoice of many lines, longer than any one request here.
fn long_invoice(lines: usize) -> String {
    let mut text = String::from("# Invoice\n\nInvoice number: INV-7\n\n# Lines\n\n| item | price |\n|---|---|\n");
    for line in 0..lines {
        text.push_str(&format!("| item number {line} | {line}.5 |\n"));
    }
    text.push_str("\n# Sum\n\nTotal: 99\n");
    text
}

fn lines(count: usize) -> Value {
    (0..count).map(|line| json!({"item": format!("item number {line}"), "price": line as f64 + 0.5})).collect()
}

#[tokio::test]
async fn a_long_document_loses_nothing() {
    let fake = openai();
    let mut small = provider(&fake, "json_schema");
    (small.definition.context_tokens, small.definition.max_output_tokens) = (4_000, 1_000);
    small.definition.max_concurrency = 3;
    let app = app(vec![small], None).await;
    fake.traps(std::iter::repeat_n(Trap::Hold, 100));
    let rule = stored(&app, invoice_rule(json!({}))).await;
    let project = app.client.project().await;
    let form = Form::of(project).field("rule_id", rule).file("invoice.md", long_invoice(300));
    let id = app.client.submitted(form).await[0];
    // Parts are asked for together, up to the provider's limit.
    while fake.most_at_once() < 3 {
        tokio::task::yield_now().await;
    }
    fake.release();
    let task = app.client.wait(id).await;
    let result = result(&app, &task).await;
    assert_eq!((&result["invoice_number"], &result["total"]), (&json!("INV-7"), &json!(99)));
    assert_eq!(result["lines"], lines(300));
    let parts = fake.requests().len();
    assert!(parts > 4, "{parts} requests");
    assert_eq!(fake.most_at_once(), 3);
    // Citations follow the members to their places.
    let citations = artifact(&app, &task, "citations").await;
    assert_eq!(citations["/lines/299/item"], json!({"page": 1, "quote": "item number 299", "verified": true}));
    assert_eq!(report(&app, &task).await.citations, Some(CitationCount { values: 602, verified: 602 }));
    finish(app).await;
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_asked_for_in_smaller_parts() {
    let fake = FakeOpenAi::start(FakeModel::new(Flavour::Vllm)).expect("a port");
    let mut provider = provider(&fake, "relaxed");
    // The document fits into one request, the answer does not fit into its limit.
    (provider.definition.context_tokens, provider.definition.max_output_tokens) = (60_000, 600);
    let app = app(vec![provider], None).await;
    let task = run(&app, invoice_rule(json!({})), "invoice.md", long_invoice(100).as_bytes()).await;
    assert_eq!(result(&app, &task).await["lines"], lines(100));
    let exchange = artifact(&app, &task, "exchange").await;
    let reasons: Vec<_> = exchange["turns"]
        .as_array()
        .expect("turns")
        .iter()
        .map(|turn| {
            (
                turn["part"].as_str().expect("a part"),
                turn["response"]["choices"][0]["finish_reason"].as_str().expect("a reason"),
            )
        })
        .collect();
    assert_eq!(reasons[0], ("1", "length"));
    assert!(reasons.iter().any(|(part, reason)| part.starts_with("1.1") && *reason == "stop"), "{reasons:?}");
    finish(app).await;
}

#[tokio::test]
async fn a_context_smaller_than_configured_is_found_out() {
    let mut model = FakeModel::new(Flavour::LlamaCpp);
    model.context_tokens = 2_600;
    let fake = FakeOpenAi::start(model).expect("a port");
    let mut provider = provider(&fake, "relaxed");
    (provider.definition.context_tokens, provider.definition.max_output_tokens) = (60_000, 1_500);
    let app = app(vec![provider], None).await;
    let task = run(&app, invoice_rule(json!({})), "invoice.md", long_invoice(100).as_bytes()).await;
    assert_eq!(result(&app, &task).await["lines"], lines(100));
    finish(app).await;
}

#[tokio::test]
async fn an_answer_too_long_for_the_smallest_part_is_an_error() {
    let fake = openai();
    let mut provider = provider(&fake, "json_schema");
    (provider.definition.context_tokens, provider.definition.max_output_tokens) = (4_000, 64);
    let app = app(vec![provider], None).await;
    let text = format!("Supplier: {}\nTotal: 1\nInvoice number: INV-1\n", "long name ".repeat(60));
    let mut rule = invoice_rule(json!({}));
    rule["json_schema"]["required"] = json!([]);
    let task = run(&app, rule, "invoice.md", text.as_bytes()).await;
    assert!(failed(&task, "answer_truncated").contains("64 tokens"), "{task}");
    finish(app).await;
}

#[tokio::test]
async fn differences_between_parts_are_told() {
    let fake = openai();
    let mut provider = provider(&fake, "json_schema");
    (provider.definition.context_tokens, provider.definition.max_output_tokens) = (4_000, 1_000);
    let app = app(vec![provider], None).await;
    let first = long_invoice(20).replace("Total", "Supplier: One\nTotal");
    let words = "many words that say nothing about it\n\n".repeat(40);
    let text = format!("{first}\n# Notes\n\n{words}# Copy\n\nSupplier: Other\nTotal: 98\n");
    let task = run(&app, invoice_rule(json!({"chunk_tokens": 256})), "invoice.md", text.as_bytes()).await;
    let result = result(&app, &task).await;
    assert_eq!((&result["supplier"], &result["total"]), (&json!("One"), &json!(99)));
    let warnings = task["result"]["warnings"].to_string();
    assert!(warnings.contains("/total: 99 of part") && warnings.contains("other parts say 98"), "{warnings}");
    finish(app).await;
}

#[tokio::test]
async fn what_no_part_says_fails_the_whole() {
    let fake = openai();
    let mut provider = provider(&fake, "json_schema");
    (provider.definition.context_tokens, provider.definition.max_output_tokens) = (4_000, 1_000);
    let app = app(vec![provider], None).await;
    let text = long_invoice(150).replace("Total: 99", "The end.");
    let task = run(&app, invoice_rule(json!({})), "invoice.md", text.as_bytes()).await;
    assert!(failed(&task, "invalid_answer").contains("\"total\" is a required property"), "{task}");
    finish(app).await;
}

#[tokio::test]
async fn a_whole_against_the_schema_is_corrected_by_the_model() {
    let fake = openai();
    let mut provider = provider(&fake, "json_schema");
    (provider.definition.context_tokens, provider.definition.max_output_tokens) = (8_000, 2_000);
    let app = app(vec![provider], None).await;
    // No part has as many lines as the whole.
    let rule = |repairs: u32| {
        let mut rule = invoice_rule(json!({"chunk_tokens": 256, "max_repairs": repairs}));
        rule["json_schema"]["properties"]["lines"]["maxItems"] = 30.into();
        rule
    };
    let text = long_invoice(40);
    let task = run(&app, rule(1), "invoice.md", text.as_bytes()).await;
    let found = result(&app, &task).await;
    assert_eq!((&found["lines"], &found["total"]), (&lines(30), &json!(99)));
    assert!(task["result"]["warnings"].to_string().contains("corrected"), "{task}");
    assert_eq!(report(&app, &task).await.citations, Some(CitationCount { values: 62, verified: 62 }));
    let requests = fake.requests();
    let asked = requests.last().expect("asked")["messages"][1]["content"].as_str().expect("text").to_owned();
    assert!(asked.contains("<value>") && asked.contains("- /lines: ") && !asked.contains("<document>"), "{asked}");
    let exchange = artifact(&app, &task, "exchange").await;
    assert_eq!(exchange["turns"].as_array().expect("turns").last().expect("one")["part"], "whole");
    // Not more often than the rule allows.
    fake.traps(std::iter::repeat_n(Trap::NoUsage, requests.len() - 1).chain([Trap::InvalidJson]));
    let task = run(&app, rule(1), "invoice.md", text.as_bytes()).await;
    failed(&task, "invalid_answer");
    assert_eq!(fake.requests().len(), 2 * requests.len());
    let task = run(&app, rule(0), "invoice.md", text.as_bytes()).await;
    assert!(failed(&task, "invalid_answer").contains("/lines: "), "{task}");
    assert_eq!(fake.requests().len(), 3 * requests.len() - 1);
    finish(app).await;
}

#[tokio::test]
async fn a_document_without_text_is_told() {
    let fake = openai();
    let app = app(vec![provider(&fake, "json_schema")], None).await;
    let task = run(&app, invoice_rule(json!({})), "empty.md", b"  \n").await;
    assert_eq!(task["status"], "failed", "{task}");
    assert!(fake.requests().is_empty());
    finish(app).await;
}

#[tokio::test]
async fn pages_are_shown_with_their_text() {
    let fake = openai();
    let mut provider = provider(&fake, "json_schema").provider();
    // The picture says what its text does not.
    let document = ParsedDocument { markdown: "Supplier: One\n".into(), pages: 1, ..ParsedDocument::default() };
    let rule = |images: bool| invoice_rule(json!({"images": images, "citations": "off"}));
    let refused = Direct::new(&provider).await.apply(rule(true), &document, true).await.expect_err("no vision");
    assert_eq!(refused.failure.code, "vision_not_supported");
    provider.definition.vision = true;
    let made = Direct::new(&provider).await.apply(rule(true), &document, true).await.expect("a result");
    let value: Value = serde_json::from_str(made.value.get()).expect("JSON");
    assert_eq!(value, json!({"invoice_number": "INV-9", "total": 12, "supplier": "One"}));
    let url = fake.requests()[0]["messages"][1]["content"][1]["image_url"]["url"].clone();
    assert!(url.as_str().expect("a URL").starts_with("data:image/png;base64,"), "{url}");
    let exchange = String::from_utf8(made.exchange.expect("kept").to_vec()).expect("text");
    assert!(!exchange.contains("base64"), "pictures are not kept");
    // A file that cannot be shown is read by its text, and the reader is told.
    let made = Direct::new(&provider).await.apply(lenient(rule(true)), &document, false).await.expect("a result");
    assert!(made.warnings.iter().any(|warning| warning.contains("cannot be shown")), "{:?}", made.warnings);
    let made = Direct::new(&provider).await.apply(lenient(rule(false)), &document, true).await.expect("a result");
    assert!(made.warnings.is_empty(), "{:?}", made.warnings);
}

/// The rule without anything that has to be there.
fn lenient(mut rule: Value) -> Value {
    rule["json_schema"]["required"] = json!([]);
    rule
}

#[tokio::test]
async fn a_prompt_that_a_server_cuts_in_silence_is_noticed() {
    let mut model = FakeModel::new(Flavour::Ollama);
    model.context_tokens = 1_500;
    let fake = FakeOpenAi::start(model).expect("a port");
    let mut provider = provider(&fake, "relaxed");
    (provider.definition.context_tokens, provider.definition.max_output_tokens) = (60_000, 1_000);
    let app = app(vec![provider], None).await;
    let rule = lenient(invoice_rule(json!({"citations": "off"})));
    let task = run(&app, rule, "invoice.md", "Supplier: One\n\nwords and words\n".repeat(400).as_bytes()).await;
    assert!(task["result"]["warnings"].to_string().contains("counted only"), "{task}");
    finish(app).await;
}

/// The transform without an application around it.
struct Direct {
    transform: LlmTransform,
    user: UserId,
    project: ProjectId,
}

struct Only(Arc<ProviderWithSecret>);

#[async_trait::async_trait]
impl ProviderDirectory for Only {
    async fn get(&self, _user: UserId, _name: Option<&str>) -> Result<Option<Arc<ProviderWithSecret>>, Fault> {
        Ok(Some(Arc::clone(&self.0)))
    }
}

/// A page whose picture carries words as a comment.
struct Scan;

#[async_trait::async_trait]
impl PageImages for Scan {
    fn max_pages(&self) -> u32 {
        1
    }

    async fn image(&self, page: u32) -> Result<Option<PageImage>, TaskFailure> {
        let bytes = Bytes::from_static(b"\x89PNG\r\n\x1a\n\nInvoice number: INV-9\nTotal: 12\n");
        Ok(Some(PageImage { page, media_type: "image/png", bytes }))
    }
}

impl Direct {
    async fn new(provider: &ProviderWithSecret) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let stores = Stores::memory(Arc::clone(&clock));
        let user = stores.users.ensure("test", "somebody", clock.now()).await.expect("stored").id;
        let definition = ProjectDefinition { name: "test".into(), description: String::new() };
        let project = stores.projects.create(user, &definition, clock.now(), None).await.expect("stored").id;
        let settings = LlmSettings { max_chunks: 10, request_attempts: 1, allow_private_networks: false };
        let budget = Arc::new(DailyTokenBudget::new(stores.usage, Arc::clone(&clock), None));
        let directory = Arc::new(Only(Arc::new(provider.clone())));
        let transform = LlmTransform::new(directory, budget, clock, settings).expect("TLS roots");
        Self { transform, user, project }
    }

    async fn apply(&self, rule: Value, document: &ParsedDocument, shown: bool) -> Result<Transformed, TransformError> {
        let definition = RuleDefinition {
            mode: PostprocessMode::Llm,
            json_schema: rule["json_schema"].clone(),
            options: rule["options"].clone(),
            ..RuleDefinition::builtin()
        };
        let images: Option<Arc<dyn PageImages>> = if shown { Some(Arc::new(Scan)) } else { None };
        self.transform
            .apply(TransformInput {
                filename: "scan.png".into(),
                parsed: serde_json::to_vec(document).expect("JSON").into(),
                images,
                rule: Arc::new(definition),
                user_id: self.user,
                project_id: self.project,
                task_id: None,
                progress: Arc::new(|_done, _total| {}),
                spending: Arc::new(|_spent| {}),
                trace: Arc::new(Trace::default()),
            })
            .await
    }
}
