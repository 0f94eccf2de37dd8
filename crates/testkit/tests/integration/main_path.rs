//! A file goes in, its JSON comes out mounted.

use millrace_testkit::files;
use millrace_testkit::world::Backend;
use millrace_testkit::{Form, TestApp};
use serde_json::{Value, json};

use crate::support::{completed, failed, finish, mounted_at, on_both, real};

on_both!(
    every_example_ends_as_it_should,
    a_folder_keeps_its_paths,
    each_file_gets_a_table,
    a_table_and_a_pointer_are_kept,
    what_was_uploaded_is_submitted_later,
    one_bad_file_stands_alone,
);

fn example(path: &str) -> Vec<u8> {
    std::fs::read(files::examples().join(path)).expect("an example")
}

async fn run_example(app: &TestApp, project: i64, path: &str) -> Value {
    let name = path.rsplit('/').next().unwrap_or(path);
    app.client.run(project, name, example(path)).await
}

async fn every_example_ends_as_it_should(backend: Backend) {
    let app = real(backend).await;
    let project = app.client.project().await;
    for (path, parser, text) in [
        ("readme.md", "markdown", "#"),
        ("machine.json", "json", ""),
        ("customers-gbk.csv", "csv", ""),
        ("price-list.html", "html", ""),
        ("orders.xlsx", "spreadsheet", ""),
        ("quality-handbook.docx", "office", ""),
        ("delivery-report.pdf", "pdf", ""),
    ] {
        let task = run_example(&app, project, path).await;
        completed(&task);
        let result = app.client.result(task["task_id"].as_i64().expect("an id")).await;
        assert_eq!(result["filename"], path.rsplit('/').next().expect("a name"), "{path}");
        assert!(
            result["content"].as_str().is_some_and(|content| !content.is_empty() && content.contains(text)),
            "{path}"
        );
        assert!(
            task["result"]["parser"].as_str().is_some_and(|name| name.contains(parser)),
            "{path}: {}",
            task["result"]
        );
        let (table, pointer) = mounted_at(&task);
        assert_eq!(app.client.data(table, &pointer).await, result, "{path}");
    }
    let customers = run_example(&app, project, "customers-gbk.csv").await;
    let (table, pointer) = mounted_at(&customers);
    let rows = app.client.data(table, &format!("{pointer}/rows")).await;
    assert!(rows.as_array().is_some_and(|rows| !rows.is_empty() && rows[0].is_object()), "{rows}");
    failed(&run_example(&app, project, "broken.pdf").await, "mineru", "unreadable_file");
    failed(&run_example(&app, project, "empty.txt").await, "mineru", "empty_file");
    finish(app).await;
}

async fn a_folder_keeps_its_paths(backend: Backend) {
    let app = real(backend).await;
    let project = app.client.project().await;
    let table = app.client.table(project, json!({})).await;
    let form = Form::of(project).field("table_id", table);
    let form = form.file_at("2026/a/report.txt", "first").file_at("2026/b/report.txt", "second");
    let body = app.client.upload_and_submit(form).await.expect(202);
    assert_eq!(body["total"], 2);
    assert_eq!(body["items"][0]["path"], "2026/a/report.txt");
    assert_eq!(body["items"][1]["filename"], "report.txt");
    let mut keys = Vec::new();
    for item in body["items"].as_array().expect("items") {
        let task = app.client.wait(item["task_id"].as_i64().expect("an id")).await;
        assert_eq!(task["metadata"]["path"], item["path"]);
        keys.push(mounted_at(&task).1);
    }
    assert_ne!(keys[0], keys[1], "the same name, other bytes: two keys");
    let data = app.client.data(table, "").await;
    assert_eq!(data.as_object().map(serde_json::Map::len), Some(2), "{data}");
    assert_eq!(app.client.data(table, &keys[1]).await["content"], "second");
    finish(app).await;
}

async fn each_file_gets_a_table(backend: Backend) {
    let app = real(backend).await;
    let project = app.client.project().await;
    let ids = app.client.submitted(Form::of(project).file("a.txt", "one").file("b.txt", "two")).await;
    let tasks = app.client.wait_all(&ids).await;
    let ((first, pointer), (second, _)) = (mounted_at(&tasks[0]), mounted_at(&tasks[1]));
    assert_ne!(first, second);
    assert!(pointer.starts_with("/data/a-"), "{pointer}");
    assert_eq!(app.client.data(first, &pointer).await["content"], "one");
    let tables = app.client.get(&format!("/api/v1/tables?project_id={project}")).await.expect(200);
    assert_eq!(tables["items"].as_array().map(Vec::len), Some(2), "{tables}");
    finish(app).await;
}

async fn a_table_and_a_pointer_are_kept(backend: Backend) {
    let app = real(backend).await;
    let project = app.client.project().await;
    let table = app.client.table(project, json!({"kept": 1})).await;
    let form = Form::of(project).field("table_id", table).field("json_path", "/deep/er").file("a.md", "# A");
    let task = app.client.wait(app.client.submitted(form).await[0]).await;
    assert_eq!(mounted_at(&task).0, table);
    let data = app.client.data(table, "").await;
    assert_eq!(data["kept"], 1);
    assert_eq!(data["deep"]["er"].as_object().map(serde_json::Map::len), Some(1), "{data}");
    // "/" stands for the root, as older clients write it, with a warning.
    let form = Form::of(project).field("table_id", table).field("json_path", "/").file("root.md", "# Root");
    let body = app.client.upload_and_submit(form).await.expect(202);
    assert_eq!(body["warnings"].as_array().map(Vec::len), Some(1), "{body}");
    let task = app.client.wait(body["task_id"].as_i64().expect("an id")).await;
    assert_eq!(mounted_at(&task).1.matches('/').count(), 1);
    finish(app).await;
}

async fn what_was_uploaded_is_submitted_later(backend: Backend) {
    let app = real(backend).await;
    let project = app.client.project().await;
    let form = Form::of(project).part("name=\"file\"; filename=\"late.txt\"", b"patience");
    let upload = app.client.send(form.post(&app.client, "/api/v1/etl/upload")).await.expect(201);
    for named in [
        json!({"project_id": project, "upload_id": upload["upload_id"]}),
        json!({"project_id": project, "upload_key": upload["key"]}),
        json!({"project_id": project, "filename": "late.txt"}),
    ] {
        let body = app.client.post("/api/v1/etl/submit", named).await.expect(202);
        let task = app.client.wait(body["task_id"].as_i64().expect("an id")).await;
        completed(&task);
        assert_eq!(task["metadata"]["upload_id"], upload["upload_id"]);
    }
    finish(app).await;
}

async fn one_bad_file_stands_alone(backend: Backend) {
    let app = real(backend).await;
    let project = app.client.project().await;
    let form = Form::of(project)
        .file("good.txt", "good")
        .file("broken.pdf", example("broken.pdf"))
        .file("../evil.txt", "evil")
        .file("last.txt", "last");
    let body = app.client.upload_and_submit(form).await.expect(202);
    assert_eq!(body["items"][2]["status"], "failed");
    assert_eq!(body["items"][2]["error"]["code"], "invalid_name");
    let ids: Vec<i64> = body["task_ids"].as_array().expect("ids").iter().filter_map(Value::as_i64).collect();
    let tasks = app.client.wait_all(&ids).await;
    completed(&tasks[0]);
    failed(&tasks[1], "mineru", "unreadable_file");
    failed(&tasks[2], "upload", "invalid_name");
    completed(&tasks[3]);
    finish(app).await;
}
