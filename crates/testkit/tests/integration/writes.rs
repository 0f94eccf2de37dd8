//! What a task writes, killed between any two lines: the rows of a large table, the copy of a reused parse, citations, and what
//! was said to a model. In the end every artifact is there once, byte for byte, and nothing else is.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use millrace_domain::TaskId;
use millrace_repository::testing::faulty::{Moment, ObjectMethod, TaskMethod};
use millrace_server::config::Config;
use millrace_server::housekeeping::sweep_orphans;
use millrace_testkit::client::id;
use millrace_testkit::fakes::openai::{FakeModel, FakeOpenAi, Flavour};
use millrace_testkit::world::Backend;
use millrace_testkit::{Client, Form, TestApp, World, files};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{completed, finish, on_both, start, world};

on_both!(the_rows_of_a_large_table, the_copy_of_a_reused_parse, the_citations_of_a_rule, what_was_said_to_a_model,);

/// Rows above which a table's rows are an artifact of their own, here.
const INLINE_ROWS: u32 = 3;

/// A point at which the process dies, or the database or object store does not answer.
#[derive(Debug, Clone, Copy)]
enum Point {
    /// At a call of the object store, so many calls of the method later.
    Object(ObjectMethod, usize, Moment),
    /// At the commit of the outcome.
    Commit(Moment),
}

impl Point {
    /// Both sides of some calls of a method, the process dying each time.
    fn deaths(method: ObjectMethod, calls: usize) -> impl Iterator<Item = Self> {
        let sides = [Moment::HangBefore, Moment::HangAfter];
        (0..calls).flat_map(move |call| sides.map(|side| Self::Object(method, call, side)))
    }

    /// Every way in which a commit may go wrong: the process dies, or its outcome is not known.
    fn commits() -> impl Iterator<Item = Self> {
        [Moment::HangBefore, Moment::HangAfter, Moment::Before, Moment::After].into_iter().map(Self::Commit)
    }

    fn arm(self, app: &TestApp) {
        match self {
            Self::Object(method, after, moment) => {
                app.objects.faults().pass_next(method, after);
                app.objects.fail_next(method, 1, moment);
            }
            Self::Commit(moment) => app.tasks.fail_next(TaskMethod::FinishMany, 1, moment),
        }
    }

    fn kills(self) -> bool {
        let (Self::Object(_, _, moment) | Self::Commit(moment)) = self;
        matches!(moment, Moment::HangBefore | Moment::HangAfter)
    }

    /// Waits until it is met, and dies there if it kills. Gives the application that goes on.
    async fn meet(self, app: TestApp, case: &Case) -> TestApp {
        if !self.kills() {
            return app;
        }
        match self {
            Self::Object(..) => app.objects.faults().wait_for_hung(1).await,
            Self::Commit(_) => app.tasks.faults().wait_for_hung(1).await,
        }
        let world = app.crash().await.expect("it dies");
        case.start(&world).await
    }
}

/// A file, a rule, and what they leave.
struct Case {
    name: &'static str,
    content: Vec<u8>,
    rule: Option<Value>,
    kinds: &'static [&'static str],
    /// Whether the file was parsed before, by another task.
    parsed_before: bool,
    model: Option<String>,
}

impl Case {
    async fn start(&self, world: &Arc<World>) -> TestApp {
        let model = self.model.clone();
        let change = move |config: &mut Config| {
            config.parsers.max_inline_rows = INLINE_ROWS;
            if let Some(base_url) = model {
                let provider = json!({"name": "fake", "base_url": base_url, "default_model": "test"});
                config.llm.providers = vec![serde_json::from_value(provider).expect("a provider")];
            }
        };
        start(world.app().config(change)).await
    }

    /// Stores the file apart from its task, so that every write that is counted is of the task. Gives the upload.
    async fn upload(&self, client: &Client, project: i64) -> Value {
        let part = format!("name=\"file\"; filename=\"{}\"", self.name);
        let form = Form::of(project).part(&part, &self.content);
        client.send(form.post(client, "/api/v1/etl/upload")).await.expect(201)["upload_id"].clone()
    }

    /// Runs into one point, and checks what is left once the task has completed.
    async fn run(&self, backend: Backend, point: Point) {
        let world = world(backend).await;
        let app = self.start(&world).await;
        let project = app.client.project().await;
        let rule = match &self.rule {
            Some(rule) => app.client.post("/api/v1/etl/rules", rule.clone()).await.expect(201)["rule_id"].clone(),
            None => Value::Null,
        };
        let mut tasks = Vec::new();
        if self.parsed_before {
            let earlier = app.client.run(project, "earlier.pdf", &self.content).await;
            tasks.push(id(&completed(&earlier)["task_id"]));
        }
        let upload = self.upload(&app.client, project).await;
        let mut body = json!({"project_id": project, "upload_id": upload});
        if !rule.is_null() {
            body["rule_id"] = rule;
        }
        point.arm(&app);
        let task = id(&app.client.post("/api/v1/etl/submit", body).await.expect(202)["task_id"]);
        let app = point.meet(app, self).await;
        let ended = app.client.wait(task).await;
        assert_eq!(ended["status"], "completed", "{point:?}: {ended}");
        assert_eq!(ended["result"]["parse_reused"], self.parsed_before, "{point:?}: {ended}");
        assert_eq!(app.client.mounts(task).await.len(), 1, "{point:?}");
        assert_eq!(kinds(&app.world, task).await, self.kinds, "{point:?}");
        tasks.push(task);
        nothing_but_the_named(&app.world, &tasks, point).await;
        finish(app).await;
    }

    async fn run_all(&self, backend: Backend, points: impl IntoIterator<Item = Point>) {
        for point in points {
            self.run(backend, point).await;
        }
    }
}

async fn kinds(world: &World, task: i64) -> Vec<&'static str> {
    let artifacts = world.stores.artifacts.list(TaskId::new(task).expect("an id")).await.expect("read");
    let mut kinds: Vec<_> = artifacts.iter().map(|artifact| artifact.content.kind.as_str()).collect();
    kinds.sort_unstable();
    kinds
}

/// After a sweep, the store holds one upload for each task and the artifacts of the tasks, whole, and nothing else.
async fn nothing_but_the_named(world: &World, tasks: &[i64], point: Point) {
    sweep_orphans(&world.stores, &world.objects, &world.clock, Duration::ZERO).await.expect("a sweep");
    let stored: Vec<_> = world.objects.list("").try_collect().await.expect("a listing");
    let mut stored: BTreeSet<String> = stored.into_iter().map(|object| object.key).collect();
    let user = world.users()[0];
    for task in tasks {
        let task = TaskId::new(*task).expect("an id");
        for artifact in world.stores.artifacts.list(task).await.expect("read") {
            let content = artifact.content;
            let bytes = world.objects.get(&content.key).await.expect("the artifact is there");
            assert_eq!(format!("{:x}", Sha256::digest(&bytes)), content.sha256, "{point:?}: {:?}", content.kind);
            assert_eq!(bytes.len() as u64, content.size);
            assert!(stored.remove(&content.key), "one object for each artifact");
        }
        let task = world.stores.tasks.get(user, task).await.expect("read").expect("the task");
        let source = task.spec.source.as_ref().expect("a source");
        assert!(stored.remove(&source.key), "{point:?}: the upload");
    }
    assert!(stored.is_empty(), "{point:?}: objects that nobody names: {stored:?}");
}

async fn the_rows_of_a_large_table(backend: Backend) {
    let mut content = "name,value\n".to_owned();
    for row in 0..INLINE_ROWS * 4 {
        let _infallible = writeln!(content, "row {row},{row}");
    }
    let case = Case {
        name: "rows.csv",
        content: content.into_bytes(),
        rule: None,
        kinds: &["parsed", "result", "rows"],
        parsed_before: false,
        model: None,
    };
    let stream = [ObjectMethod::Writer, ObjectMethod::Write, ObjectMethod::Finish];
    let stream = stream.into_iter().flat_map(|method| Point::deaths(method, 1));
    // Then the document and the result.
    let puts = Point::deaths(ObjectMethod::Put, 2);
    let failing = [Moment::Before, Moment::After].map(|moment| Point::Object(ObjectMethod::Finish, 0, moment));
    case.run_all(backend, stream.chain(puts).chain(failing).chain(Point::commits())).await;
}

async fn the_copy_of_a_reused_parse(backend: Backend) {
    let case = Case {
        name: "again.pdf",
        content: files::pdf(2),
        rule: Some(json!({"name": "another", "postprocess_mode": "skip"})),
        kinds: &["parsed", "result"],
        parsed_before: true,
        model: None,
    };
    let failing = [Moment::Before, Moment::After].map(|moment| Point::Object(ObjectMethod::Put, 0, moment));
    case.run_all(backend, Point::deaths(ObjectMethod::Put, 2).chain(failing).chain(Point::commits())).await;
}

async fn the_citations_of_a_rule(backend: Backend) {
    let fields = json!({"number": {"from": {"key": "Invoice number"}, "required": true}});
    let case = Case {
        name: "invoice.md",
        content: b"# Invoice\n\nInvoice number: INV-2041\n".to_vec(),
        rule: Some(json!({"name": "extract", "postprocess_mode": "extract", "options": {"fields": fields}})),
        kinds: &["citations", "parsed", "result"],
        parsed_before: false,
        model: None,
    };
    case.run_all(backend, Point::deaths(ObjectMethod::Put, 3).chain(Point::commits())).await;
}

async fn what_was_said_to_a_model(backend: Backend) {
    let fake = FakeOpenAi::start(FakeModel::new(Flavour::OpenAi)).expect("a port");
    let schema = json!({
        "type": "object", "required": ["invoice_number"], "additionalProperties": false,
        "properties": {"invoice_number": {"type": "string"}}
    });
    let case = Case {
        name: "invoice.md",
        content: b"# Invoice\n\nInvoice number: INV-2041\n".to_vec(),
        rule: Some(json!({"name": "model", "postprocess_mode": "llm", "json_schema": schema})),
        kinds: &["citations", "exchange", "parsed", "result"],
        parsed_before: false,
        model: Some(fake.base_url().to_owned()),
    };
    case.run_all(backend, Point::deaths(ObjectMethod::Put, 4).chain(Point::commits())).await;
}
