//! Other people's objects do not exist. Made from the document, so that a new operation cannot escape.

use millrace_testkit::client::id;
use millrace_testkit::contract::operations;
use millrace_testkit::world::Backend;
use millrace_testkit::{Client, Form, Reply};
use serde_json::{Value, json};

use crate::support::{completed, finish, on_both, scripted};

on_both!(strangers_find_nothing);

/// A text in all objects of the owner; no answer to a stranger may hold it.
const MARK: &str = "owners-secret";
/// Operations that make something of the caller's own and name nothing of anybody's.
const FREE: [&str; 5] = ["create_project", "create_rule", "create_api_key", "create_provider", "import_rules"];

struct Owned {
    ids: Vec<(&'static str, Value)>,
    upload: Value,
}

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

enum Body {
    None,
    Json(Value),
    /// A file with these fields.
    Form(Vec<(&'static str, Value)>),
    /// A file for the caller's own project with these fields.
    Own(Vec<(&'static str, Value)>),
}

impl Owned {
    fn id(&self, name: &str) -> &Value {
        let found = self.ids.iter().find(|(known, _)| *known == name);
        &found.unwrap_or_else(|| panic!("the test has no object for {name}: add one")).1
    }

    fn path(&self, pattern: &str) -> String {
        let parts = pattern.split('/').map(|part| match part.strip_prefix('{') {
            Some(_) => self.id(part).to_string().trim_matches('"').to_owned(),
            None => part.to_owned(),
        });
        parts.collect::<Vec<_>>().join("/")
    }

    /// Requests that name the owner's objects outside the path. An operation with a body that is missing here fails the
    /// test.
    fn requests(&self, operation: &Value) -> Vec<(String, Body)> {
        let (project, table, rule) = (self.id("{project_id}"), self.id("{table_id}"), self.id("{rule_id}"));
        let of_json = |body: Value| vec![(String::new(), Body::Json(body))];
        let of_body = |body: Body| (String::new(), body);
        match operation["operationId"].as_str().expect("an id") {
            "create_project" | "update_project" | "update_table" | "create_api_key" => of_json(json!({"name": "mine"})),
            "create_rule" | "update_rule" => of_json(json!({"name": "mine", "postprocess_mode": "skip"})),
            "create_provider" | "update_provider" => {
                of_json(json!({"name": "mine", "base_url": "https://models.example/v1"}))
            }
            "import_rules" => {
                let rules = json!([{"name": "mine", "postprocess_mode": "skip"}]);
                of_json(json!({"format": "millrace-rules", "version": 1, "rules": rules}))
            }
            "test_rule" => of_json(json!({"task_id": self.id("{task_id}")})),
            "test_new_rule" => {
                let rule = json!({"name": "mine", "postprocess_mode": "skip"});
                let of_task = json!({"rule": rule, "task_id": self.id("{task_id}")});
                let of_upload = json!({"rule": rule, "upload_id": self.upload});
                let form = Body::Form(vec![("project_id", project.clone()), ("rule", rule)]);
                [Body::Json(of_task), Body::Json(of_upload), form].map(|body| (String::new(), body)).into()
            }
            "create_table" => of_json(json!({"name": "mine", "project_id": project})),
            "write_table_data" => of_json(json!({"mine": true})),
            "retry_task" => of_json(json!({"from_stage": "mount"})),
            "mount_task" => of_json(json!({"table_id": table})),
            "submit_upload" => of_json(json!({"project_id": project, "upload_id": self.upload})),
            "upload_files" => vec![of_body(Body::Form(vec![("project_id", project.clone())]))],
            "upload_and_submit" => vec![
                of_body(Body::Form(vec![("project_id", project.clone())])),
                of_body(Body::Own(vec![("table_id", table.clone())])),
                of_body(Body::Own(vec![("rule_id", rule.clone())])),
            ],
            "list_tasks" | "list_tables" => {
                vec![of_body(Body::None), (format!("?project_id={project}"), Body::None)]
            }
            "batch_get_tasks" => vec![(format!("?task_ids={}", self.id("{task_id}")), Body::None)],
            name => {
                assert!(operation["requestBody"].is_null(), "{name} has a body: say here how to send it");
                vec![of_body(Body::None)]
            }
        }
    }
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

/// Readers first, then those that change, then those that remove, from the leaves up.
fn order(method: &str, path: &str) -> (usize, std::cmp::Reverse<usize>) {
    let rank = ["GET", "POST", "PUT", "DELETE"].iter().position(|known| *known == method).unwrap_or(9);
    (rank, std::cmp::Reverse(path.len()))
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
            let names_an_object = path != *pattern || !query.is_empty() || !matches!(body, Body::None);
            let is_batch = operation["operationId"] == "batch_get_tasks";
            let is_free = FREE.contains(&operation["operationId"].as_str().unwrap_or_default());
            let path = format!("{path}{query}");
            let reply = send(&stranger, own, method, &path, body).await;
            let text = reply.excerpt();
            assert!(!text.contains(MARK), "{method} {path} told a stranger: {text}");
            if is_batch {
                assert_eq!(reply.expect(200)["total"], 0, "a batch leaves out what is not there");
            } else if names_an_object && !is_free {
                assert_eq!(reply.status, 404, "{method} {path}: {text}");
            } else {
                assert!((200..300).contains(&reply.status), "{method} {path}: {text}");
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
