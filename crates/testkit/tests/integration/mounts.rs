//! Where results go, and what happens when the place is taken.

use millrace_testkit::world::Backend;
use millrace_testkit::{Form, TestApp};
use serde_json::{Value, json};

use crate::support::{completed, failed, finish, mounted_at, on_both, scripted};

on_both!(
    policies_of_automatic_mounts,
    policies_of_mounts_by_hand,
    what_stands_in_the_way_is_said,
    unmounting_says_what_it_removed,
);

/// Submits a file into the root of a table with a policy, and waits.
async fn submit(app: &TestApp, project: i64, table: i64, policy: &str, content: &str) -> Value {
    let form = Form::of(project).field("table_id", table).field("conflict", policy).file("same.txt", content);
    app.client.wait(app.client.submitted(form).await[0]).await
}

async fn policies_of_automatic_mounts(backend: Backend) {
    let app = scripted(backend).await;
    let project = app.client.project().await;
    let table = app.client.table(project, json!({})).await;
    // The same bytes make the same key.
    let first = submit(&app, project, table, "error", "x").await;
    let (_, pointer) = mounted_at(&first);
    failed(&submit(&app, project, table, "error", "x").await, "mount", "mount_key_exists");
    let skipped = submit(&app, project, table, "skip", "x").await;
    completed(&skipped);
    let skipped_mounts = app.client.mounts(skipped["task_id"].as_i64().expect("an id")).await;
    assert_eq!(skipped_mounts[0]["state"], "skipped", "{skipped_mounts:?}");
    let renamed = submit(&app, project, table, "rename", "x").await;
    assert_eq!(mounted_at(&renamed).1, format!("{pointer}-2"));
    let over = submit(&app, project, table, "overwrite", "x").await;
    assert_eq!(mounted_at(&over).1, pointer);
    let replaced = app.client.mounts(first["task_id"].as_i64().expect("an id")).await;
    assert_eq!(replaced[0]["state"], "replaced", "{replaced:?}");
    let data = app.client.data(table, "").await;
    assert_eq!(data.as_object().map(serde_json::Map::len), Some(2), "{data}");
    finish(app).await;
}

async fn policies_of_mounts_by_hand(backend: Backend) {
    let app = scripted(backend).await;
    let project = app.client.project().await;
    let table = app.client.table(project, json!({"report": "taken"})).await;
    let task = app.client.run(project, "report.txt", "hand").await;
    let path = format!("/api/v1/etl/tasks/{}/mount", task["task_id"]);
    let mount = |body: Value| app.client.post(&path, body);
    mount(json!({"table_id": table})).await.problem(409, "mount_key_exists");
    let skipped = mount(json!({"table_id": table, "conflict": "skip"})).await.expect(201);
    assert_eq!(skipped["state"], "skipped");
    let renamed = mount(json!({"table_id": table, "json_path": "/else", "conflict": "rename"})).await.expect(201);
    assert_eq!(renamed["mounted_path"], "/else/report");
    // The same task at the same place is the same mount.
    let again = mount(json!({"table_id": table, "json_path": "/else", "conflict": "rename"})).await.expect(201);
    assert_eq!((&again["mount_id"], &again["mounted_path"]), (&renamed["mount_id"], &renamed["mounted_path"]));
    let keyed = mount(json!({"table_id": table, "json_path": "/third", "key": "a/b"})).await.expect(201);
    assert_eq!(keyed["mounted_path"], "/third/a~1b");
    let over = mount(json!({"table_id": table, "conflict": "overwrite"})).await.expect(201);
    assert_eq!(over["mounted_path"], "/report");
    let data = app.client.data(table, "").await;
    assert_eq!(data["report"]["content"], "hand");
    assert_eq!(data["third"]["a/b"]["content"], "hand");
    finish(app).await;
}

async fn what_stands_in_the_way_is_said(backend: Backend) {
    let app = scripted(backend).await;
    let project = app.client.project().await;
    let table = app.client.table(project, json!({"number": 1, "list": []})).await;
    let task = app.client.run(project, "a.txt", "x").await;
    let path = format!("/api/v1/etl/tasks/{}/mount", task["task_id"]);
    let mount = |body: Value| app.client.post(&path, body);
    let below = json!({"table_id": table, "json_path": "/number/below"});
    mount(below).await.problem(409, "mount_parent_not_container");
    let strict = json!({"table_id": table, "json_path": "/nowhere", "create_missing": false});
    mount(strict).await.problem(409, "mount_parent_missing");
    mount(json!({"table_id": table, "json_path": "no pointer"})).await.problem(400, "invalid_pointer");
    mount(json!({"table_id": table, "key": "nul\u{0}"})).await.problem(400, "nul_character");
    mount(json!({"table_id": 987_654})).await.problem(404, "table_not_found");
    // An automatic mount that cannot be made fails its task and keeps what was made.
    let form = Form::of(project).field("table_id", table).field("json_path", "/number").file("b.txt", "x");
    let blocked = app.client.wait(app.client.submitted(form).await[0]).await;
    failed(&blocked, "mount", "mount_parent_not_container");
    let artifacts = app.client.get(&format!("/api/v1/etl/tasks/{}/artifacts", blocked["task_id"])).await.expect(200);
    assert_eq!(artifacts["items"].as_array().map(Vec::len), Some(2), "{artifacts}");
    assert_eq!(app.client.data(table, "").await, json!({"number": 1, "list": []}));
    finish(app).await;
}

async fn unmounting_says_what_it_removed(backend: Backend) {
    let app = scripted(backend).await;
    let project = app.client.project().await;
    let task = app.client.run(project, "a.txt", "x").await;
    let (id, (table, pointer)) = (task["task_id"].as_i64().expect("an id"), mounted_at(&task));
    let mount = app.client.mounts(id).await[0]["mount_id"].clone();
    let path = format!("/api/v1/etl/tasks/{id}/mounts/{mount}");
    let removed = app.client.json("DELETE", &path, Value::Null).await.expect(200);
    assert_eq!((&removed["removed"], &removed["mounted_path"]), (&json!(true), &json!(pointer)));
    let again = app.client.json("DELETE", &path, Value::Null).await.expect(200);
    assert_eq!(again["removed"], false);
    // The container was there for the mount alone.
    assert_eq!(app.client.data(table, "").await, json!({}));
    app.client.get(&format!("/api/v1/tables/{table}/data?pointer={pointer}")).await.problem(404, "data_not_found");
    assert_eq!(app.client.task(id).await["metadata"]["mount_processed"], false);
    finish(app).await;
}
