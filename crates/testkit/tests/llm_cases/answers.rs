//! What models answer, and what becomes of it.

use millrace_domain::citation::CitationCount;
use millrace_testkit::Form;
use millrace_testkit::fakes::openai::{FakeModel, FakeOpenAi, Flavour, Trap};
use serde_json::{Value, json};

use super::support::{
    INVOICE, app, artifact, failed, finish, invoice, invoice_rule, openai, provider, report, result, run, stored,
};

#[tokio::test]
async fn a_document_becomes_the_json_that_was_asked_for() {
    let fake = openai();
    let app = app(vec![provider(&fake, "json_schema")], None).await;
    let task = run(&app, invoice_rule(json!({})), "invoice.md", INVOICE.as_bytes()).await;
    assert_eq!(result(&app, &task).await, invoice());
    // The value stands in its table.
    let metadata = &task["metadata"];
    let pointer = format!(
        "{}/{}",
        metadata["mount_json_path"].as_str().expect("a path"),
        metadata["mount_key"].as_str().expect("a key")
    );
    assert_eq!(app.client.data(metadata["mount_table_id"].as_i64().expect("a table"), &pointer).await, invoice());
    // Tokens and costs are those that the server counted.
    let exchange = artifact(&app, &task, "exchange").await;
    let usage = &exchange["turns"][0]["response"]["usage"];
    assert_eq!(task["result"]["tokens"], usage["total_tokens"]);
    assert_eq!((&task["tokens"], &task["cost_usd"]), (&task["result"]["tokens"], &task["result"]["cost_usd"]));
    let expected = usage["prompt_tokens"].as_f64().expect("counted") / 1e3
        + usage["completion_tokens"].as_f64().expect("counted") / 500.0;
    assert!((report(&app, &task).await.cost_usd.expect("priced") - expected).abs() < 1e-9, "{task}");
    // Every value has a citation that was found.
    let citations = artifact(&app, &task, "citations").await;
    assert_eq!(citations["/total"], json!({"page": 1, "quote": "Total: 1280.50 EUR", "verified": true}));
    assert_eq!(citations.as_object().map(serde_json::Map::len), Some(7), "{citations}");
    assert_eq!(report(&app, &task).await.citations, Some(CitationCount { values: 7, verified: 7 }));
    // The request was strict, with the schema in the prompt too.
    let requests = fake.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!((&requests[0]["temperature"], &requests[0]["seed"]), (&json!(0.0), &json!(0)));
    assert_eq!(requests[0]["response_format"]["json_schema"]["strict"], true);
    assert!(requests[0]["messages"][1]["content"].as_str().expect("a text").contains("\"minLength\":3"));
    finish(app).await;
}

#[tokio::test]
async fn what_was_spent_is_told_in_every_final_state() {
    let fake = openai();
    let app = app(vec![provider(&fake, "json_schema")], None).await;
    let rule = stored(&app, invoice_rule(json!({}))).await;
    let project = app.client.project().await;
    let table = app.client.table(project, json!({})).await;
    let form = || Form::of(project).field("rule_id", rule).file("invoice.md", INVOICE);
    // The mount fails after the model has answered.
    let unmountable = form().field("table_id", table).field("json_path", "/a/b").field("create_missing", false);
    let id = app.client.submitted(unmountable).await[0];
    let task = app.client.wait(id).await;
    assert_eq!(task["error"]["code"], "mount_parent_missing", "{task}");
    let (tokens, cost) = (task["tokens"].as_u64().expect("counted"), task["cost_usd"].as_f64().expect("priced"));
    assert!(tokens > 100 && cost > 0.1, "{task}");
    // Once more by hand, which is paid for as well.
    let path = format!("/api/v1/etl/tasks/{id}/retry");
    app.client.post(&path, json!({"from_stage": "postprocess"})).await.expect(202);
    let task = app.client.wait(id).await;
    assert_eq!((&task["tokens"], &task["cost_usd"]), (&json!(tokens * 2), &json!(cost * 2.0)), "{task}");
    // Cancelled while the model repairs its first answer.
    let before = fake.requests().len();
    fake.traps([Trap::InvalidJson, Trap::Hold]);
    let id = app.client.submitted(form()).await[0];
    while fake.requests().len() < before + 2 {
        tokio::task::yield_now().await;
    }
    app.client.post(&format!("/api/v1/etl/tasks/{id}/cancel"), Value::Null).await.expect(202);
    let task = app.client.wait(id).await;
    assert_eq!((&task["status"], &task["error"]), (&json!("cancelled"), &Value::Null), "{task}");
    assert!(task["tokens"].as_u64().is_some_and(|spent| spent > 100 && spent < tokens), "{task}");
    // Nobody was asked.
    let task = app.client.run(project, "a.txt", "text").await;
    assert_eq!((&task["tokens"], &task["cost_usd"]), (&Value::Null, &Value::Null), "{task}");
    finish(app).await;
}

#[tokio::test]
async fn every_server_and_profile_gives_the_same() {
    for (flavour, profile) in [
        (Flavour::OpenAi, "json_schema"),
        (Flavour::OpenAi, "relaxed"),
        (Flavour::Vllm, "relaxed"),
        (Flavour::LlamaCpp, "relaxed"),
        (Flavour::Ollama, "relaxed"),
        (Flavour::Ollama, "json_object"),
        (Flavour::Vllm, "prompt"),
    ] {
        let fake = FakeOpenAi::start(FakeModel::new(flavour)).expect("a port");
        let app = app(vec![provider(&fake, profile)], None).await;
        for citations in ["quotes", "lookup", "off"] {
            let task = run(&app, invoice_rule(json!({"citations": citations})), "invoice.md", INVOICE.as_bytes()).await;
            assert_eq!(result(&app, &task).await, invoice(), "{flavour:?} {profile} {citations}");
            assert_eq!(report(&app, &task).await.citations.is_none(), citations == "off", "{task}");
        }
        finish(app).await;
    }
}

#[tokio::test]
async fn odd_answers_are_understood() {
    let fake = FakeOpenAi::start(FakeModel::new(Flavour::Vllm)).expect("a port");
    let app = app(vec![provider(&fake, "prompt")], None).await;
    for trap in [Trap::Fenced, Trap::Thinking, Trap::OnlyReasoning, Trap::ToolCall, Trap::Unwrapped, Trap::NoUsage] {
        fake.traps([trap.clone()]);
        let before = fake.requests().len();
        let task = run(&app, invoice_rule(json!({})), "invoice.md", INVOICE.as_bytes()).await;
        assert_eq!(result(&app, &task).await, invoice(), "{trap:?}");
        assert_eq!(fake.requests().len(), before + 1, "{trap:?}: no repair was needed");
        assert!(task["result"]["tokens"].as_u64().is_some_and(|tokens| tokens > 100), "{trap:?}: {task}");
    }
    finish(app).await;
}

#[tokio::test]
async fn wrong_answers_are_repaired_with_the_validators_words() {
    let fake = FakeOpenAi::start(FakeModel::new(Flavour::Ollama)).expect("a port");
    let app = app(vec![provider(&fake, "json_object")], None).await;
    for (trap, words) in [
        (Trap::InvalidJson, "holds no JSON"),
        (Trap::SchemaViolation, "/result/total: [\"wrong\"] is not of type \"number\""),
        (Trap::DuplicateName, "given twice"),
    ] {
        fake.traps([trap.clone()]);
        let before = fake.requests().len();
        let task = run(&app, invoice_rule(json!({})), "invoice.md", INVOICE.as_bytes()).await;
        assert_eq!(result(&app, &task).await, invoice(), "{trap:?}");
        let repair = &fake.requests()[before + 1]["messages"];
        assert_eq!(repair[2]["role"], "assistant", "{trap:?}");
        assert!(repair[3]["content"].as_str().expect("a text").contains(words), "{trap:?}: {}", repair[3]);
        assert_eq!(fake.requests().len(), before + 2);
        let exchange = artifact(&app, &task, "exchange").await;
        assert_eq!(exchange["turns"].as_array().map(Vec::len), Some(2), "{exchange}");
    }
    // Not for ever.
    fake.traps(std::iter::repeat_n(Trap::SchemaViolation, 9));
    let before = fake.requests().len();
    let task = run(&app, invoice_rule(json!({"max_repairs": 1})), "invoice.md", INVOICE.as_bytes()).await;
    assert!(failed(&task, "invalid_answer").contains("/result/total"), "{task}");
    assert_eq!(fake.requests().len(), before + 2);
    // What was said is kept all the same.
    assert_eq!(artifact(&app, &task, "exchange").await["turns"].as_array().map(Vec::len), Some(2));
    finish(app).await;
}

#[tokio::test]
async fn invented_quotes_are_not_believed() {
    let fake = openai();
    let app = app(vec![provider(&fake, "json_schema")], None).await;
    fake.traps([Trap::InventedQuotes]);
    let text = format!("{INVOICE}\nPaid: yes\n");
    let mut rule = invoice_rule(json!({}));
    rule["json_schema"]["properties"]["paid"] = json!({"type": "boolean"});
    let task = run(&app, rule, "invoice.md", text.as_bytes()).await;
    let citations = artifact(&app, &task, "citations").await;
    // The value itself stands in the document.
    assert_eq!(citations["/total"], json!({"page": 1, "quote": "1280.50", "verified": true}));
    // Nothing proves this one.
    assert_eq!(citations["/paid"], json!({"quote": "words that stand nowhere", "verified": false}));
    assert_eq!(report(&app, &task).await.citations, Some(CitationCount { values: 8, verified: 7 }));
    finish(app).await;
}

#[tokio::test]
async fn refusals_and_filters_are_named() {
    let fake = openai();
    let app = app(vec![provider(&fake, "json_schema")], None).await;
    for (trap, code) in [(Trap::Refusal, "model_refused"), (Trap::ContentFilter, "content_filtered")] {
        fake.traps([trap]);
        let task = run(&app, invoice_rule(json!({})), "invoice.md", INVOICE.as_bytes()).await;
        failed(&task, code);
    }
    finish(app).await;
}
