//! Rules: trials, versions, files.

use std::time::Duration;

use actix_web::test::TestRequest;
use millrace_api::ApiLimits;
use serde_json::{Value, json};

use crate::app::{Caller, Form, Options, TestApi};

const NEW: &str = "/api/v1/etl/rules/test";

async fn rule(api: &TestApi, caller: &Caller, body: Value) -> i64 {
    api.json(caller, "POST", "/api/v1/etl/rules", body).await.expect(201)["rule_id"].as_i64().expect("an id")
}

fn skip(name: &str) -> Value {
    json!({"name": name, "postprocess_mode": "skip"})
}

#[actix_web::test]
async fn a_rule_is_tried_on_a_file() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let project = api.project(&caller).await;
    let stored = rule(&api, &caller, skip("stored")).await;
    let path = format!("/api/v1/etl/rules/{stored}/test");
    let before = (api.keys().await, api.get(&caller, "/api/v1/etl/rules").await.expect(200));
    let form = || Form::new().field("project_id", project);
    let reply = api.send(form().file("file", "a.pdf", "12345").post(&caller, &path)).await.expect(200);
    assert_eq!(reply["value"]["input"], json!({"bytes": 5}));
    assert_eq!((&reply["value"]["rule"], &reply["value"]["project"]), (&json!("stored"), &json!(project)));
    assert_eq!(reply["citations"]["/filename"]["bbox"], json!([0.0, 1.0, 2.0, 3.5]));
    assert_eq!(reply["trace"][0], json!({"step": "parse", "target": "", "detail": {"reused": false}}));
    assert_eq!((&reply["tokens"], &reply["cost_usd"]), (&json!(12), &json!(0.25)));
    assert!(reply["processing_time"].as_f64().is_some_and(|seconds| seconds >= 0.0));
    assert_eq!(reply["warnings"], json!(["only a trial"]));
    // A definition in the request goes before the stored one.
    let other = form().field("rule", skip("other")).field("parse_options", r#"{"pages":"2"}"#);
    let reply = api.send(other.file("file", "a.pdf", "x").post(&caller, &path)).await.expect(200);
    assert_eq!((&reply["value"]["rule"], &reply["value"]["pages"]), (&json!("other"), &json!("2")));
    let new = form().field("rule", skip("new")).file("file", "a.pdf", "x");
    assert_eq!(api.send(new.post(&caller, NEW)).await.expect(200)["value"]["rule"], "new");
    let after = (api.keys().await, api.get(&caller, "/api/v1/etl/rules").await.expect(200));
    assert_eq!(before, after, "nothing is stored");
}

#[actix_web::test]
async fn a_rule_is_tried_on_what_is_there() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let project = api.project(&caller).await;
    let other = api.project(&caller).await;
    let task = api.task(&caller, project, "a.txt", "hello").await;
    let upload = &task["metadata"]["upload_id"];
    let send = async |body: Value| api.json(&caller, "POST", NEW, body).await;
    let reply = send(json!({"rule": skip("r"), "task_id": task["task_id"]})).await.expect(200);
    assert_eq!(reply["value"]["input"], json!({"parsed": "parsed"}));
    assert_eq!((&reply["value"]["filename"], &reply["value"]["project"]), (&json!("a.txt"), &json!(project)));
    let body = json!({"rule": skip("r"), "upload_id": upload, "project_id": other, "parse": {"pages": "1"}});
    let reply = send(body).await.expect(200);
    assert_eq!(reply["value"]["input"], json!({"stored": 5}));
    assert_eq!((&reply["value"]["project"], &reply["value"]["pages"]), (&json!(other), &json!("1")));
    let failed = api.task(&caller, project, "bad.txt", "x").await;
    send(json!({"rule": skip("r"), "task_id": failed["task_id"]})).await.problem(409, "artifact_missing");
}

#[actix_web::test]
async fn bad_trials_are_refused_with_their_place() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let project = api.project(&caller).await;
    let task = api.task(&caller, project, "a.txt", "hello").await["task_id"].clone();
    let check = async |body: Value, status: u16, code: &str, pointer: &str| {
        let problem = api.json(&caller, "POST", NEW, body).await.problem(status, code);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    };
    let r = skip("r");
    check(json!({"rule": r}), 400, "missing_field", "/task_id").await;
    check(json!({"rule": r, "task_id": task, "upload_id": 1}), 400, "invalid_value", "/task_id").await;
    check(json!({"task_id": task}), 400, "missing_field", "/rule").await;
    check(json!({"rule": r, "task_id": task, "parse": {}}), 400, "invalid_value", "/parse").await;
    check(json!({"rule": r, "task_id": task, "colour": 1}), 400, "unknown_field", "/colour").await;
    check(json!({"rule": {"name": ""}, "task_id": task}), 400, "invalid_value", "/rule/name").await;
    check(json!({"rule": {"name": "l"}, "task_id": task}), 422, "unsupported", "/rule/postprocess_mode").await;
    check(json!({"rule": r, "task_id": 987_654}), 404, "task_not_found", "/task_id").await;
    check(json!({"rule": r, "upload_id": 987_654}), 404, "upload_not_found", "/upload_id").await;
    check(json!({"rule": r, "task_id": task, "project_id": 987_654}), 404, "project_not_found", "/project_id").await;
    let parser = json!({"rule": r, "upload_id": 1, "parse": {"parser": "none"}});
    check(parser, 400, "unknown_parser", "/parse/parser").await;

    let check = async |form: Form, status: u16, code: &str, pointer: &str| {
        let problem = api.send(form.post(&caller, NEW)).await.problem(status, code);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    };
    let form = || Form::new().field("project_id", project).field("rule", &r);
    check(form(), 400, "missing_field", "/file").await;
    check(form().file("file", "a", "x").file("file", "b", "x"), 400, "too_many_files", "/file").await;
    check(form().file("file", "../a", "x"), 400, "invalid_name", "/file").await;
    check(Form::new().field("rule", &r).file("file", "a", "x"), 400, "missing_field", "/project_id").await;
    check(form().field("rule_id", 1).file("file", "a", "x"), 400, "unknown_field", "/rule_id").await;
    let broken = Form::new().field("project_id", project).field("rule", "{\"name\":").file("file", "a", "x");
    check(broken, 400, "invalid_json", "/rule").await;
    let broken = form().field("parse_options", "{\"pages\": \"x\"}").file("file", "a", "x");
    check(broken, 400, "invalid_value", "/parse_options/pages").await;
    let text = caller.request("POST", NEW).insert_header(("content-type", "text/plain")).set_payload("x");
    api.send(text).await.problem(415, "unsupported_media_type");
    let missing = api.json(&caller, "POST", "/api/v1/etl/rules/987654/test", json!({"task_id": task})).await;
    missing.problem(404, "rule_not_found");
}

#[actix_web::test]
async fn a_trial_that_fails_says_what_the_task_would_have_said() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let project = api.project(&caller).await;
    let send = async |name: &str| {
        let form = Form::new().field("project_id", project).field("rule", skip("r")).file("file", name, "x");
        api.send(form.post(&caller, NEW)).await
    };
    let problem = send("bad.pdf").await.problem(422, "rule_test_failed");
    let failure =
        json!({"code": "encrypted_file", "message": "the file is encrypted", "stage": "mineru", "retryable": false});
    assert_eq!((&problem["failure"], &problem["retryable"]), (&failure, &json!(false)));
    assert_eq!(problem["detail"], "the file is encrypted");
    assert_eq!(problem["trace"], json!([{"step": "sniff", "target": "", "detail": {"format": "PDF"}}]));
    let busy = send("busy.pdf").await;
    assert_eq!(busy.header("retry-after"), Some("7"));
    let problem = busy.problem(422, "rule_test_failed");
    assert_eq!((&problem["failure"]["code"], &problem["retryable"]), (&json!("provider_busy"), &json!(true)));
}

#[actix_web::test]
async fn trials_have_limits() {
    let limits = ApiLimits {
        max_test_bytes: 10,
        concurrent_tests: 1,
        test_timeout: Duration::from_millis(1),
        max_json_bytes: 2000,
        max_rules_per_import: 2,
        ..ApiLimits::default()
    };
    let api = TestApi::with(Options { limits, ..Options::default() }).await;
    let caller = api.caller("a").await;
    let project = api.project(&caller).await;
    let form = |name: &str, content: &str| {
        Form::new().field("project_id", project).field("rule", skip("r")).file("file", name, content).post(&caller, NEW)
    };
    api.send(form("a", "0123456789")).await.expect(200);
    let problem = api.send(form("a", "0123456789a")).await.problem(413, "file_too_large");
    assert_eq!(problem["errors"][0]["pointer"], "/file");
    let long = Form::new().field("rule", "x".repeat(2001)).file("file", "a", "x").post(&caller, NEW);
    api.send(long).await.problem(413, "request_too_large");
    let upload = api.task(&caller, project, "long.txt", "0123456789a").await["metadata"]["upload_id"].clone();
    let problem = api.json(&caller, "POST", NEW, json!({"rule": skip("r"), "upload_id": upload})).await;
    assert_eq!(problem.problem(413, "file_too_large")["errors"][0]["pointer"], "/upload_id");
    let late = api.send(form("slow.pdf", "x")).await.problem(422, "rule_test_failed");
    assert_eq!((&late["failure"]["code"], &late["retryable"]), (&json!("deadline_exceeded"), &json!(true)));
    let three = json!({"format": "millrace-rules", "version": 1, "rules": [skip("a"), skip("b"), skip("c")]});
    let refused = api.json(&caller, "POST", "/api/v1/etl/rules/import", three).await.problem(400, "invalid_value");
    assert_eq!(refused["errors"][0]["pointer"], "/rules");
}

#[actix_web::test]
async fn only_so_many_trials_run_at_once() {
    let limits = ApiLimits { concurrent_tests: 1, ..ApiLimits::default() };
    let api = TestApi::with(Options { limits, ..Options::default() }).await;
    let caller = api.caller("a").await;
    let project = api.project(&caller).await;
    let form = |name: &str| -> TestRequest {
        Form::new().field("project_id", project).field("rule", skip("r")).file("file", name, "x").post(&caller, NEW)
    };
    let mut slow = std::pin::pin!(api.send(form("slow.pdf")));
    let quick = async {
        loop {
            let reply = api.send(form("a.pdf")).await;
            if reply.status == 429 {
                return reply;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = &mut slow => panic!("it never ends"),
        reply = quick => {
            reply.problem(429, "too_many_requests");
            assert!(reply.header("retry-after").is_some());
        }
    }
}

#[actix_web::test]
async fn versions_stay() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let id = rule(&api, &caller, skip("first")).await;
    let path = format!("/api/v1/etl/rules/{id}");
    api.json(&caller, "PUT", &path, skip("second")).await.expect(200);
    api.json(&caller, "PUT", &path, skip("third")).await.expect(200);
    let name = async |query: &str| api.get(&caller, &format!("{path}{query}")).await.expect(200)["name"].clone();
    assert_eq!(name("").await, "third");
    assert_eq!(name("?version=1").await, "first");
    assert_eq!(name("?version=3").await, "third");
    api.get(&caller, &format!("{path}?version=4")).await.problem(404, "rule_version_not_found");
    api.get(&caller, &format!("{path}?version=x")).await.problem(400, "invalid_value");
    let page = api.get(&caller, &format!("{path}/versions?limit=2")).await.expect(200);
    let versions = |page: &Value| -> Vec<Value> {
        page["items"].as_array().expect("items").iter().map(|item| item["version"].clone()).collect()
    };
    assert_eq!(versions(&page), [3, 2]);
    let token = page["next_page_token"].as_str().expect("a next page");
    let rest = api.get(&caller, &format!("{path}/versions?limit=2&page_token={token}")).await.expect(200);
    assert_eq!((versions(&rest), &rest["next_page_token"]), (vec![json!(1)], &Value::Null));
    let builtin = api.get(&caller, "/api/v1/etl/rules/1/versions").await.expect(200);
    assert_eq!(versions(&builtin), [1]);
}

#[actix_web::test]
async fn rules_travel_as_files() {
    let api = TestApi::new().await;
    let (caller, other) = (api.caller("a").await, api.caller("b").await);
    let body = json!({
        "name": "Rechnungen / 2026", "description": "d", "postprocess_mode": "extract",
        "json_schema": {"type": "object", "properties": {"total": {"type": "number"}}},
        "system_prompt": "be brief", "model": "m", "options": {"fields": {"a": 1}},
    });
    let id = rule(&api, &caller, body.clone()).await;
    let reply = api.get(&caller, &format!("/api/v1/etl/rules/{id}/export")).await;
    assert!(reply.header("content-disposition").is_some_and(|text| text.contains("Rechnungen")));
    let file = reply.expect(200);
    assert_eq!(file, json!({"format": "millrace-rules", "version": 1, "rules": [body]}));
    let import = async |file: &Value| api.json(&other, "POST", "/api/v1/etl/rules/import", file.clone()).await;
    let imported = import(&file).await.expect(201);
    let again = api.get(&other, &format!("/api/v1/etl/rules/{}/export", imported["items"][0]["rule_id"])).await;
    assert_eq!(again.expect(200), file, "a round trip changes nothing");

    let count = async || api.get(&other, "/api/v1/etl/rules").await.expect(200)["items"].as_array().map(Vec::len);
    let before = count().await;
    let rules = json!([skip("good"), {"name": ""}, skip("good"), {"name": "l", "postprocess_mode": "llm"}]);
    let refused = import(&json!({"format": "millrace-rules", "version": 1, "rules": rules})).await;
    let problem = refused.problem(400, "invalid_value");
    let places: Vec<_> = problem["errors"].as_array().expect("errors").iter().map(|error| &error["pointer"]).collect();
    assert_eq!(places, ["/rules/1/name", "/rules/3/postprocess_mode"]);
    let wrong = [
        (json!({"format": "other", "version": 1, "rules": [skip("a")]}), "/format"),
        (json!({"format": "millrace-rules", "version": 2, "rules": [skip("a")]}), "/version"),
        (json!({"format": "millrace-rules", "version": 1, "rules": []}), "/rules"),
    ];
    for (file, pointer) in wrong {
        assert_eq!(import(&file).await.problem(400, "invalid_value")["errors"][0]["pointer"], pointer);
    }
    assert_eq!(count().await, before, "all or none");
    let two = json!({"format": "millrace-rules", "version": 1, "rules": [skip("one"), skip("two")]});
    let send = || {
        let request = other.request("POST", "/api/v1/etl/rules/import").insert_header(("idempotency-key", "k"));
        api.send(request.set_json(two.clone()))
    };
    let first = send().await.expect(201);
    assert_eq!((&first["total"], &first["items"][1]["name"]), (&json!(2), &json!("two")));
    assert_eq!(send().await.expect(201), first);
    assert_eq!(count().await, before.map(|count| count + 2));
}

#[actix_web::test]
async fn capabilities_are_asked_once_in_a_while() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let first = api.get(&caller, "/api/v1/etl/capabilities").await.expect(200);
    assert_eq!(first["rule_modes"], json!(["skip", "extract"]));
    assert_eq!(first["limits"]["times_asked"], 1);
    let second = api.get(&caller, "/api/v1/etl/capabilities").await.expect(200);
    assert_eq!(second["limits"]["times_asked"], 1, "remembered for a moment");
}

#[actix_web::test]
async fn parse_options_are_checked_and_echoed() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let project = api.project(&caller).await;
    let form = |options: &str| Form::new().field("project_id", project).field("parse_options", options);
    let path = "/api/v1/etl/upload_and_submit";
    let reply =
        api.send(form(r#"{"pages":"3,1-2"}"#).file("files", "a.txt", "x").post(&caller, path)).await.expect(202);
    let task = api.get(&caller, &format!("/api/v1/etl/tasks/{}?wait=20", reply["task_id"])).await.expect(200);
    assert_eq!(task["parse"], json!({"pages": "1-3"}));
    assert_eq!(task["result"]["parse_reused"], false);
    for (options, code, pointer) in [
        ("{", "invalid_json", "/parse_options"),
        (r#"{"colour":1}"#, "unknown_field", "/parse_options/colour"),
        (r#"{"pages":"0"}"#, "invalid_value", "/parse_options/pages"),
        (r#"{"parser":"none"}"#, "unknown_parser", "/parse_options/parser"),
    ] {
        let reply = api.send(form(options).file("files", "a.txt", "x").post(&caller, path)).await;
        assert_eq!(reply.problem(400, code)["errors"][0]["pointer"], pointer);
    }
    let submit = async |parse: Value| {
        let body = json!({"project_id": project, "upload_id": task["metadata"]["upload_id"], "parse": parse});
        api.json(&caller, "POST", "/api/v1/etl/submit", body).await
    };
    let problem = submit(json!({"parser": "none"})).await.problem(400, "unknown_parser");
    assert_eq!(problem["errors"][0]["pointer"], "/parse/parser");
    let problem = submit(json!({"pages": "x"})).await.problem(400, "invalid_value");
    assert_eq!(problem["errors"][0]["pointer"], "/parse/pages");
    let id = submit(json!({"force_ocr": true, "ocr_languages": ["deu"]})).await.expect(202)["task_id"].clone();
    let task = api.get(&caller, &format!("/api/v1/etl/tasks/{id}?wait=20")).await.expect(200);
    assert_eq!(task["parse"], json!({"force_ocr": true, "ocr_languages": ["deu"]}));
}
