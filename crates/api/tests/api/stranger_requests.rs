//! What a stranger asks of somebody else's objects, for every operation of the document: the one list of the tests that ask,
//! in process and over HTTP.

use serde_json::{Value, json};

/// A text in all objects of the owner; no answer to a stranger may hold it.
pub const MARK: &str = "owners-secret";
/// Operations that make something of the caller's own and name nothing of anybody's.
const FREE: [&str; 5] = ["create_project", "create_rule", "create_api_key", "create_provider", "import_rules"];

/// Objects of the owner, by the name of their id in paths.
pub struct Owned {
    pub ids: Vec<(&'static str, Value)>,
    pub upload: Value,
}

pub enum Body {
    None,
    Json(Value),
    /// A file with these fields.
    Form(Vec<(&'static str, Value)>),
    /// A file for the caller's own project with these fields.
    Own(Vec<(&'static str, Value)>),
}

impl Owned {
    pub fn id(&self, name: &str) -> &Value {
        let found = self.ids.iter().find(|(known, _)| *known == name);
        &found.unwrap_or_else(|| panic!("the test has no object for {name}: add one")).1
    }

    pub fn path(&self, pattern: &str) -> String {
        let parts = pattern.split('/').map(|part| match part.strip_prefix('{') {
            Some(_) => self.id(part).to_string().trim_matches('"').to_owned(),
            None => part.to_owned(),
        });
        parts.collect::<Vec<_>>().join("/")
    }

    /// Requests that name the owner's objects outside the path. An operation with a body that is missing here fails the
    /// test.
    pub fn requests(&self, operation: &Value) -> Vec<(String, Body)> {
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
            "get_usage" => vec![(format!("?project_id={project}"), Body::None)],
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

/// What the answer to a stranger must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// 404: something of the owner's was named.
    Nothing,
    /// 200 with an empty list.
    EmptyBatch,
    /// What anybody gets.
    Success,
}

/// What the answer to a request must be.
pub fn expected(operation: &Value, pattern: &str, path: &str, query: &str, body: &Body) -> Expected {
    let name = operation["operationId"].as_str().unwrap_or_default();
    match name {
        "batch_get_tasks" => Expected::EmptyBatch,
        _ if FREE.contains(&name) => Expected::Success,
        _ if path != pattern || !query.is_empty() || !matches!(body, Body::None) => Expected::Nothing,
        _ => Expected::Success,
    }
}

/// Readers first, then those that change, then those that remove, from the leaves up.
pub fn order(method: &str, path: &str) -> (usize, std::cmp::Reverse<usize>) {
    let rank = ["GET", "POST", "PUT", "DELETE"].iter().position(|known| *known == method).unwrap_or(9);
    (rank, std::cmp::Reverse(path.len()))
}
