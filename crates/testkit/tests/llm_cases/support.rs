//! What the tests share: an application with one provider, a rule, a document.

use std::sync::Arc;

use millrace_domain::TaskId;
use millrace_domain::task::TaskResult;
use millrace_server::config::{LlmConfig, ProviderConfig};
use millrace_testkit::fakes::openai::{FakeModel, FakeOpenAi, Flavour};
use millrace_testkit::world::Backend;
use millrace_testkit::{Form, TestApp, World};
use serde_json::{Value, json};

pub const INVOICE: &str = "# Invoice\n\nInvoice number: INV-2041\nSupplier: Northwind Traders\nTotal: 1280.50 EUR\n\n\
    | item | price |\n|---|---|\n| Pen | 1.50 |\n| Ink | 7.25 |\n";

/// A server that takes what OpenAI's takes.
pub fn openai() -> FakeOpenAi {
    FakeOpenAi::start(FakeModel::new(Flavour::OpenAi)).expect("a port")
}

/// A provider of this name at a fake.
pub fn provider(fake: &FakeOpenAi, profile: &str) -> ProviderConfig {
    let provider = json!({
        "name": "fake", "base_url": fake.base_url(), "profile": profile, "default_model": "test", "timeout_seconds": 30,
        "prices": {"test": {"input": 1000.0, "output": 2000.0}}
    });
    serde_json::from_value(provider).expect("a provider")
}

/// The application with these providers.
pub async fn app(providers: Vec<ProviderConfig>, limit: Option<u64>) -> TestApp {
    app_with(providers, |llm| llm.daily_tokens_per_project = limit).await
}

/// The same with other settings. A request is tried once unless they say otherwise.
pub async fn app_with(providers: Vec<ProviderConfig>, change: impl FnOnce(&mut LlmConfig)) -> TestApp {
    let world = Arc::new(World::new(Backend::Memory).await.expect("a world"));
    app_in(&world, providers, change).await
}

/// The same in a world that is there already.
pub async fn app_in(
    world: &Arc<World>,
    providers: Vec<ProviderConfig>,
    change: impl FnOnce(&mut LlmConfig),
) -> TestApp {
    let builder = world.app().config(|config| {
        config.llm.providers = providers;
        config.llm.request_attempts = 1;
        change(&mut config.llm);
    });
    builder.start().await.expect("the application starts")
}

/// The rule of an invoice.
pub fn invoice_rule(options: Value) -> Value {
    json!({
        "name": "invoice", "postprocess_mode": "llm", "options": options,
        "json_schema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "required": ["invoice_number", "total"],
            "properties": {
                "invoice_number": {"type": "string", "minLength": 3},
                "supplier": {"type": "string"},
                "total": {"type": "number"},
                "due_date": {"type": "string", "format": "date"},
                "lines": {"type": "array", "items": {
                    "type": "object", "required": ["item", "price"],
                    "properties": {"item": {"type": "string"}, "price": {"type": "number"}}
                }}
            },
            "additionalProperties": false
        }
    })
}

/// What [`INVOICE`] says.
pub fn invoice() -> Value {
    json!({
        "invoice_number": "INV-2041", "supplier": "Northwind Traders", "total": 1280.5,
        "lines": [{"item": "Pen", "price": 1.5}, {"item": "Ink", "price": 7.25}]
    })
}

/// Stores a rule; its id.
pub async fn stored(app: &TestApp, rule: Value) -> i64 {
    app.client.post("/api/v1/etl/rules", rule).await.expect(201)["rule_id"].as_i64().expect("an id")
}

/// Runs a file through a rule; the task once it has ended.
pub async fn run(app: &TestApp, rule: Value, name: &str, content: &[u8]) -> Value {
    let rule = stored(app, rule).await;
    let project = app.client.project().await;
    run_in(app, project, rule, name, content).await
}

/// The same in a project.
pub async fn run_in(app: &TestApp, project: i64, rule: i64, name: &str, content: &[u8]) -> Value {
    let form = Form::of(project).field("rule_id", rule).file(name, content);
    app.client.wait(app.client.submitted(form).await[0]).await
}

/// The task's artifact of a kind.
pub async fn artifact(app: &TestApp, task: &Value, kind: &str) -> Value {
    let id = task["task_id"].as_i64().expect("an id");
    let artifacts = app.world.stores.artifacts.list(TaskId::new(id).expect("an id")).await;
    let artifacts = artifacts.expect("read");
    let found = artifacts.iter().find(|one| one.content.kind.as_str() == kind).expect(kind);
    let bytes = app.world.objects.get(&found.content.key).await.expect("stored");
    serde_json::from_slice(&bytes).expect("JSON")
}

/// What a completed task reports, as it is stored.
pub async fn report(app: &TestApp, task: &Value) -> Arc<TaskResult> {
    let id = TaskId::new(task["task_id"].as_i64().expect("an id")).expect("an id");
    let stored = app.world.stores.tasks.get(app.world.users()[0], id).await.expect("read").expect("there");
    Arc::clone(stored.result.as_ref().expect("completed"))
}

/// The result of a task that must have completed.
pub async fn result(app: &TestApp, task: &Value) -> Value {
    assert_eq!(task["status"], "completed", "{task}");
    app.client.result(task["task_id"].as_i64().expect("an id")).await
}

/// A task that must have failed with this code; its message.
#[track_caller]
pub fn failed(task: &Value, code: &str) -> String {
    assert_eq!(task["status"], "failed", "{task}");
    assert_eq!((&task["error"]["code"], &task["error"]["stage"]), (&code.into(), &"postprocess".into()), "{task}");
    task["error"]["message"].as_str().expect("a message").to_owned()
}

pub async fn finish(app: TestApp) {
    app.finish().await.expect("nothing is left");
}
