//! Projects and tables over HTTP.

use serde_json::{Value, json};

use crate::app::TestApi;

#[actix_web::test]
async fn projects_come_and_go() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let ids: Vec<i64> = vec![api.project(&caller).await, api.project(&caller).await, api.project(&caller).await];
    let page = api.get(&caller, "/api/v1/projects?limit=2").await.expect(200);
    assert_eq!((&page["items"][0]["project_id"], &page["items"][1]["project_id"]), (&json!(ids[2]), &json!(ids[1])));
    let token = page["next_page_token"].as_str().expect("more");
    let rest = api.get(&caller, &format!("/api/v1/projects?page_token={token}")).await.expect(200);
    assert_eq!((&rest["items"][0]["project_id"], &rest["next_page_token"]), (&json!(ids[0]), &Value::Null));

    let path = format!("/api/v1/projects/{}", ids[0]);
    let body = json!({"name": " new ", "description": "d"});
    assert_eq!(api.json(&caller, "PUT", &path, body).await.expect(200)["name"], "new");
    assert_eq!(api.get(&caller, &path).await.expect(200)["description"], "d");
    let table = api.table(&caller, ids[0]).await;
    api.json(&caller, "DELETE", &path, Value::Null).await.problem(409, "in_use");
    api.json(&caller, "DELETE", &format!("/api/v1/tables/{table}"), Value::Null).await.expect(204);
    api.json(&caller, "DELETE", &path, Value::Null).await.expect(204);
    api.get(&caller, &path).await.problem(404, "project_not_found");
    let body = json!({"project_id": ids[0], "name": "t"});
    api.json(&caller, "POST", "/api/v1/tables", body).await.problem(404, "project_not_found");
}

#[actix_web::test]
async fn data_is_read_written_and_removed_by_pointer() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let project = api.project(&caller).await;
    let body = json!({"project_id": project, "name": "t", "data": {"list": [1, 2], "deep": {"x": null}}});
    let table = api.json(&caller, "POST", "/api/v1/tables", body).await.expect(201)["table_id"].clone();
    let path = |pointer: &str| format!("/api/v1/tables/{table}/data?pointer={pointer}");
    assert_eq!(api.get(&caller, &path("/list/1")).await.expect(200)["value"], 2);
    api.get(&caller, &path("/none")).await.problem(404, "data_not_found");
    api.get(&caller, &path("none")).await.problem(400, "invalid_pointer");
    let written = api.json(&caller, "PUT", &path("/a~1b/c"), json!({"k": "v"})).await.expect(200);
    assert_eq!((&written["pointer"], &written["mounts_ended"]), (&json!("/a~1b/c"), &json!(0)));
    assert_eq!(api.get(&caller, &path("/a~1b")).await.expect(200)["value"], json!({"c": {"k": "v"}}));
    api.json(&caller, "PUT", &path("/list/1/x"), json!(1)).await.problem(409, "not_a_container");
    api.json(&caller, "PUT", &path("/x"), json!({"a": ["\u{0}"]})).await.problem(400, "nul_character");
    let root = api.get(&caller, &path("/")).await.expect(200);
    assert_eq!((&root["pointer"], root["warnings"].as_array().map(Vec::len)), (&json!(""), Some(1)));
    api.json(&caller, "DELETE", &path("/deep"), Value::Null).await.expect(200);
    api.json(&caller, "DELETE", &path("/deep"), Value::Null).await.problem(404, "data_not_found");

    let mut keys = Vec::new();
    let mut query = path("&limit=1");
    loop {
        let page = api.get(&caller, &query).await.expect(200);
        keys.extend(page["value"].as_object().expect("members").keys().cloned());
        let Some(token) = page["next_page_token"].as_str() else { break };
        query = path(&format!("&limit=1&page_token={token}"));
        api.get(&caller, &path(&format!("/list&page_token={token}"))).await.problem(400, "invalid_page_token");
    }
    assert_eq!(keys, ["a/b", "list"]);

    let task = api.task(&caller, project, "a.txt", "x").await;
    let mount = format!("/api/v1/etl/tasks/{}/mount", task["task_id"]);
    api.json(&caller, "POST", &mount, json!({"table_id": table, "json_path": "/m"})).await.expect(201);
    let removed = api.json(&caller, "DELETE", &path("/m"), Value::Null).await.expect(200);
    assert_eq!(removed["mounts_ended"], 1);
}

#[actix_web::test]
async fn tables_are_listed_by_project() {
    let api = TestApi::new().await;
    let caller = api.caller("a").await;
    let (first, second) = (api.project(&caller).await, api.project(&caller).await);
    let table = api.table(&caller, first).await;
    api.table(&caller, second).await;
    let listed = api.get(&caller, &format!("/api/v1/tables?project_id={first}")).await.expect(200);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(listed["items"][0]["table_id"], table);
    api.get(&caller, "/api/v1/tables?project_id=99").await.problem(404, "project_not_found");
    let path = format!("/api/v1/tables/{table}");
    assert_eq!(api.json(&caller, "PUT", &path, json!({"name": "n"})).await.expect(200)["name"], "n");
    assert_eq!(api.get(&caller, &path).await.expect(200)["name"], "n");
}
