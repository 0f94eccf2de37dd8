//! What servers do, keys, budgets and mistakes in rules.

use millrace_testkit::fakes::openai::{FakeModel, FakeOpenAi, Flavour, Trap};
use serde_json::json;

use super::support::{
    INVOICE, app, app_with, artifact, failed, finish, invoice, invoice_rule, openai, provider, result, run, run_in,
    stored,
};

#[tokio::test]
async fn what_a_server_refuses_is_said_otherwise() {
    for (profile, refuses) in [
        ("json_schema", vec!["temperature", "seed"]),
        ("relaxed", vec!["max_tokens"]),
        ("relaxed", vec!["json_schema"]),
        ("relaxed", vec!["json_schema", "json_object", "temperature", "max_tokens", "seed"]),
    ] {
        let fake = FakeOpenAi::start(FakeModel { refuses: refuses.clone(), ..FakeModel::new(Flavour::OpenAi) });
        let fake = fake.expect("a port");
        let app = app(vec![provider(&fake, profile)], None).await;
        let task = run(&app, invoice_rule(json!({})), "invoice.md", INVOICE.as_bytes()).await;
        assert_eq!(result(&app, &task).await, invoice(), "{refuses:?}");
        let weaker = refuses.contains(&"json_schema");
        assert_eq!(task["result"]["warnings"].to_string().contains("did not take profile"), weaker, "{task}");
        finish(app).await;
    }
}

#[tokio::test]
async fn passing_troubles_are_tried_again_and_lasting_ones_are_named() {
    let fake = openai();
    let app = app(vec![provider(&fake, "json_schema")], None).await;
    // The queue tries again what may pass.
    for trap in [Trap::RateLimited(0), Trap::ServerError, Trap::Html, Trap::Drop] {
        fake.traps([trap.clone()]);
        let before = fake.requests().len();
        let task = run(&app, invoice_rule(json!({})), "invoice.md", INVOICE.as_bytes()).await;
        assert_eq!(result(&app, &task).await, invoice(), "{trap:?}");
        assert_eq!(fake.requests().len(), before + 2, "{trap:?}");
    }
    fake.traps(std::iter::repeat_n(Trap::RateLimited(0), 3));
    let task = run(&app, invoice_rule(json!({})), "invoice.md", INVOICE.as_bytes()).await;
    failed(&task, "provider_rate_limited");
    fake.traps([Trap::NoQuota]);
    let before = fake.requests().len();
    let task = run(&app, invoice_rule(json!({})), "invoice.md", INVOICE.as_bytes()).await;
    failed(&task, "provider_quota_exceeded");
    assert_eq!(fake.requests().len(), before + 1);
    finish(app).await;
}

#[tokio::test]
async fn one_request_in_trouble_does_not_lose_the_others() {
    let fake = openai();
    let app = app_with(vec![provider(&fake, "json_schema")], |llm| llm.request_attempts = 3).await;
    fake.traps([Trap::RateLimited(0), Trap::RateLimited(0)]);
    let task = run(&app, invoice_rule(json!({})), "invoice.md", INVOICE.as_bytes()).await;
    assert_eq!(result(&app, &task).await, invoice());
    // All within one attempt of the task.
    let exchange = artifact(&app, &task, "exchange").await;
    let statuses: Vec<_> = exchange["turns"].as_array().expect("turns").iter().map(|turn| &turn["status"]).collect();
    assert_eq!(statuses, [429, 429, 200]);
    // Who is told to wait longer leaves that to the queue, at once.
    fake.traps([Trap::RateLimited(86_400)]);
    let before = fake.requests().len();
    let rule = stored(&app, invoice_rule(json!({}))).await;
    let project = app.client.project().await;
    let form = millrace_testkit::Form::of(project).field("rule_id", rule).file("invoice.md", INVOICE);
    let id = app.client.submitted(form).await[0];
    let waiting = loop {
        let task = app.client.task(id).await;
        if task["status"] == "pending" && !task["error"].is_null() {
            break task;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(waiting["error"]["code"], "provider_rate_limited", "{waiting}");
    assert_eq!(fake.requests().len(), before + 1);
    app.client.post(&format!("/api/v1/etl/tasks/{id}/cancel"), serde_json::Value::Null).await;
    finish(app).await;
}

#[tokio::test]
async fn wrong_keys_and_models_are_named() {
    for flavour in [Flavour::OpenAi, Flavour::Vllm, Flavour::Ollama] {
        let mut model = FakeModel::new(flavour);
        model.api_key = Some("sk-right".to_owned());
        let fake = FakeOpenAi::start(model).expect("a port");
        let with_key = |name: &str, key: &str| {
            let mut one = provider(&fake, "relaxed");
            one.definition.name = name.to_owned();
            one.api_key = Some(millrace_server::config::Secret::new(key));
            one
        };
        let app = app(vec![with_key("good", "sk-right"), with_key("bad", "sk-wrong")], None).await;
        let task = run(&app, invoice_rule(json!({"provider": "good"})), "invoice.md", INVOICE.as_bytes()).await;
        assert_eq!(result(&app, &task).await, invoice());
        let task = run(&app, invoice_rule(json!({"provider": "bad"})), "invoice.md", INVOICE.as_bytes()).await;
        let message = failed(&task, "provider_auth_failed");
        assert!(!message.contains("sk-"), "{message}");
        assert!(!artifact(&app, &task, "exchange").await["turns"][0]["request"].to_string().contains("sk-"));
        let mut rule = invoice_rule(json!({"provider": "good"}));
        rule["model"] = "none-such".into();
        let task = run(&app, rule, "invoice.md", INVOICE.as_bytes()).await;
        assert!(failed(&task, "model_not_found").contains("none-such"));
        finish(app).await;
    }
}

#[tokio::test]
async fn a_budget_holds_for_a_project_and_a_day() {
    let fake = openai();
    let app = app(vec![provider(&fake, "json_schema")], Some(6_000)).await;
    let rule = stored(&app, invoice_rule(json!({}))).await;
    let (project, other) = (app.client.project().await, app.client.project().await);
    let first = run_in(&app, project, rule, "invoice.md", INVOICE.as_bytes()).await;
    assert_eq!(result(&app, &first).await, invoice());
    // What is set aside is more than what is used, and only the latter counts: the next one fits in too.
    let used = first["result"]["tokens"].as_u64().expect("counted");
    let mut spent = used;
    let refused = loop {
        let task = run_in(&app, project, rule, "invoice.md", INVOICE.as_bytes()).await;
        match task["status"].as_str() {
            Some("completed") => spent += used,
            _ => break task,
        }
        assert!(spent < 6_000, "the budget does not hold");
    };
    assert!(spent > used, "one request took the whole budget");
    assert!(failed(&refused, "token_budget_exceeded").contains("6000"));
    let requests = fake.requests().len();
    let elsewhere = run_in(&app, other, rule, "invoice.md", INVOICE.as_bytes()).await;
    assert_eq!(elsewhere["status"], "completed", "{elsewhere}");
    assert_eq!(fake.requests().len(), requests + 1, "the refused task asked nobody");
    finish(app).await;
}

#[tokio::test]
async fn mistakes_in_a_rule_are_told_before_it_is_stored() {
    let app = app(Vec::new(), None).await;
    let mut bad_schema = invoice_rule(json!({}));
    bad_schema["json_schema"]["properties"]["total"]["type"] = "money".into();
    for (rule, code, pointer) in [
        (invoice_rule(json!({"temprature": 1})), "unknown_field", "/options/temprature"),
        (invoice_rule(json!({"citations": "maybe"})), "invalid_value", "/options/citations"),
        (bad_schema, "invalid_rule", "/json_schema/properties/total/type"),
    ] {
        let problem = app.client.post("/api/v1/etl/rules", rule).await.problem(400, code);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    finish(app).await;
}

#[tokio::test]
async fn what_a_rule_names_must_be_there_when_it_is_stored() {
    let fake = openai();
    let (mut first, mut second) = (provider(&fake, "relaxed"), provider(&fake, "relaxed"));
    (first.definition.name, second.definition.name) = ("one".to_owned(), "two".to_owned());
    second.definition.default_model = None;
    let app = app(vec![first, second], None).await;
    let rule = stored(&app, invoice_rule(json!({"provider": "one"}))).await;
    for (options, code, pointer) in [
        (json!({"provider": "nobody"}), "unknown_provider", "/options/provider"),
        (json!({}), "unknown_provider", "/options/provider"),
        (json!({"provider": "two"}), "unknown_model", "/model"),
        (json!({"provider": "one", "images": true}), "vision_not_supported", "/options/images"),
    ] {
        let body = invoice_rule(options);
        let path = format!("/api/v1/etl/rules/{rule}");
        let made = app.client.post("/api/v1/etl/rules", body.clone()).await;
        let changed = app.client.json("PUT", &path, body.clone()).await;
        for answer in [made, changed] {
            assert_eq!(answer.problem(422, code)["errors"][0]["pointer"], pointer, "{body}");
        }
        let file = json!({"format": "millrace-rules", "version": 1, "rules": [invoice_rule(json!({"provider": "one"})), body]});
        let problem = app.client.post("/api/v1/etl/rules/import", file).await.problem(422, code);
        assert_eq!(problem["errors"][0]["pointer"], format!("/rules/1{pointer}"), "{problem}");
    }
    assert_eq!(app.client.get(&format!("/api/v1/etl/rules/{rule}")).await.expect(200)["version"], 1);
    // A provider may still go away.
    let gone = json!({"name": "mine", "base_url": "https://models.example/v1", "default_model": "m"});
    let gone = app.client.post("/api/v1/providers", gone).await.expect(201)["provider_id"].clone();
    let rule = stored(&app, invoice_rule(json!({"provider": "mine"}))).await;
    app.client.json("DELETE", &format!("/api/v1/providers/{gone}"), serde_json::Value::Null).await.expect(204);
    let project = app.client.project().await;
    let task = run_in(&app, project, rule, "invoice.md", INVOICE.as_bytes()).await;
    assert!(failed(&task, "provider_not_found").contains("'mine'"));
    finish(app).await;
}

#[tokio::test]
async fn what_a_failed_task_has_cost_is_told() {
    let fake = openai();
    let app = app(vec![provider(&fake, "json_schema")], None).await;
    let rule = stored(&app, invoice_rule(json!({}))).await;
    let project = app.client.project().await;
    fake.traps(std::iter::repeat_n(Trap::SchemaViolation, 3));
    let task = run_in(&app, project, rule, "invoice.md", INVOICE.as_bytes()).await;
    failed(&task, "invalid_answer");
    let (tokens, cost) = (task["error"]["tokens"].as_u64(), task["error"]["cost_usd"].as_f64());
    let (tokens, cost) = (tokens.expect("counted"), cost.expect("priced"));
    // The prices of the fake: 1000 and 2000 dollars a million tokens.
    assert!(tokens > 300 && cost > tokens as f64 * 0.001 && cost < tokens as f64 * 0.002, "{task}");
    let path = format!("/api/v1/etl/usage?project_id={project}");
    let usage = app.client.get(&path).await;
    let usage = usage.expect(200);
    assert_eq!((&usage["total"]["requests"], &usage["items"][0]["model"]), (&json!(3), &json!("test")), "{usage}");
    assert_eq!(usage["items"][0]["provider"], "fake");
    let sum = |name: &str| usage["total"][name].as_u64().expect(name);
    assert_eq!(sum("input_tokens") + sum("output_tokens"), tokens);
    assert!((usage["total"]["cost_usd"].as_f64().expect("a sum") - cost).abs() < 1e-9, "{usage}");
    assert_eq!(usage["counted"][0]["tokens"], tokens);
    // Who was asked nothing has cost nothing.
    let refused = run_in(&app, project, rule, "empty.md", b" ").await;
    assert_eq!((&refused["status"], refused["error"].get("tokens")), (&json!("failed"), None), "{refused}");
    finish(app).await;
}

#[tokio::test]
async fn a_cancelled_task_leaves_its_request() {
    let fake = openai();
    let app = app(vec![provider(&fake, "json_schema")], None).await;
    fake.traps([Trap::Hold]);
    let rule = stored(&app, invoice_rule(json!({}))).await;
    let project = app.client.project().await;
    let form = millrace_testkit::Form::of(project).field("rule_id", rule).file("invoice.md", INVOICE);
    let task = app.client.submitted(form).await[0];
    while fake.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    app.client.post(&format!("/api/v1/etl/tasks/{task}/cancel"), serde_json::Value::Null).await;
    assert_eq!(app.client.wait(task).await["status"], "cancelled");
    fake.release();
    finish(app).await;
}
