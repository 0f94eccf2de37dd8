//! Repeats of a POST.

use serde_json::{Value, json};

use crate::app::{Caller, Form, TestApi};
use crate::reply::Reply;

async fn create(api: &TestApi, caller: &Caller, key: &str, body: &str) -> Reply {
    let request = caller.request("POST", "/api/v1/projects").insert_header(("idempotency-key", key));
    api.send(request.insert_header(("content-type", "application/json")).set_payload(body.to_owned())).await
}

#[actix_web::test]
async fn a_repeat_gets_the_first_answer() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let first = create(&api, &caller, "k", r#"{"name":"a","description":"b"}"#).await;
    let second = create(&api, &caller, "\"k\"", r#"{ "description":"b", "name":"a" }"#).await;
    assert_eq!(first.expect(201), second.expect(201));
    assert_eq!(first.header("location"), second.header("location"));
    assert_eq!(first.header("idempotency-replayed"), None);
    assert_eq!(second.header("idempotency-replayed"), Some("true"));
    let listed = api.get(&caller, "/api/v1/projects").await.expect(200);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));

    create(&api, &caller, "k", r#"{"name":"other"}"#).await.problem(422, "idempotency_key_reused");
    create(&api, &caller, "", r#"{"name":"a"}"#).await.problem(400, "invalid_idempotency_key");
    // Keys are the caller's own.
    let other = api.caller("b").await;
    let reply = create(&api, &other, "k", r#"{"name":"a","description":"b"}"#).await;
    assert_eq!(reply.header("idempotency-replayed"), None);
}

#[actix_web::test]
async fn what_was_refused_leaves_no_receipt() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    create(&api, &caller, "k", r#"{"name":""}"#).await.problem(400, "invalid_value");
    create(&api, &caller, "k", r#"{"name":"a"}"#).await.expect(201);
}

#[actix_web::test]
async fn overlapping_requests_are_told_to_wait() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let project = api.project(&caller).await;
    let send = || {
        let form = Form::new().field("project_id", project).file("files", "a.txt", "x");
        api.send(form.post(&caller, "/api/v1/etl/upload_and_submit").insert_header(("idempotency-key", "k")))
    };
    let (first, second) = futures::join!(send(), send());
    first.expect(202);
    second.problem(409, "idempotency_key_in_use");
    assert_eq!(second.header("retry-after"), Some("1"));
    let third = send().await;
    assert_eq!(third.expect(202), first.json());
}

#[actix_web::test]
async fn repeated_uploads_keep_one_copy() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let project = api.project(&caller).await;
    for path in ["/api/v1/etl/upload_and_submit", "/api/v1/etl/upload"] {
        let before = api.keys().await.len();
        let send = async |content: &str, fields_first: bool| {
            let form = Form::new();
            let form = if fields_first { form.field("project_id", project) } else { form };
            let form = form.file("files", "slow.txt", content).field("paths", "x/slow.txt");
            let form = if fields_first { form } else { form.field("project_id", project) };
            api.send(form.post(&caller, path).insert_header(("idempotency-key", "k"))).await
        };
        let first = send("hello", true).await;
        let second = send("hello", false).await;
        assert_eq!(second.header("idempotency-replayed"), Some("true"), "{path}");
        assert_eq!(first.status, second.status);
        assert_eq!(first.json(), second.json());
        send("hallo", true).await.problem(422, "idempotency_key_reused");
        assert_eq!(api.keys().await.len(), before + 1, "{path}: copies were left");
    }
    let tasks = api.get(&caller, "/api/v1/etl/tasks").await.expect(200);
    assert_eq!(tasks["tasks"].as_array().map(Vec::len), Some(1));
}

/// Every POST of the document takes the header and repeats its answer.
#[actix_web::test]
async fn actions_repeat_too() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let project = api.project(&caller).await;
    let table = api.table(&caller, project).await;
    let task = api.task(&caller, project, "a.txt", "x").await;
    let id = &task["task_id"];
    let twice = async |path: String, body: Value, status: u16| {
        let mut answers = Vec::new();
        for _ in 0..2 {
            let mut request = caller.request("POST", &path).insert_header(("idempotency-key", "k"));
            if !body.is_null() {
                request = request.set_json(&body);
            }
            answers.push(api.send(request).await);
        }
        assert_eq!(answers[0].expect(status), answers[1].expect(status), "{path}");
        assert_eq!(answers[1].header("idempotency-replayed"), Some("true"), "{path}");
    };
    twice(format!("/api/v1/etl/tasks/{id}/mount"), json!({"table_id": table, "json_path": "/x"}), 201).await;
    twice(format!("/api/v1/etl/tasks/{id}/retry"), json!({"from_stage": "mount"}), 202).await;
    twice("/api/v1/etl/rules".into(), json!({"name": "r", "postprocess_mode": "skip"}), 201).await;
    twice("/api/v1/tables".into(), json!({"project_id": project, "name": "t"}), 201).await;
    let upload = json!({"project_id": project, "filename": "a.txt"});
    twice("/api/v1/etl/submit".into(), upload, 202).await;
    let form = Form::new().field("project_id", project).file("files", "slow.txt", "x");
    let slow = api.send(form.post(&caller, "/api/v1/etl/upload_and_submit")).await.expect(202);
    let path = format!("/api/v1/etl/tasks/{}/cancel", slow["task_id"]);
    let request = || caller.request("POST", &path).insert_header(("idempotency-key", "k"));
    let (first, second) = (api.send(request()).await, api.send(request()).await);
    assert_eq!((first.status, first.json()), (second.status, second.json()));
}

#[actix_web::test]
async fn a_repeat_gets_its_answer_even_if_the_table_is_gone() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let project = api.project(&caller).await;
    let table = api.table(&caller, project).await;
    let upload = async || {
        let form = Form::new().field("project_id", project).field("table_id", table).file("files", "a.txt", "x");
        api.send(form.post(&caller, "/api/v1/etl/upload_and_submit").insert_header(("idempotency-key", "k"))).await
    };
    let submit = async || {
        let request = caller.request("POST", "/api/v1/etl/submit").insert_header(("idempotency-key", "k"));
        api.send(request.set_json(json!({"project_id": project, "table_id": table, "filename": "a.txt"}))).await
    };
    let (first, second) = (upload().await.expect(202), submit().await.expect(202));
    api.queue.run_until_idle().await;
    api.json(&caller, "DELETE", &format!("/api/v1/tables/{table}"), Value::Null).await.expect(204);
    assert_eq!(upload().await.expect(202), first);
    assert_eq!(submit().await.expect(202), second);
}
