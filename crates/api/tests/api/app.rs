//! The application under test.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::body::MessageBody;
use actix_web::http::Method;
use actix_web::test::{TestRequest, init_service, try_call_service};
use futures::TryStreamExt;
use futures::future::LocalBoxFuture;
use millrace_api::{Api, ApiLimits, ApiState, AuthConfig, Authenticator, JwksSource, MetricsRenderer, api_key, app};
use millrace_domain::capabilities::Capabilities;
use millrace_domain::parse_options::ParseOptions;
use millrace_domain::ports::{Clock, HandlerCatalog, ObjectStore};
use millrace_domain::rule::{PostprocessMode, RuleDefinition};
use millrace_domain::{ErrorKind, Fault, TaskKind, UserId};
use millrace_queue::{LocalBus, QueueConfig, QueueParts, StandardMountService, SystemClock, TaskQueue};
use millrace_repository::objects::MemoryObjectStore;
use millrace_repository::testing::faulty::{FaultyObjects, FaultyTasks};
use millrace_repository::vault::{Vault, VaultKey};
use millrace_repository::{NewApiKey, StoreHealth, Stores};
use serde_json::{Value, json};

use crate::contract;
use crate::executor::ByName;
use crate::reply::Reply;
use crate::tester::Echo;

/// Everything a test may want to look at or break.
pub struct TestApi {
    pub stores: Stores,
    pub objects: Arc<FaultyObjects>,
    pub tasks: Arc<FaultyTasks>,
    pub queue: Arc<TaskQueue>,
    pub api: Api,
    call: Rc<Call>,
}

type Answer = LocalBoxFuture<'static, (Method, String, Reply)>;
type Call = dyn Fn(TestRequest) -> Answer;

/// What a test may choose.
pub struct Options {
    pub limits: ApiLimits,
    pub queue: QueueConfig,
    pub auth: AuthConfig,
    pub clock: Arc<dyn Clock>,
    pub jwks: Arc<dyn JwksSource>,
    pub metrics: MetricsRenderer,
    pub health: Option<Arc<dyn StoreHealth>>,
}

impl Default for Options {
    fn default() -> Self {
        let limits = ApiLimits { max_json_bytes: 64 * 1024, max_file_bytes: 256 * 1024, ..ApiLimits::default() };
        let (auth, clock) = (AuthConfig::default(), Arc::new(SystemClock));
        Self {
            limits,
            queue: QueueConfig::default(),
            auth,
            clock,
            jwks: Arc::new(NoJwks),
            metrics: Arc::new(|| "# no metrics\n".to_owned()),
            health: None,
        }
    }
}

struct NoJwks;

#[async_trait::async_trait]
impl JwksSource for NoJwks {
    async fn fetch(&self, _url: &str) -> anyhow::Result<Value> {
        anyhow::bail!("no issuer publishes keys here")
    }
}

/// Does everything but `llm`; counts how often it was asked what it can do.
#[derive(Default)]
struct NoModels(AtomicU64);

#[async_trait::async_trait]
impl HandlerCatalog for NoModels {
    fn check_rule(&self, definition: &RuleDefinition) -> Result<(), Fault> {
        match definition.mode {
            PostprocessMode::Llm => {
                Err(Fault::new(ErrorKind::Unsupported, "unsupported", "no model is configured").at("/postprocess_mode"))
            }
            _ => Ok(()),
        }
    }

    /// Nobody has the provider `gone`.
    async fn check_references(&self, _user: UserId, definition: &RuleDefinition) -> Result<(), Fault> {
        match definition.options.get("provider").is_some_and(|name| name == "gone") {
            true => Err(Fault::new(ErrorKind::Unsupported, "unknown_provider", "there is no provider 'gone'")
                .at("/options/provider")),
            false => Ok(()),
        }
    }

    fn supports(&self, kind: TaskKind) -> bool {
        kind == TaskKind::Document
    }

    fn check_parse(&self, options: &ParseOptions) -> Result<(), Fault> {
        match &options.parser {
            Some(_) => Err(Fault::new(ErrorKind::Invalid, "unknown_parser", "there is no such parser").at("/parser")),
            None => Ok(()),
        }
    }

    async fn capabilities(&self) -> Capabilities {
        let times = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        Capabilities {
            rule_modes: vec!["skip".to_owned(), "extract".to_owned()],
            limits: [("times_asked".to_owned(), times)].into(),
            ..Capabilities::default()
        }
    }
}

/// A user with an API key.
#[derive(Clone)]
pub struct Caller {
    pub user: UserId,
    pub key: String,
}

impl TestApi {
    pub async fn new() -> Self {
        Self::with(Options::default()).await
    }

    pub async fn with(options: Options) -> Self {
        let mut stores = Stores::memory(Arc::new(SystemClock));
        let tasks = Arc::new(FaultyTasks::new(Arc::clone(&stores.tasks)));
        stores.tasks = Arc::clone(&tasks) as _;
        stores.health = options.health.unwrap_or(stores.health);
        let inner = Arc::new(MemoryObjectStore::new(Arc::new(SystemClock)));
        let objects = Arc::new(FaultyObjects::new(inner));
        let port: Arc<dyn ObjectStore> = Arc::clone(&objects) as _;
        let queue = TaskQueue::start(QueueParts {
            config: options.queue,
            stores: stores.clone(),
            objects: Arc::clone(&port),
            executor: Arc::new(ByName { objects: Arc::clone(&port) }),
            mount_service: Arc::new(StandardMountService),
            bus: Arc::new(LocalBus::default()),
            clock: Arc::new(SystemClock),
        });
        let queue = queue.await.expect("the queue starts");
        let authenticator = Authenticator::new(
            options.auth,
            Arc::clone(&stores.users),
            Arc::clone(&stores.api_keys),
            Arc::clone(&options.clock),
            options.jwks,
        );
        let api = Api::new(ApiState {
            stores: stores.clone(),
            queue: Arc::clone(&queue),
            objects: port,
            catalog: Arc::new(NoModels::default()),
            rule_tester: Arc::new(Echo),
            callbacks: None,
            vault: Arc::new(Vault::new(VaultKey::new(&[7; 32]), Vec::new())),
            clock: options.clock,
            authenticator: Arc::new(authenticator),
            limits: options.limits,
            metrics: options.metrics,
            sniffer: Arc::new(|head, _| if head.is_empty() { "application/x-empty" } else { "text/plain" }.to_owned()),
        });
        let service = Rc::new(init_service(app(api.clone())).await);
        let call = move |request: TestRequest| -> Answer {
            let service = Rc::clone(&service);
            Box::pin(async move {
                let request = request.to_request();
                let (method, path) = (request.method().clone(), request.path().to_owned());
                let reply = match try_call_service(&*service, request).await {
                    Ok(response) => {
                        let (status, headers) = (response.status(), response.headers().clone());
                        let body = actix_web::body::to_bytes(response.into_body()).await;
                        Reply { status, headers, body: body.unwrap_or_default() }
                    }
                    // What the server makes of an error that passes the last layer.
                    Err(error) => {
                        let response = error.error_response();
                        let (status, headers) = (response.status(), response.headers().clone());
                        let body = response.into_body().try_into_bytes().unwrap_or_default();
                        Reply { status, headers, body }
                    }
                };
                (method, path, reply)
            })
        };
        Self { stores, objects, tasks, queue, api, call: Rc::new(call) }
    }

    /// Sends a request and checks that the answer keeps the promises of the OpenAPI document.
    pub async fn send(&self, request: TestRequest) -> Reply {
        let (method, path, reply) = (self.call)(request).await;
        contract::check(method.as_str(), &path, &reply);
        reply
    }

    /// A new user with a key.
    pub async fn caller(&self, subject: &str) -> Caller {
        let now = SystemClock.now();
        let user = self.stores.users.ensure("test", subject, now).await.expect("a user").id;
        let key = api_key::generate();
        let new =
            NewApiKey { user_id: user, name: "test".into(), prefix: key.prefix, hash: key.hash, expires_at: None };
        self.stores.api_keys.create(&new, now, None).await.expect("a key");
        Caller { user, key: key.secret }
    }

    /// Sends JSON (or nothing, for `null`) as somebody.
    pub async fn json(&self, caller: &Caller, method: &str, path: &str, body: Value) -> Reply {
        let mut request = caller.request(method, path);
        if !body.is_null() {
            request = request.set_json(body);
        }
        self.send(request).await
    }

    pub async fn get(&self, caller: &Caller, path: &str) -> Reply {
        self.json(caller, "GET", path, Value::Null).await
    }

    /// A project of a caller; its id.
    pub async fn project(&self, caller: &Caller) -> i64 {
        let reply = self.json(caller, "POST", "/api/v1/projects", json!({"name": "p"})).await.expect(201);
        reply["project_id"].as_i64().expect("an id")
    }

    /// A table of a caller; its id.
    pub async fn table(&self, caller: &Caller, project: i64) -> i64 {
        let body = json!({"project_id": project, "name": "t"});
        let reply = self.json(caller, "POST", "/api/v1/tables", body).await.expect(201);
        reply["table_id"].as_i64().expect("an id")
    }

    /// Uploads one file and waits for the end of its task.
    pub async fn task(&self, caller: &Caller, project: i64, name: &str, content: &str) -> Value {
        let form = Form::new().field("project_id", project).file("files", name, content);
        let reply = self.send(form.post(caller, "/api/v1/etl/upload_and_submit")).await.expect(202);
        let id = reply["task_id"].as_i64().expect("one task");
        self.get(caller, &format!("/api/v1/etl/tasks/{id}?wait=20")).await.expect(200)
    }

    /// Keys of all objects.
    pub async fn keys(&self) -> Vec<String> {
        let listed: Vec<_> = self.objects.list("").try_collect().await.expect("a listing");
        listed.into_iter().map(|object| object.key).collect()
    }
}

impl Caller {
    pub fn request(&self, method: &str, path: &str) -> TestRequest {
        anonymous(method, path).insert_header(("authorization", format!("Bearer {}", self.key)))
    }
}

pub fn anonymous(method: &str, path: &str) -> TestRequest {
    TestRequest::default().method(method.parse().expect("a method")).uri(path)
}

/// A multipart body.
pub struct Form {
    body: Vec<u8>,
}

const BOUNDARY: &str = "----boundary7MA4YWxk";

impl Form {
    pub fn new() -> Self {
        Self { body: Vec::new() }
    }

    pub fn field(self, name: &str, value: impl ToString) -> Self {
        self.part(&format!("name=\"{name}\""), value.to_string().as_bytes())
    }

    pub fn file(self, name: &str, filename: &str, content: impl AsRef<[u8]>) -> Self {
        self.part(&format!("name=\"{name}\"; filename=\"{filename}\""), content.as_ref())
    }

    fn part(mut self, disposition: &str, content: &[u8]) -> Self {
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n");
        self.body.extend_from_slice(head.as_bytes());
        self.body.extend_from_slice(content);
        self.body.extend_from_slice(b"\r\n");
        self
    }

    pub fn bytes(mut self) -> Vec<u8> {
        self.body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        self.body
    }

    pub fn post(self, caller: &Caller, path: &str) -> TestRequest {
        post_bytes(caller, path, self.bytes())
    }
}

/// Posts bytes as a multipart body, whatever they are.
pub fn post_bytes(caller: &Caller, path: &str, body: Vec<u8>) -> TestRequest {
    caller
        .request("POST", path)
        .insert_header(("content-type", format!("multipart/form-data; boundary={BOUNDARY}")))
        .set_payload(body)
}
