//! Files in, tasks out.

use serde_json::{Value, json};

use crate::app::{Form, TestApi};

const PATH: &str = "/api/v1/etl/upload_and_submit";

#[actix_web::test]
async fn one_file_becomes_a_mounted_value() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let project = api.project(&caller).await;
    let form = Form::new().field("project_id", project).file("files", "报告.txt", "hello");
    let reply = api.send(form.post(&caller, PATH)).await;
    let body = reply.expect(202);
    let id = body["task_id"].as_i64().expect("one task");
    assert_eq!(reply.header("location"), Some(format!("/api/v1/etl/tasks/{id}").as_str()));
    assert_eq!(reply.header("retry-after"), Some("1"));
    assert_eq!((&body["status"], &body["total"]), (&json!("pending"), &json!(1)));
    let item = &body["items"][0];
    assert_eq!(item["filename"], "报告.txt");
    assert_eq!(item["mount_key"], "报告-2cf24dba");

    let task = api.get(&caller, &format!("/api/v1/etl/tasks/{id}?wait=20")).await.expect(200);
    assert_eq!((&task["status"], &task["progress"]), (&json!("completed"), &json!(100)));
    let metadata = &task["metadata"];
    assert_eq!(metadata["upload_key"], item["upload_key"]);
    assert_eq!((&metadata["mount_json_path"], &metadata["mount_processed"]), (&json!("/data"), &json!(true)));
    assert_eq!(task["rule_id"], 1);
    let path = format!("/api/v1/tables/{}/data?pointer=/data", metadata["mount_table_id"]);
    let data = api.get(&caller, &path).await.expect(200);
    assert_eq!(data["value"], json!({"报告-2cf24dba": {"filename": "报告.txt", "content": "hello"}}));
}

#[actix_web::test]
async fn a_folder_keeps_its_paths_in_any_order_of_parts() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let project = api.project(&caller).await;
    let table = api.table(&caller, project).await;
    let large = "x".repeat(200_000);
    let form = Form::new()
        .file("files", "a.txt", "one")
        .field("paths", "docs/a.txt")
        .file("files", "big.txt", &large)
        .field("table_id", table)
        .file("files", "deep/b.txt", "two")
        .field("project_id", project)
        .field("json_path", "/")
        .field("paths", "");
    let body = api.send(form.post(&caller, PATH)).await.expect(202);
    assert_eq!(body["total"], 3);
    assert!(body["warnings"][0].as_str().is_some_and(|text| text.contains("root")), "{body}");
    let paths: Vec<_> = body["items"].as_array().expect("items").iter().map(|item| item["path"].clone()).collect();
    assert_eq!(paths, [json!("docs/a.txt"), Value::Null, json!("deep/b.txt")]);
    for item in body["items"].as_array().expect("items") {
        let task = api.get(&caller, &format!("/api/v1/etl/tasks/{}?wait=20", item["task_id"])).await.expect(200);
        assert_eq!(task["status"], "completed", "{task}");
        let key = task["metadata"]["upload_key"].as_str().expect("a key");
        assert!(key.starts_with(&format!("users/{}/raw/{project}/", caller.user)), "{key}");
    }
    let data = api.get(&caller, &format!("/api/v1/tables/{table}/data")).await.expect(200);
    let keys: Vec<_> = data["value"].as_object().expect("an object").keys().cloned().collect();
    assert_eq!(keys.len(), 3, "{keys:?}");
    let big = data["value"].as_object().into_iter().flatten().find(|(key, _)| key.starts_with("big-"));
    assert_eq!(big.map(|(_, value)| value["content"].as_str().map(str::len)), Some(Some(large.len())));
    let raw = api.keys().await.into_iter().filter(|key| key.contains("/raw/")).count();
    assert_eq!(raw, 3, "staged copies were left");
}

#[actix_web::test]
async fn one_bad_file_does_not_touch_its_neighbours() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let project = api.project(&caller).await;
    let form = Form::new()
        .field("project_id", project)
        .file("files", "ok.txt", "fine")
        .file("files", "huge.bin", vec![7; 300_000])
        .file("files", "", "no name")
        .file("files", "sneaky.txt", "x")
        .file("files", "empty.txt", "")
        .field("paths", "")
        .field("paths", "")
        .field("paths", "")
        .field("paths", "../sneaky.txt");
    let body = api.send(form.post(&caller, PATH)).await.expect(202);
    let codes: Vec<_> =
        body["items"].as_array().expect("items").iter().map(|item| item["error"]["code"].clone()).collect();
    assert_eq!(
        codes,
        [Value::Null, json!("file_too_large"), json!("invalid_name"), json!("invalid_name"), Value::Null]
    );
    assert_eq!(body["items"][2]["filename"], "unnamed");
    for index in [1, 2, 3] {
        let id = &body["task_ids"][index];
        let task = api.get(&caller, &format!("/api/v1/etl/tasks/{id}")).await.expect(200);
        assert_eq!((&task["status"], &task["metadata"]["error_stage"]), (&json!("failed"), &json!("upload")));
        assert_eq!(task["metadata"]["upload_key"], Value::Null);
        api.json(&caller, "POST", &format!("/api/v1/etl/tasks/{id}/retry"), Value::Null)
            .await
            .problem(409, "no_source");
    }
    let first = api.get(&caller, &format!("/api/v1/etl/tasks/{}?wait=20", body["task_ids"][0])).await.expect(200);
    assert_eq!(first["status"], "completed");
    let raw = api.keys().await.into_iter().filter(|key| key.contains("/raw/")).count();
    assert_eq!(raw, 2, "refused files were left");
}

#[actix_web::test]
async fn an_upload_is_submitted_later() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let project = api.project(&caller).await;
    let form = Form::new().field("project_id", project).file("file", "a.txt", "hello");
    let upload = api.send(form.post(&caller, "/api/v1/etl/upload")).await.expect(201);
    assert_eq!((&upload["size"], &upload["content_type"]), (&json!(5), &json!("text/plain")));
    let submit = async |body: Value| api.json(&caller, "POST", "/api/v1/etl/submit", body).await;
    let by_id = json!({"project_id": project.to_string(), "upload_id": upload["upload_id"]});
    let by_key = json!({"project_id": project, "upload_key": upload["key"]});
    let by_name = json!({"project_id": project, "filename": "a.txt"});
    for body in [by_id, by_key, by_name] {
        let reply = submit(body).await;
        let task = reply.expect(202)["task_id"].clone();
        let task = api.get(&caller, &format!("/api/v1/etl/tasks/{task}?wait=20")).await.expect(200);
        assert_eq!(task["status"], "completed");
        assert_eq!(task["metadata"]["upload_key"], upload["key"]);
    }
    submit(json!({"project_id": project})).await.problem(400, "missing_field");
    submit(json!({"project_id": project, "filename": "a.txt", "upload_id": 1})).await.problem(400, "invalid_value");
    submit(json!({"project_id": project, "filename": "b.txt"})).await.problem(404, "upload_not_found");
    submit(json!({"project_id": 99, "filename": "a.txt"})).await.problem(404, "project_not_found");
    let other = api.project(&caller).await;
    submit(json!({"project_id": other, "upload_id": upload["upload_id"]})).await.problem(404, "upload_not_found");
    let table = api.table(&caller, other).await;
    submit(json!({"project_id": project, "filename": "a.txt", "table_id": table}))
        .await
        .problem(409, "table_in_other_project");
}

#[actix_web::test]
async fn an_upload_reports_each_file() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let project = api.project(&caller).await;
    let path = "/api/v1/etl/upload";
    let form = Form::new().field("project_id", project).file("file", "a.txt", "x").file("file", "../b", "x");
    let body = api.send(form.post(&caller, path)).await.expect(201);
    assert_eq!(body["items"][1]["error"]["code"], "invalid_name");
    let form = Form::new().field("project_id", project).file("file", "a.bin", vec![0; 300_000]);
    api.send(form.post(&caller, path)).await.problem(413, "file_too_large");
    assert_eq!(api.keys().await.len(), 1);
}

#[actix_web::test]
async fn rules_are_checked_before_anything_is_stored() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let project = api.project(&caller).await;
    let rules = "/api/v1/etl/rules";
    let problem = api.json(&caller, "POST", rules, json!({"name": "r"})).await.problem(422, "unsupported");
    assert_eq!(problem["errors"][0]["pointer"], "/postprocess_mode");
    let body = json!({"name": "r", "postprocess_mode": "skip"});
    let rule = api.json(&caller, "POST", rules, body).await.expect(201);
    let path = format!("{rules}/{}", rule["rule_id"]);
    let body = json!({"name": "r2", "postprocess_mode": "skip"});
    assert_eq!(api.json(&caller, "PUT", &path, body).await.expect(200)["version"], 2);
    let form =
        || Form::new().field("project_id", project).field("rule_id", &rule["rule_id"]).file("files", "a.txt", "x");
    let task = api.send(form().post(&caller, PATH)).await.expect(202);
    let task = api.get(&caller, &format!("/api/v1/etl/tasks/{}?wait=20", task["task_id"])).await.expect(200);
    assert_eq!((&task["rule_id"], &task["rule_version"]), (&rule["rule_id"], &json!(2)));
    api.json(&caller, "DELETE", &path, Value::Null).await.expect(204);
    api.send(form().post(&caller, PATH)).await.problem(404, "rule_not_found");
    api.json(&caller, "DELETE", &format!("{rules}/1"), Value::Null).await.problem(404, "rule_not_found");
    let listed = api.get(&caller, rules).await.expect(200);
    assert_eq!(listed["items"][0]["builtin"], true);
}
