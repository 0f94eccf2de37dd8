//! Other people's objects do not exist. Made from the document, so that a new operation cannot escape.

use serde_json::{Value, json};

use crate::app::{Caller, Form, TestApi};
use crate::contract::DOCUMENT;
use crate::reply::Reply;
use crate::stranger_requests::{Body, Expected, MARK, Owned, expected, order};

async fn objects(api: &TestApi, owner: &Caller) -> Owned {
    let named = |body: Value| api.json(owner, "POST", "/api/v1/projects", body);
    let project = named(json!({"name": MARK})).await.expect(201)["project_id"].clone();
    let body = json!({"project_id": project, "name": MARK, "data": {MARK: {MARK: 1}}});
    let table = api.json(owner, "POST", "/api/v1/tables", body).await.expect(201)["table_id"].clone();
    let body = json!({"name": MARK, "postprocess_mode": "skip"});
    let rule = api.json(owner, "POST", "/api/v1/etl/rules", body).await.expect(201)["rule_id"].clone();
    let key =
        api.json(owner, "POST", "/api/v1/api-keys", json!({"name": MARK})).await.expect(201)["api_key_id"].clone();
    let task = api.task(owner, project.as_i64().expect("an id"), &format!("{MARK}.txt"), MARK).await;
    let mounts = api.get(owner, &format!("/api/v1/etl/tasks/{}/mounts", task["task_id"])).await.expect(200);
    let body = json!({"name": MARK, "base_url": "https://models.example/v1", "api_key": MARK});
    let provider = api.json(owner, "POST", "/api/v1/providers", body).await.expect(201)["provider_id"].clone();
    let ids = vec![
        ("{provider_id}", provider),
        ("{project_id}", project),
        ("{table_id}", table),
        ("{rule_id}", rule),
        ("{api_key_id}", key),
        ("{task_id}", task["task_id"].clone()),
        ("{mount_id}", mounts["items"][0]["mount_id"].clone()),
        ("{kind}", json!("result")),
    ];
    Owned { ids, upload: task["metadata"]["upload_id"].clone() }
}

async fn send(api: &TestApi, caller: &Caller, own: i64, method: &str, path: &str, body: Body) -> Reply {
    let form = |fields: Vec<(&str, Value)>| {
        let form = fields.into_iter().fold(Form::new(), |form, (name, value)| form.field(name, value));
        form.file("files", "mine.txt", "mine")
    };
    match body {
        Body::None => api.json(caller, method, path, Value::Null).await,
        Body::Json(body) => api.json(caller, method, path, body).await,
        Body::Form(fields) => api.send(form(fields).post(caller, path)).await,
        Body::Own(fields) => api.send(form(fields).field("project_id", own).post(caller, path)).await,
    }
}

#[actix_web::test]
async fn strangers_find_nothing() {
    let api = TestApi::new().await;
    let (owner, stranger) = (api.caller("owner").await, api.caller("stranger").await);
    let owned = objects(&api, &owner).await;
    let own = api.project(&stranger).await;
    let owners = owned.id("{project_id}").as_i64().expect("an id");
    let mut operations = Vec::new();
    for (path, item) in DOCUMENT["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            operations.push((method.to_uppercase(), path.as_str(), operation));
        }
    }
    operations.sort_by_key(|(method, path, _)| order(method, path));
    let protected = operations.iter().filter(|(_, path, _)| path.starts_with("/api/"));
    let mut tried = 0;
    for (method, pattern, operation) in protected.clone() {
        let path = owned.path(pattern);
        for (query, body) in owned.requests(operation) {
            let expected = expected(operation, pattern, &path, &query, &body);
            let path = format!("{path}{query}");
            let reply = send(&api, &stranger, own, method, &path, body).await;
            let text = String::from_utf8_lossy(&reply.body);
            assert!(!text.contains(MARK), "{method} {path} told a stranger: {text}");
            match expected {
                Expected::Nothing => assert_eq!(reply.status, 404, "{method} {path}: {text}"),
                Expected::EmptyBatch => assert!(text.contains("\"total\":0"), "{method} {path}: {text}"),
                Expected::Success => assert!(reply.status.is_success(), "{method} {path}: {text}"),
            }
            tried += 1;
        }
    }
    assert!(tried > 35, "only {tried} requests: was the document read?");
    // The same requests by the owner find everything, or the test above would prove nothing.
    for (method, pattern, operation) in protected {
        for (query, body) in owned.requests(operation) {
            let path = format!("{}{query}", owned.path(pattern));
            let reply = send(&api, &owner, owners, method, &path, body).await;
            assert_ne!(reply.status, 404, "{method} {path}: {}", String::from_utf8_lossy(&reply.body));
        }
    }
}
