//! Other people's objects do not exist. Made from the document, so that a new operation cannot escape.

use serde_json::{Value, json};

use crate::app::{Caller, Form, TestApi};
use crate::contract::DOCUMENT;
use crate::reply::Reply;

/// A text in all objects of the owner; no answer to a stranger may hold it.
const MARK: &str = "owners-secret";

struct Owned {
    ids: Vec<(&'static str, Value)>,
    upload: Value,
}

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

    /// Requests that name the owner's objects outside the path, by operation id. An operation with a body or filters that
    /// is missing here fails the test.
    fn requests(&self, operation: &Value) -> Vec<(String, Body)> {
        let (project, table, rule) = (self.id("{project_id}"), self.id("{table_id}"), self.id("{rule_id}"));
        let id = operation["operationId"].as_str().expect("an id");
        let none = String::new();
        let of_json = |body: Value| vec![(none.clone(), Body::Json(body))];
        match id {
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
            "upload_files" => vec![(none, Body::Form(vec![("project_id", project.clone())]))],
            "upload_and_submit" => vec![
                (none.clone(), Body::Form(vec![("project_id", project.clone())])),
                (none.clone(), Body::Own(vec![("table_id", table.clone())])),
                (none, Body::Own(vec![("rule_id", rule.clone())])),
            ],
            "list_tasks" | "list_tables" => vec![(none, Body::None), (format!("?project_id={project}"), Body::None)],
            "batch_get_tasks" => vec![(format!("?task_ids={}", self.id("{task_id}")), Body::None)],
            _ => {
                assert!(operation["requestBody"].is_null(), "{id} has a body: say here how to send it");
                vec![(none, Body::None)]
            }
        }
    }
}

enum Body {
    None,
    Json(Value),
    /// A file with these fields.
    Form(Vec<(&'static str, Value)>),
    /// A file for the caller's own project with these fields.
    Own(Vec<(&'static str, Value)>),
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

/// Readers first, then those that change, then those that remove, from the leaves up.
fn order(method: &str, path: &str) -> (usize, std::cmp::Reverse<usize>) {
    let rank = ["get", "post", "put", "delete"].iter().position(|known| *known == method).unwrap_or(9);
    (rank, std::cmp::Reverse(path.len()))
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
            operations.push((method.as_str(), path.as_str(), operation));
        }
    }
    operations.sort_by_key(|(method, path, _)| order(method, path));
    let protected = operations.iter().filter(|(_, path, _)| path.starts_with("/api/"));
    let mut tried = 0;
    for (method, pattern, operation) in protected.clone() {
        let path = owned.path(pattern);
        for (query, body) in owned.requests(operation) {
            let names_an_object = path != *pattern || query.contains("project_id") || !matches!(body, Body::None);
            let free = ["create_project", "create_rule", "create_api_key", "create_provider", "import_rules"];
            let free = free.contains(&operation["operationId"].as_str().unwrap_or_default());
            let path = format!("{path}{query}");
            let reply = send(&api, &stranger, own, &method.to_uppercase(), &path, body).await;
            let text = String::from_utf8_lossy(&reply.body);
            assert!(!text.contains(MARK), "{method} {path} told a stranger: {text}");
            if names_an_object && !free {
                assert_eq!(reply.status, 404, "{method} {path}: {text}");
            } else {
                assert!(reply.status.is_success(), "{method} {path}: {text}");
            }
            tried += 1;
        }
    }
    assert!(tried > 35, "only {tried} requests: was the document read?");
    // The same requests by the owner find everything, or the test above would prove nothing.
    for (method, pattern, operation) in protected {
        for (query, body) in owned.requests(operation) {
            let path = format!("{}{query}", owned.path(pattern));
            let reply = send(&api, &owner, owners, &method.to_uppercase(), &path, body).await;
            assert_ne!(reply.status, 404, "{method} {path}: {}", String::from_utf8_lossy(&reply.body));
        }
    }
}
