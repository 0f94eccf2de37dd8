//! Other people's objects do not exist. Made from the document, so that a new operation cannot escape.

use millrace_testkit::client::id;
use millrace_testkit::contract::operations;
use millrace_testkit::world::Backend;
use millrace_testkit::{Client, Form, Reply};
use serde_json::{Value, json};

use crate::stranger_requests::{Body, Expected, MARK, Owned, expected, order};
use crate::support::{completed, finish, on_both, scripted};

on_both!(strangers_find_nothing);

async fn objects(owner: &Client) -> Owned {
    let project = owner.post("/api/v1/projects", json!({"name": MARK})).await.expect(201)["project_id"].clone();
    let body = json!({"project_id": project, "name": MARK, "data": {MARK: {MARK: 1}}});
    let table = owner.post("/api/v1/tables", body).await.expect(201)["table_id"].clone();
    let rule = json!({"name": MARK, "postprocess_mode": "skip"});
    let rule = owner.post("/api/v1/etl/rules", rule).await.expect(201)["rule_id"].clone();
    let key = owner.post("/api/v1/api-keys", json!({"name": MARK})).await.expect(201)["api_key_id"].clone();
    let task = owner.run(id(&project), &format!("{MARK}.txt"), MARK).await;
    completed(&task);
    let mounts = owner.mounts(id(&task["task_id"])).await;
    let body = json!({"name": MARK, "base_url": "https://models.example/v1", "api_key": MARK});
    let provider = owner.post("/api/v1/providers", body).await.expect(201)["provider_id"].clone();
    let ids = vec![
        ("{provider_id}", provider),
        ("{project_id}", project),
        ("{table_id}", table),
        ("{rule_id}", rule),
        ("{api_key_id}", key),
        ("{task_id}", task["task_id"].clone()),
        ("{mount_id}", mounts[0]["mount_id"].clone()),
        ("{kind}", json!("result")),
    ];
    Owned { ids, upload: task["metadata"]["upload_id"].clone() }
}

async fn send(client: &Client, own: i64, method: &str, path: &str, body: Body) -> Reply {
    let form = |form: Form, fields: Vec<(&str, Value)>| {
        let form = fields.into_iter().fold(form, |form, (name, value)| form.field(name, value));
        client.send(form.file("mine.txt", "mine").post(client, path))
    };
    match body {
        Body::None => client.json(method, path, Value::Null).await,
        Body::Json(body) => client.json(method, path, body).await,
        Body::Form(fields) => form(Form::new(), fields).await,
        Body::Own(fields) => form(Form::of(own), fields).await,
    }
}

async fn strangers_find_nothing(backend: Backend) {
    let app = scripted(backend).await;
    let owner = app.caller("owner").await.expect("a caller");
    let stranger = app.caller("stranger").await.expect("a caller");
    let owned = objects(&owner).await;
    let (own, owners) = (stranger.project().await, id(owned.id("{project_id}")));
    let mut protected = operations();
    protected.retain(|(_, path, _)| path.starts_with("/api/"));
    protected.sort_by_key(|(method, path, _)| order(method, path));
    let mut tried = 0;
    for (method, pattern, operation) in &protected {
        let path = owned.path(pattern);
        for (query, body) in owned.requests(operation) {
            let expected = expected(operation, pattern, &path, &query, &body);
            let path = format!("{path}{query}");
            let reply = send(&stranger, own, method, &path, body).await;
            let text = reply.excerpt();
            assert!(!text.contains(MARK), "{method} {path} told a stranger: {text}");
            match expected {
                Expected::Nothing => assert_eq!(reply.status, 404, "{method} {path}: {text}"),
                Expected::EmptyBatch => {
                    assert_eq!(reply.expect(200)["total"], 0, "a batch leaves out what is not there")
                }
                Expected::Success => assert!((200..300).contains(&reply.status), "{method} {path}: {text}"),
            }
            tried += 1;
        }
    }
    assert!(tried > 35, "only {tried} requests: was the document read?");
    // The same requests by the owner find everything, or the test above would prove nothing.
    for (method, pattern, operation) in &protected {
        for (query, body) in owned.requests(operation) {
            let path = format!("{}{query}", owned.path(pattern));
            let reply = send(&owner, owners, method, &path, body).await;
            assert_ne!(reply.status, 404, "{method} {path}: {}", reply.excerpt());
        }
    }
    finish(app).await;
}
