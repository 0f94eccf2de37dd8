//! Every refusal is a problem with a code and a place.

use millrace_api::ApiLimits;
use serde_json::{Value, json};

use crate::app::{Form, Options, TestApi, anonymous, post_bytes};
use crate::contract::DOCUMENT;

#[actix_web::test]
async fn unknown_paths_and_methods() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    api.get(&caller, "/api/v1/nowhere").await.problem(404, "route_not_found");
    api.send(anonymous("GET", "/nowhere")).await.problem(404, "route_not_found");
    let reply = api.json(&caller, "DELETE", "/api/v1/projects", Value::Null).await;
    reply.problem(405, "method_not_allowed");
    assert_eq!(reply.header("allow"), Some("GET, HEAD, POST"));
    let reply = api.json(&caller, "POST", "/api/v1/etl/tasks/batch", Value::Null).await;
    reply.problem(405, "method_not_allowed");
    assert_eq!(reply.header("allow"), Some("GET, HEAD"));
    let reply = api.json(&caller, "PATCH", "/api/v1/etl/tasks/1", Value::Null).await;
    assert_eq!(reply.header("allow"), Some("GET, HEAD"));
}

#[actix_web::test]
async fn bad_bodies() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let send = async |text: &'static str| {
        let request = caller.request("POST", "/api/v1/projects").insert_header(("content-type", "application/json"));
        api.send(request.set_payload(text)).await
    };
    let check = |body: Value, pointer: &str| assert_eq!(body["errors"][0]["pointer"], pointer, "{body}");
    send("{").await.problem(400, "invalid_json");
    send("").await.problem(400, "invalid_json");
    check(send("[]").await.problem(400, "invalid_value"), "");
    check(send("{}").await.problem(400, "missing_field"), "/name");
    check(send(r#"{"name":"a","nmae":"b"}"#).await.problem(400, "unknown_field"), "/nmae");
    check(send(r#"{"name":1}"#).await.problem(400, "invalid_value"), "/name");
    check(send(r#"{"name":" "}"#).await.problem(400, "invalid_value"), "/name");
    check(send(r#"{"name":"a","description":"\u0000"}"#).await.problem(400, "nul_character"), "/description");
    let request = caller.request("POST", "/api/v1/projects").insert_header(("content-type", "text/plain"));
    api.send(request.set_payload("{}")).await.problem(415, "unsupported_media_type");
    let body = json!({"name": "a", "description": "x".repeat(70_000)});
    api.json(&caller, "POST", "/api/v1/projects", body).await.problem(413, "request_too_large");
}

#[actix_web::test]
async fn bad_ids_and_queries() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let check = async |path: &str, code: &str, pointer: &str| {
        let body = api.get(&caller, path).await.problem(400, code);
        assert_eq!(body["errors"][0]["pointer"], pointer, "{path}");
    };
    check("/api/v1/etl/tasks/abc", "invalid_id", "/task_id").await;
    check("/api/v1/etl/tasks/0", "invalid_id", "/task_id").await;
    check("/api/v1/etl/tasks/9007199254740992", "invalid_id", "/task_id").await;
    check("/api/v1/etl/tasks/1?wait=61", "invalid_value", "/wait").await;
    check("/api/v1/etl/tasks/1?wait=x", "invalid_value", "/wait").await;
    check("/api/v1/etl/tasks/1?wat=1", "unknown_field", "/wat").await;
    check("/api/v1/etl/tasks?status=done", "invalid_value", "/status").await;
    check("/api/v1/etl/tasks?kind=job", "invalid_value", "/kind").await;
    check("/api/v1/etl/tasks?project_id=x", "invalid_id", "/project_id").await;
    check("/api/v1/etl/tasks?created_after=yesterday", "invalid_value", "/created_after").await;
    check("/api/v1/etl/tasks?limit=0", "invalid_value", "/limit").await;
    check("/api/v1/etl/tasks?page_token=x", "invalid_page_token", "/page_token").await;
    check("/api/v1/etl/tasks?offset=1&page_token=x", "invalid_value", "/offset").await;
    check("/api/v1/etl/tasks/batch?task_ids=1,x", "invalid_id", "/task_ids").await;
    check("/api/v1/etl/tasks/batch", "missing_field", "/task_ids").await;
}

/// Whoever sent several wrong things hears of all of them at once; code and detail are the first one's.
#[actix_web::test]
async fn all_that_is_wrong_is_told() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let places = |body: &Value| {
        let errors = body["errors"].as_array().expect("errors").iter();
        errors.map(|error| format!("{} {}", error["pointer"], error["code"])).collect::<Vec<_>>().join(", ")
    };
    let post = async |path: &str, body: Value| api.json(&caller, "POST", path, body).await.expect(400);

    let body = post("/api/v1/etl/rules", json!({"nmae": "x", "json_schema": 1, "options": 2, "description": 3})).await;
    assert_eq!(body["code"], "unknown_field");
    let unread = r#""/nmae" "unknown_field", "/description" "invalid_value", "/name" "missing_field""#;
    assert_eq!(places(&body), unread);
    let body = post("/api/v1/etl/rules", json!({"name": "", "json_schema": 1, "options": 2})).await;
    let unchecked = r#""/name" "invalid_value", "/json_schema" "invalid_value", "/options" "invalid_value""#;
    assert_eq!(places(&body), unchecked);

    let submit = json!({"project_id": 1, "upload_id": 1, "json_path": "a", "priority": 101, "parse": {"pages": "x"}});
    let body = post("/api/v1/etl/submit", submit).await;
    let unchecked = r#""/json_path" "invalid_pointer", "/priority" "invalid_value", "/parse/pages" "invalid_value""#;
    assert_eq!(places(&body), unchecked);

    let form =
        Form::new().field("project_id", 0).field("priority", "high").field("colour", "red").file("files", "a", "b");
    let body = api.send(form.post(&caller, "/api/v1/etl/upload_and_submit")).await.expect(400);
    let unread = r#""/project_id" "invalid_id", "/priority" "invalid_value", "/colour" "unknown_field""#;
    assert_eq!(places(&body), unread);

    let body = api.get(&caller, "/api/v1/etl/tasks?status=done&kind=job&limit=0").await.expect(400);
    assert_eq!(places(&body), r#""/status" "invalid_value", "/kind" "invalid_value", "/limit" "invalid_value""#);
    let body = api.get(&caller, "/api/v1/projects?limit=0&page_token=x").await.expect(400);
    assert_eq!(places(&body), r#""/limit" "invalid_value", "/page_token" "invalid_page_token""#);
}

/// A parameter that no operation knows is refused by all of them.
#[actix_web::test]
async fn no_operation_ignores_an_unknown_parameter() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    for (pattern, item) in DOCUMENT["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let path = pattern.split('/').map(|part| if part.starts_with('{') { "1" } else { part });
            let path = format!("{}?no_such_parameter=1", path.collect::<Vec<_>>().join("/"));
            let multipart = &operation["requestBody"]["content"]["multipart/form-data"];
            let request = if multipart.is_null() {
                let content = &operation["requestBody"]["content"]["application/json"];
                let request = caller.request(&method.to_uppercase(), &path);
                if content.is_null() { request } else { request.set_json(&content["example"]) }
            } else {
                Form::new().post(&caller, &path)
            };
            let body = api.send(request).await.problem(400, "unknown_field");
            assert_eq!(body["errors"][0]["pointer"], "/no_such_parameter", "{method} {pattern}");
        }
    }
}

#[actix_web::test]
async fn bad_multipart_stores_nothing() {
    let limits = ApiLimits { max_request_bytes: 200_000, max_files_per_request: 3, ..ApiLimits::default() };
    let api = TestApi::with(Options { limits, ..Options::default() }).await;
    let caller = api.caller("a").await;
    let project = api.project(&caller).await;
    let path = "/api/v1/etl/upload_and_submit";
    let form = || Form::new().field("project_id", project).file("files", "a.txt", "hello");

    let whole = form().bytes();
    for cut in 1..whole.len() - 8 {
        let reply = api.send(post_bytes(&caller, path, whole[..cut].to_vec())).await;
        assert_eq!(reply.status, 400, "cut at {cut}: {}", String::from_utf8_lossy(&reply.body));
    }
    api.send(form().field("nonsense", 1).post(&caller, path)).await.problem(400, "unknown_field");
    api.send(form().field("json_path", "no-slash").post(&caller, path)).await.problem(400, "invalid_pointer");
    api.send(form().field("conflict", "merge").post(&caller, path)).await.problem(400, "invalid_value");
    api.send(form().field("priority", 101).post(&caller, path)).await.problem(400, "invalid_value");
    api.send(form().field("table_id", "x").post(&caller, path)).await.problem(400, "invalid_id");
    api.send(form().field("table_id", 99).post(&caller, path)).await.problem(404, "table_not_found");
    api.send(form().field("rule_id", 99).post(&caller, path)).await.problem(404, "rule_not_found");
    api.send(form().field("project_id", 7).post(&caller, path)).await.problem(400, "invalid_value");
    api.send(form().field("paths", "a").field("paths", "b").post(&caller, path)).await.problem(400, "invalid_value");
    api.send(Form::new().field("project_id", project).post(&caller, path)).await.problem(400, "missing_field");
    api.send(Form::new().file("files", "a.txt", "x").post(&caller, path)).await.problem(400, "missing_field");
    let many =
        (0..4).fold(Form::new().field("project_id", project), |form, n| form.file("files", &format!("{n}"), "x"));
    api.send(many.post(&caller, path)).await.problem(400, "too_many_files");
    let large = form().file("files", "b.bin", vec![0; 150_000]).file("files", "c.bin", vec![0; 150_000]);
    api.send(large.post(&caller, path)).await.problem(413, "request_too_large");
    let request = caller.request("POST", path).insert_header(("content-type", "application/json"));
    api.send(request.set_payload("{}")).await.problem(415, "unsupported_media_type");

    assert_eq!(api.keys().await, Vec::<String>::new(), "bytes that nobody vouches for");
    let tasks = api.get(&caller, "/api/v1/etl/tasks").await.expect(200);
    assert_eq!(tasks["tasks"], json!([]));
}

#[actix_web::test]
async fn request_ids_are_taken_or_made() {
    let api = TestApi::new().await;
    let reply = api.send(anonymous("GET", "/livez").insert_header(("x-request-id", "mine"))).await;
    assert_eq!(reply.header("x-request-id"), Some("mine"));
    let reply = api.send(anonymous("GET", "/livez").insert_header(("x-request-id", "not mine"))).await;
    assert_eq!(reply.header("x-request-id").map(str::len), Some(16));
}

#[actix_web::test]
async fn a_panic_is_an_internal_error_and_the_server_lives() {
    let options = Options { metrics: std::sync::Arc::new(|| panic!("a defect")), ..Options::default() };
    let api = TestApi::with(options).await;
    let reply = api.send(anonymous("GET", "/metrics").insert_header(("x-request-id", "mine"))).await;
    let body = reply.problem(500, "internal");
    assert_eq!((&body["detail"], &body["request_id"]), (&json!("internal error"), &json!("mine")));
    api.send(anonymous("GET", "/livez")).await.expect(200);
}

#[actix_web::test]
async fn a_full_queue_takes_nothing() {
    let mut options = Options::default();
    options.queue.max_pending = 0;
    let api = TestApi::with(options).await;
    let caller = api.caller("a").await;
    let project = api.project(&caller).await;
    let form = Form::new().field("project_id", project).file("files", "a.txt", "x");
    let reply = api.send(form.post(&caller, "/api/v1/etl/upload_and_submit")).await;
    reply.problem(429, "queue_full");
    assert!(reply.header("retry-after").is_some());
    assert!(api.keys().await.is_empty());
}
