//! What a task has parsed is kept while a model is asked, whatever becomes of the attempt.

use millrace_testkit::fakes::openai::{FakeOpenAi, Trap};
use millrace_testkit::{Form, TestApp};
use serde_json::{Value, json};

use super::support::{app, app_in, finish, invoice_rule, openai, provider, stored};

/// Read in a parser process: only such parses are looked for again.
const INVOICE: &str = r"{\rtf1 Invoice number: INV-2041\par Supplier: Northwind Traders\par Total: 1280.50 EUR\par}";

/// A task whose parsed document is recorded, and whose model does not answer.
async fn waiting(app: &TestApp, fake: &FakeOpenAi) -> i64 {
    fake.traps([Trap::Hold]);
    let rule = stored(app, invoice_rule(json!({}))).await;
    let project = app.client.project().await;
    let form = Form::of(project).field("rule_id", rule).file("invoice.rtf", INVOICE);
    let task = app.client.submitted(form).await[0];
    while fake.requests().is_empty() || kinds(app, task).await != ["parsed"] {
        tokio::task::yield_now().await;
    }
    task
}

async fn kinds(app: &TestApp, task: i64) -> Vec<String> {
    let artifacts = app.client.get(&format!("/api/v1/etl/tasks/{task}/artifacts")).await.expect(200);
    let items = artifacts["items"].as_array().expect("artifacts");
    items.iter().map(|artifact| artifact["kind"].as_str().expect("a kind").to_owned()).collect()
}

#[tokio::test]
async fn a_cancelled_task_resumes_behind_its_parse() {
    let fake = openai();
    let app = app(vec![provider(&fake, "json_schema")], None).await;
    let task = waiting(&app, &fake).await;
    app.client.post(&format!("/api/v1/etl/tasks/{task}/cancel"), Value::Null).await;
    assert_eq!(app.client.wait(task).await["status"], "cancelled");
    fake.release();
    assert_eq!(kinds(&app, task).await, ["parsed"]);
    let retry = json!({"from_stage": "transform"});
    app.client.post(&format!("/api/v1/etl/tasks/{task}/retry"), retry).await.expect(202);
    let done = app.client.wait(task).await;
    assert_eq!(done["status"], "completed", "{done}");
    finish(app).await;
}

#[tokio::test]
async fn a_killed_task_does_not_parse_again() {
    let fake = openai();
    let providers = || vec![provider(&fake, "json_schema")];
    let app = app(providers(), None).await;
    let task = waiting(&app, &fake).await;
    let world = app.crash().await.expect("it dies");
    fake.release();
    let app = app_in(&world, providers(), |llm| llm.request_attempts = 1).await;
    let done = app.client.wait(task).await;
    assert_eq!((&done["status"], &done["result"]["parse_reused"]), (&json!("completed"), &json!(true)), "{done}");
    finish(app).await;
}
