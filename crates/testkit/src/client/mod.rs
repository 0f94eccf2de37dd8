//! A client of the application under test. Every answer that passes through it is held against the OpenAPI document.

mod form;
mod reply;

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::contract;

pub use form::{Form, post_bytes};
pub use reply::Reply;

/// Longer than any answer takes; so that a test that waits for nothing fails.
const PATIENCE: Duration = Duration::from_secs(90);

/// Sends requests as somebody.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    key: Option<String>,
}

impl Client {
    /// A client of the server at `base`; without a key it acts as the local owner.
    ///
    /// # Panics
    /// When the system gives no sockets.
    pub fn new(base: String, key: Option<String>) -> Self {
        match reqwest::Client::builder().no_proxy().timeout(PATIENCE).build() {
            Ok(http) => Self { http, base, key },
            Err(error) => panic!("no HTTP client: {error}"),
        }
    }

    /// A request to be completed and given to [`send`](Self::send).
    ///
    /// # Panics
    /// When the method is no method.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let Ok(method) = method.parse::<Method>() else { panic!("{method} is no method") };
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    /// Sends a request and checks the answer against the document.
    ///
    /// # Panics
    /// When there is no answer, or one that the document does not know.
    pub async fn send(&self, request: RequestBuilder) -> Reply {
        match self.try_send(request).await {
            Ok(reply) => reply,
            Err(error) => panic!("no answer: {error:?}"),
        }
    }

    /// The same, for servers that may go away meanwhile.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn try_send(&self, request: RequestBuilder) -> reqwest::Result<Reply> {
        let request = request.build()?;
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = self.http.execute(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let reply = Reply { status, headers, body: response.bytes().await? };
        contract::check(method.as_str(), &path, &reply);
        Ok(reply)
    }

    /// Sends JSON, or nothing for `null`.
    pub async fn json(&self, method: &str, path: &str, body: Value) -> Reply {
        let request = self.request(method, path);
        self.send(if body.is_null() { request } else { request.json(&body) }).await
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Reply {
        self.json("GET", path, Value::Null).await
    }

    /// `POST` of JSON, or of nothing for `null`.
    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.json("POST", path, body).await
    }

    /// A new project; its id.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn project(&self) -> i64 {
        id(&self.post("/api/v1/projects", json!({"name": "test"})).await.expect(201)["project_id"])
    }

    /// A new table; its id.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn table(&self, project: i64, data: Value) -> i64 {
        let body = json!({"project_id": project, "name": "table", "data": data});
        id(&self.post("/api/v1/tables", body).await.expect(201)["table_id"])
    }

    /// Uploads and submits a form; the whole answer.
    pub async fn upload_and_submit(&self, form: Form) -> Reply {
        self.send(form.post(self, "/api/v1/etl/upload_and_submit")).await
    }

    /// Uploads and submits a form; the ids of its tasks.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn submitted(&self, form: Form) -> Vec<i64> {
        let body = self.upload_and_submit(form).await.expect(202);
        body["task_ids"].as_array().into_iter().flatten().map(id).collect()
    }

    /// Uploads and submits one file of a project and waits for its task to end.
    pub async fn run(&self, project: i64, name: &str, content: impl AsRef<[u8]>) -> Value {
        let ids = self.submitted(Form::of(project).file(name, content)).await;
        self.wait(ids[0]).await
    }

    /// A task.
    ///
    /// # Panics
    /// When there is none.
    pub async fn task(&self, task: i64) -> Value {
        self.get(&format!("/api/v1/etl/tasks/{task}")).await.expect(200)
    }

    /// A task once it has ended.
    ///
    /// # Panics
    /// When there is none.
    pub async fn wait(&self, task: i64) -> Value {
        loop {
            let body = self.get(&format!("/api/v1/etl/tasks/{task}?wait=30")).await.expect(200);
            if is_terminal(&body) {
                return body;
            }
        }
    }

    /// Tasks once they have ended, in order.
    pub async fn wait_all(&self, tasks: &[i64]) -> Vec<Value> {
        let mut ended = Vec::with_capacity(tasks.len());
        for &task in tasks {
            ended.push(self.wait(task).await);
        }
        ended
    }

    /// The result of a completed task.
    ///
    /// # Panics
    /// When there is none.
    pub async fn result(&self, task: i64) -> Value {
        self.get(&format!("/api/v1/etl/tasks/{task}/result")).await.expect(200)
    }

    /// A task's mounts, newest first.
    ///
    /// # Panics
    /// When there is no such task.
    pub async fn mounts(&self, task: i64) -> Vec<Value> {
        let body = self.get(&format!("/api/v1/etl/tasks/{task}/mounts")).await.expect(200);
        body["items"].as_array().cloned().unwrap_or_default()
    }

    /// The value in a table at a pointer; all pages of an object together.
    ///
    /// # Panics
    /// When nothing is there.
    pub async fn data(&self, table: i64, pointer: &str) -> Value {
        let query = |token: &str| {
            form_urlencoded::Serializer::new(String::new())
                .append_pair("pointer", pointer)
                .append_pair("limit", "200")
                .append_pair("page_token", token)
                .finish()
        };
        let mut whole = Value::Null;
        let mut token = String::new();
        loop {
            let mut page = self.get(&format!("/api/v1/tables/{table}/data?{}", query(&token))).await.expect(200);
            let value = page["value"].take();
            match (&mut whole, value) {
                (Value::Object(whole), Value::Object(page)) => whole.extend(page),
                (whole, value) => *whole = value,
            }
            match page["next_page_token"].as_str() {
                Some(next) => token = next.to_owned(),
                None => return whole,
            }
        }
    }
}

/// Whether a task, as the API shows it, has ended.
pub fn is_terminal(task: &Value) -> bool {
    matches!(task["status"].as_str(), Some("completed" | "failed" | "cancelled"))
}

/// An id of an answer.
///
/// # Panics
/// When it is none.
#[track_caller]
pub fn id(value: &Value) -> i64 {
    match value.as_i64() {
        Some(id) => id,
        None => panic!("{value} is no id"),
    }
}
