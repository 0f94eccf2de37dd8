//! Callbacks of mineru.net, through the whole application.

use millrace_domain::secret::Secret;
use millrace_server::config::{Config, EngineName, RemoteLimits};
use millrace_testkit::fakes::{Callback, FakeMineruCloud, MineruCloudConditions};
use millrace_testkit::{Form, TestApp};
use serde_json::json;

use crate::support::{app, pdf};

/// What the internet calls the application.
const PUBLIC: &str = "https://etl.example";
/// Longer than any test waits: whoever is asked by then was not asked by the clock.
const NEVER_MS: u64 = 500_000;

fn fake() -> FakeMineruCloud {
    FakeMineruCloud::start(MineruCloudConditions::default()).expect("a fake")
}

fn configure(config: &mut Config, fake: &FakeMineruCloud) {
    config.parsers.order = vec![EngineName::MineruCloud];
    let cloud = &mut config.parsers.mineru_cloud;
    (cloud.url, cloud.token) = (fake.base(), Some(Secret::new("good")));
    (cloud.callback_url, cloud.uid) = (Some(PUBLIC.to_owned()), Some("uid-0815".to_owned()));
    cloud.limits = RemoteLimits { poll_first_ms: NEVER_MS, poll_max_ms: NEVER_MS, ..RemoteLimits::default() };
}

/// An application whose file is at the service; the id of its task.
async fn submitted(fake: &FakeMineruCloud) -> (TestApp, i64) {
    let app = app(|config| configure(config, fake)).await;
    fake.route(PUBLIC, app.base());
    let project = app.client.project().await;
    let task = app.client.submitted(Form::of(project).file("scan.pdf", pdf(2, ""))).await[0];
    fake.wait_for_uploads(1).await;
    (app, task)
}

#[tokio::test]
async fn a_callback_ends_the_waiting() {
    let fake = fake();
    let (app, task) = submitted(&fake).await;
    assert_eq!(fake.questions(), 0);
    assert_eq!(fake.call_back(Callback::Genuine).await.expect("an answer"), [200]);
    let ended = app.client.wait(task).await;
    assert_eq!(
        (&ended["status"], &ended["result"]["parser"]),
        (&json!("completed"), &json!("mineru_cloud")),
        "{ended}"
    );
    assert_eq!(fake.questions(), 1, "asked because of the callback, and never by the clock");
    let sent = &fake.requests()[0];
    assert_eq!(sent["seed"].as_str().map(str::len), Some(64), "{sent}");
    assert!(!format!("{ended}").contains(sent["seed"].as_str().expect("a seed")));
    // The task has ended: its ticket is worth nothing any more, and the service gives up after its repeats.
    assert_eq!(fake.call_back(Callback::Genuine).await.expect("an answer"), [404; 5]);
    app.finish().await.expect("nothing is left");
}

#[tokio::test]
async fn a_forged_callback_changes_nothing() {
    let fake = fake();
    let (app, task) = submitted(&fake).await;
    assert_eq!(fake.call_back(Callback::Forged).await.expect("an answer"), [403; 5]);
    assert_eq!(app.client.task(task).await["status"], "mineru_parsing");
    assert_eq!(fake.call_back(Callback::Genuine).await.expect("an answer"), [200]);
    assert_eq!(app.client.wait(task).await["status"], "completed");
    assert_eq!(fake.questions(), 1, "not one for the forgeries");
    app.finish().await.expect("nothing is left");
}

#[tokio::test]
async fn a_callback_for_a_cancelled_task_is_unknown() {
    let fake = fake();
    let (app, task) = submitted(&fake).await;
    app.client.post(&format!("/api/v1/etl/tasks/{task}/cancel"), json!(null)).await;
    assert_eq!(app.client.wait(task).await["status"], "cancelled");
    assert_eq!(fake.call_back(Callback::Genuine).await.expect("an answer"), [404; 5]);
    assert_eq!(fake.questions(), 0);
    app.finish().await.expect("nothing is left");
}

#[tokio::test]
async fn what_is_no_callback_is_refused() {
    let fake = fake();
    let (app, task) = submitted(&fake).await;
    let url = fake.requests()[0]["callback"].as_str().expect("an address").to_owned();
    let path = url.strip_prefix(PUBLIC).expect("ours");
    let client = &app.client;
    let body = json!({"checksum": "00", "content": "{}"});
    client.post("/callbacks/mineru/nobody", body.clone()).await.problem(404, "callback_unknown");
    client.post(path, body.clone()).await.problem(403, "callback_checksum");
    client.post(path, json!({"checksum": "00"})).await.problem(400, "missing_field");
    client.post(path, json!({"checksum": "00", "content": {"a": 1}})).await.problem(400, "invalid_value");
    client.send(client.request("POST", path).body("no JSON")).await.problem(400, "invalid_json");
    let large = json!({"checksum": "00", "content": "x".repeat(2 << 20)});
    client.post(path, large).await.problem(413, "request_too_large");
    client.get(path).await.problem(405, "method_not_allowed");
    // Another form of the service's is none of our business.
    let mut more = body;
    more["trace_id"] = json!("x");
    client.post(path, more).await.problem(403, "callback_checksum");
    assert_eq!(fake.call_back(Callback::Genuine).await.expect("an answer"), [200]);
    assert_eq!(client.wait(task).await["status"], "completed");
    app.finish().await.expect("nothing is left");
}

#[tokio::test]
async fn without_an_address_none_is_asked_for() {
    let fake = fake();
    let app = app(|config| {
        configure(config, &fake);
        let cloud = &mut config.parsers.mineru_cloud;
        (cloud.callback_url, cloud.uid) = (None, None);
        (cloud.limits.poll_first_ms, cloud.limits.poll_max_ms) = (1, 2);
    })
    .await;
    let project = app.client.project().await;
    assert_eq!(app.client.run(project, "scan.pdf", pdf(1, "")).await["status"], "completed");
    assert!(fake.requests()[0]["callback"].is_null(), "{:?}", fake.requests());
    let body = json!({"checksum": "00", "content": "{}"});
    app.client.post("/callbacks/mineru/nobody", body).await.problem(404, "callback_unknown");
    app.finish().await.expect("nothing is left");
}
