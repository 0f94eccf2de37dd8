//! Tasks over HTTP.

use std::time::Duration;

use serde_json::{Value, json};

use crate::app::{Form, TestApi};

const SUBMIT: &str = "/api/v1/etl/upload_and_submit";

#[actix_web::test]
async fn entity_tags_and_waiting() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let project = api.project(&caller).await;
    let form = Form::new().field("project_id", project).file("files", "slow.txt", "x");
    let id = api.send(form.post(&caller, SUBMIT)).await.expect(202)["task_id"].clone();
    let path = format!("/api/v1/etl/tasks/{id}");

    // Follow it by its tags until it runs.
    let mut reply = api.get(&caller, &path).await;
    while reply.expect(200)["progress"] != 30 {
        let tag = reply.header("etag").expect("a tag").to_owned();
        let request = caller.request("GET", &format!("{path}?wait=20")).insert_header(("if-none-match", tag));
        reply = api.send(request).await;
    }
    assert_eq!(reply.json()["stage"], json!({"name": "parse", "done": 3, "total": 10}));
    assert_eq!(reply.header("cache-control"), Some("private, no-cache"));
    let tag = reply.header("etag").expect("a tag").to_owned();
    let same = api.send(caller.request("GET", &path).insert_header(("if-none-match", tag.clone()))).await;
    assert_eq!((same.status.as_u16(), same.body.len()), (304, 0));
    assert_eq!(same.header("etag"), Some(tag.as_str()));

    // Somebody waits while it is cancelled.
    let waiting = caller.request("GET", &format!("{path}?wait=20")).insert_header(("if-none-match", tag));
    let cancel_path = format!("{path}/cancel?force=true");
    let cancel = api.json(&caller, "POST", &cancel_path, Value::Null);
    let (waited, cancelled) = futures::join!(api.send(waiting), cancel);
    cancelled.expect(202);
    assert!(["cancelling", "cancelled"].contains(&waited.expect(200)["status"].as_str().expect("a status")));
    let ended = api.get(&caller, &format!("{path}?wait=20")).await.expect(200);
    assert_eq!(ended["status"], "cancelled");
    let again = api.json(&caller, "POST", &format!("{path}/cancel"), Value::Null).await;
    again.problem(409, "illegal_transition");
}

#[actix_web::test]
async fn lists_are_filtered_and_paged() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let project = api.project(&caller).await;
    let other = api.project(&caller).await;
    for name in ["a1.txt", "bad.txt", "a2.txt", "A3.txt"] {
        api.task(&caller, project, name, name).await;
    }
    api.task(&caller, other, "other.txt", "x").await;
    let names = async |query: &str| -> Vec<String> {
        let body = api.get(&caller, &format!("/api/v1/etl/tasks?{query}")).await.expect(200);
        let tasks = body["tasks"].as_array().expect("tasks");
        tasks.iter().map(|task| task["filename"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(names("").await, ["other.txt", "A3.txt", "a2.txt", "bad.txt", "a1.txt"]);
    assert_eq!(names("status=failed").await, ["bad.txt"]);
    assert_eq!(names("status=failed,completed&status=cancelled").await.len(), 5);
    assert_eq!(names(&format!("project_id={other}")).await, ["other.txt"]);
    assert_eq!(names("filename=a3").await, ["A3.txt"]);
    assert_eq!(names("kind=load").await, Vec::<String>::new());
    assert_eq!(names("created_after=2999-01-01T00:00:00Z").await, Vec::<String>::new());
    assert_eq!(names("limit=2&offset=1").await, ["A3.txt", "a2.txt"]);
    api.get(&caller, "/api/v1/etl/tasks?project_id=99").await.problem(404, "project_not_found");

    let mut seen = Vec::new();
    let mut query = format!("project_id={project}&limit=3&include_total=true");
    loop {
        let body = api.get(&caller, &format!("/api/v1/etl/tasks?{query}")).await.expect(200);
        assert_eq!((&body["total"], &body["limit"]), (&json!(4), &json!(3)));
        seen.extend(body["tasks"].as_array().expect("tasks").iter().map(|task| task["task_id"].clone()));
        let Some(token) = body["next_page_token"].as_str() else { break };
        query = format!("project_id={project}&limit=3&include_total=true&page_token={token}");
        let wrong = format!("/api/v1/etl/tasks?project_id={other}&page_token={token}");
        api.get(&caller, &wrong).await.problem(400, "invalid_page_token");
    }
    assert_eq!(seen.len(), 4);
    let offset = api.get(&caller, "/api/v1/etl/tasks?limit=1&offset=1").await.expect(200);
    assert_eq!((&offset["total"], &offset["offset"]), (&json!(5), &json!(1)));

    let ids = format!("{},{},99999", seen[1], seen[0]);
    let batch = api.get(&caller, &format!("/api/v1/etl/tasks/batch?task_ids={ids}")).await.expect(200);
    assert_eq!(batch["total"], 2);
    assert_eq!((&batch["tasks"][0]["task_id"], &batch["tasks"][1]["task_id"]), (&seen[1], &seen[0]));
    let ids: Vec<_> = (1..=101).map(|id| id.to_string()).collect();
    let reply = api.get(&caller, &format!("/api/v1/etl/tasks/batch?task_ids={}", ids.join(","))).await;
    reply.problem(400, "invalid_value");
}

#[actix_web::test]
async fn results_and_artifacts_are_downloads() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let project = api.project(&caller).await;
    let task = api.task(&caller, project, "报告.txt", "hello").await;
    let path = format!("/api/v1/etl/tasks/{}", task["task_id"]);
    let reply = api.get(&caller, &format!("{path}/result")).await;
    assert_eq!(reply.expect(200)["content"], "hello");
    let disposition = reply.header("content-disposition").expect("a download");
    assert_eq!(disposition, "attachment; filename=\"__.json\"; filename*=UTF-8''%E6%8A%A5%E5%91%8A.json");
    assert!(reply.header("content-security-policy").is_some_and(|policy| policy.starts_with("sandbox")));
    let tag = format!("\"{}\"", task["result"]["sha256"].as_str().expect("a hash"));
    assert_eq!(reply.header("etag"), Some(tag.as_str()));
    let request = caller.request("GET", &format!("{path}/result")).insert_header(("if-none-match", tag));
    api.send(request).await.expect(304);

    let listed = api.get(&caller, &format!("{path}/artifacts")).await.expect(200);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(2));
    let parsed = api.get(&caller, &format!("{path}/artifacts/parsed")).await;
    assert_eq!(parsed.expect(200)["markdown"], "# \"Report\"\n\nπ");
    api.get(&caller, &format!("{path}/artifacts/blocks")).await.problem(404, "artifact_not_found");

    let events = api.get(&caller, &format!("{path}/events?limit=1")).await.expect(200);
    assert_eq!(events["items"].as_array().map(Vec::len), Some(1), "{events}");

    let failed = api.task(&caller, project, "bad.txt", "x").await;
    assert_eq!(failed["error"]["code"], "broken_file");
    let path = format!("/api/v1/etl/tasks/{}", failed["task_id"]);
    api.get(&caller, &format!("{path}/result")).await.problem(409, "task_not_completed");
}

#[actix_web::test]
async fn artifacts_of_every_kind_are_downloads() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let project = api.project(&caller).await;
    let task = api.task(&caller, project, "sheet.xlsx", "x").await;
    let path = format!("/api/v1/etl/tasks/{}/artifacts", task["task_id"]);
    let listed = api.get(&caller, &path).await.expect(200);
    let kinds: Vec<_> = listed["items"].as_array().expect("items").iter().map(|item| item["kind"].clone()).collect();
    assert_eq!(kinds, ["parsed", "result", "rows", "citations", "exchange"]);
    let blocks = json!({"markdown": "# \"Report\"\n\nπ", "blocks": [{"text": "Report"}]}).to_string();
    for (kind, media_type, filename, body) in [
        ("parsed", "application/json", "sheet.parsed.json", blocks.as_str()),
        ("markdown", "text/markdown; charset=utf-8", "sheet.md", "# \"Report\"\n\nπ"),
        ("rows", "application/x-ndjson", "sheet.rows.ndjson", "{\"a\":1}\n{\"a\":2}\n"),
        ("citations", "application/json", "sheet.citations.json", "{\"/a\":{\"quote\":\"1\"}}"),
        ("exchange", "application/json", "sheet.exchange.json", "[]"),
    ] {
        let reply = api.get(&caller, &format!("{path}/{kind}")).await;
        reply.expect(200);
        assert_eq!(String::from_utf8_lossy(&reply.body), body, "{kind}");
        assert_eq!(reply.header("content-type"), Some(media_type), "{kind}");
        let disposition = reply.header("content-disposition").expect("a download");
        assert!(disposition.starts_with(&format!("attachment; filename=\"{filename}\"")), "{disposition}");
        let tag = reply.header("etag").expect("a tag").to_owned();
        let stored = listed["items"].as_array().expect("items").iter().find(|item| item["kind"] == kind);
        match stored {
            Some(item) => assert_eq!(tag, format!("\"{}\"", item["sha256"].as_str().expect("a hash"))),
            None => assert!(tag.ends_with("-markdown\""), "{tag}"),
        }
        let again = caller.request("GET", &format!("{path}/{kind}")).insert_header(("if-none-match", tag));
        api.send(again).await.expect(304);
    }
    let plain = api.task(&caller, project, "plain.txt", "x").await;
    let path = format!("/api/v1/etl/tasks/{}/artifacts", plain["task_id"]);
    for kind in ["rows", "citations", "exchange", "nonsense"] {
        api.get(&caller, &format!("{path}/{kind}")).await.problem(404, "artifact_not_found");
    }
    let failed = api.task(&caller, project, "bad.txt", "x").await;
    let path = format!("/api/v1/etl/tasks/{}/artifacts", failed["task_id"]);
    api.get(&caller, &format!("{path}/markdown")).await.problem(404, "artifact_not_found");
    assert_eq!(api.get(&caller, &path).await.expect(200)["items"], json!([]));
}

#[actix_web::test]
async fn a_task_runs_again() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let project = api.project(&caller).await;
    let task = api.task(&caller, project, "a.txt", "x").await;
    let path = format!("/api/v1/etl/tasks/{}", task["task_id"]);
    let retry = async |body: Value| api.json(&caller, "POST", &format!("{path}/retry"), body).await;
    let problem = retry(json!({"from_stage": "upload"})).await.problem(400, "invalid_stage");
    assert_eq!(problem["errors"][0]["pointer"], "/from_stage");
    retry(json!({"from_stage": "run"})).await.problem(400, "invalid_stage");
    for stage in
        [json!("mineru"), json!("parse"), json!("postprocess"), json!("transform"), json!("mount"), Value::Null]
    {
        let body = if stage.is_null() { Value::Null } else { json!({"from_stage": stage}) };
        let reply = retry(body).await;
        assert_eq!(reply.expect(202)["status"], "pending", "{stage}");
        assert_eq!(reply.header("location"), Some(path.as_str()));
        let ended = api.get(&caller, &format!("{path}?wait=20")).await.expect(200);
        assert_eq!(ended["status"], "completed", "{stage}: {ended}");
    }
    tokio::time::timeout(Duration::from_secs(20), api.queue.run_until_idle()).await.expect("idle");
}

#[actix_web::test]
async fn mounts_by_hand() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let project = api.project(&caller).await;
    let table = api.table(&caller, project).await;
    let task = api.task(&caller, project, "a.txt", "x").await;
    let path = format!("/api/v1/etl/tasks/{}", task["task_id"]);
    let mount = async |body: Value| api.json(&caller, "POST", &format!("{path}/mount"), body).await;

    let mounted = mount(json!({"table_id": table, "json_path": "/docs"})).await.expect(201);
    assert_eq!((&mounted["mounted_path"], &mounted["success"]), (&json!("/docs/a"), &json!(true)));
    let root = mount(json!({"table_id": table, "json_path": "/", "key": "k/1"})).await.expect(201);
    assert_eq!(root["mounted_path"], "/k~11");
    assert_eq!(root["warnings"].as_array().map(Vec::len), Some(1));
    mount(json!({"table_id": table, "json_path": "/docs", "key": "a", "create_missing": false})).await.expect(201);

    let second = api.task(&caller, project, "a.txt", "y").await;
    let other = format!("/api/v1/etl/tasks/{}/mount", second["task_id"]);
    let taken = api.json(&caller, "POST", &other, json!({"table_id": table, "json_path": "/docs"})).await;
    taken.problem(409, "mount_key_exists");
    let body = json!({"table_id": table, "json_path": "/docs", "conflict": "rename"});
    assert_eq!(api.json(&caller, "POST", &other, body).await.expect(201)["key"], "a-2");
    let body = json!({"table_id": table, "json_path": "/none", "create_missing": false});
    mount(body).await.problem(409, "mount_parent_missing");
    mount(json!({"table_id": table, "json_path": "/docs/a/content"})).await.problem(409, "mount_parent_not_container");
    mount(json!({"table_id": table, "json_path": "docs"})).await.problem(400, "invalid_pointer");
    mount(json!({"table_id": 99})).await.problem(404, "table_not_found");
    let elsewhere = api.project(&caller).await;
    let elsewhere = api.table(&caller, elsewhere).await;
    mount(json!({"table_id": elsewhere})).await.problem(409, "table_in_other_project");

    let listed = api.get(&caller, &format!("{path}/mounts?limit=1")).await.expect(200);
    assert!(listed["next_page_token"].is_string());
    let unmount = format!("{path}/mounts/{}", mounted["mount_id"]);
    let removed = api.json(&caller, "DELETE", &unmount, Value::Null).await.expect(200);
    assert_eq!((&removed["removed"], &removed["mounted_path"]), (&json!(true), &json!("/docs/a")));
    assert_eq!(api.json(&caller, "DELETE", &unmount, Value::Null).await.expect(200)["removed"], false);
    let not_its = format!("/api/v1/etl/tasks/{}/mounts/{}", second["task_id"], root["mount_id"]);
    api.json(&caller, "DELETE", &not_its, Value::Null).await.problem(404, "mount_not_found");
    let bad = api.task(&caller, project, "bad.txt", "x").await;
    let path = format!("/api/v1/etl/tasks/{}/mount", bad["task_id"]);
    api.json(&caller, "POST", &path, json!({"table_id": table})).await.problem(409, "task_not_completed");
}
